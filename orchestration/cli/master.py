"""`evsettle master`: what master data says, as of any date, and what is wrong with it."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import click

from orchestration.cli.run import parse_instant
from orchestration.cli.show import show_json, show_table
from orchestration.defs.ingest.contract_changes import party_history
from orchestration.defs.ingest.master_data import MasterError
from orchestration.facts.home import Home, HomeError, open_home
from orchestration.published import Snapshot

_KINDS = ("party", "connector", "evse", "location", "token")
_LAST = datetime(9999, 12, 31, tzinfo=UTC)
# Known at a moment: taken in by then, or with the first delivery, and not yet replaced.
_KNOWN = "(is_opening or known_from <= $known) and (known_to is null or known_to > $known)"
_CONNECTORS = """
    select canonical_connector_id as connector, cpo_party, location_id, evse_uid, evse_id, connector_id, evse_status,
        standard, power_type, max_power_w, time_zone, alias, valid_from, changed_at, known_from, source
    from connectors
    where KNOWN and NAMED
    order by canonical_connector_id, changed_at, version_no
"""
_TOKENS = """
    select token_key as token, emsp_party, token_uid, token_type, contract_id, is_valid, whitelist, valid_from,
        known_from, source
    from tokens
    where KNOWN and NAMED
    order by token_key, version_no
"""
_NAMED = {
    "connector": "(canonical_connector_id = $id or substr(canonical_connector_id, 8) = $id"
    " or lower(concat_ws('|', cpo_party, evse_uid, connector_id)) = $id"
    " or lower(evse_uid || '|' || connector_id) = $id)",
    "evse": "(lower(evse_uid) = $id or lower(evse_id) = $id or lower(cpo_party || '|' || evse_uid) = $id)",
    "location": "(lower(location_id) = $id or lower(cpo_party || '|' || location_id) = $id)",
    "token": "(token_key = $id or lower(token_uid) = $id or lower(contract_id) = $id)",
}


class Refused(click.ClickException):
    """The call was wrong: nothing was found."""

    exit_code = 2


def _home(path: Path | None) -> Home:
    try:
        return open_home(path)
    except HomeError as error:
        raise Refused(str(error)) from error


@click.group("master")
def command() -> None:
    """Master data with both clocks: what held when, and when we knew; and what is wrong with it.

    \b
      evsettle master show connector 'EVSE-7|1' --as-of 2026-10-01
      evsettle master show token 04AABBCC --known-at 2026-10-01T12:00:00Z
      evsettle master lint
    """


@command.command("show", epilog="Example:\n\n  evsettle master show connector 'NL/EVS|EVSE-7|1' --as-of 2026-10-01")
@click.argument("kind", type=click.Choice(_KINDS))
@click.argument("identifier")
@click.option("--as-of", "as_of", help="Only what held at this day or instant. Default: the whole history.")
@click.option("--known-at", "known_at", help="As it was known at this day or instant. Default: now.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object.")
@click.pass_obj
def show(
    home_path: Path | None, kind: str, identifier: str, as_of: str | None, known_at: str | None, as_json: bool
) -> None:
    """The history of a party, connector, EVSE, location or token; `evsettle partner diff` has that of a contract."""
    home = _home(home_path)
    try:
        if kind == "party":
            rows = _held(party_history(home, identifier), _instant(as_of), _instant(known_at))
        else:
            rows = history(Snapshot(home), kind, identifier, _instant(as_of), _instant(known_at))
    except (HomeError, MasterError) as error:
        raise click.ClickException(str(error)) from error
    if not rows:
        raise Refused(f"No {kind} {identifier} is known at that time; `evsettle master lint` names what lacks.")
    if as_json:
        show_json({"kind": kind, "id": identifier, "versions": rows})
        return
    for row in rows:
        first, *others = [(name.replace("_", " "), value) for name, value in row.items() if value is not None]
        click.secho(str(first[1]), bold=True)
        show_table("", ["", ""], others)


def history(
    snapshot: Snapshot, kind: str, identifier: str, as_of: datetime | None, known_at: datetime | None
) -> list[dict[str, Any]]:
    """The versions of a thing as known at a moment, oldest first; with as_of only the one of each id that held then."""
    sql = (_TOKENS if kind == "token" else _CONNECTORS).replace("KNOWN", _KNOWN).replace("NAMED", _NAMED[kind])
    rows = snapshot.named(sql, {"id": identifier.lower(), "known": known_at or _LAST})
    if as_of is None:
        return rows
    held = [row for row in rows if row["valid_from"] is None or row["valid_from"] <= as_of]
    last: dict[str, dict[str, Any]] = {str(next(iter(row.values()))): row for row in held}
    return list(last.values())


def _held(rows: list[dict[str, Any]], as_of: datetime | None, known_at: datetime | None) -> list[dict[str, Any]]:
    """The rows of a party that held on a day, as known at a moment; our own parties always."""
    day = None if as_of is None else as_of.date()
    return [
        row
        for row in rows
        if "valid_from" not in row
        or (
            (day is None or (row["valid_from"] <= day and (row["valid_to"] is None or day < row["valid_to"])))
            and (known_at is None or row["known_from"] <= known_at)
        )
    ]


def _instant(text: str | None) -> datetime | None:
    if text is None:
        return None
    return parse_instant(f"{text}T00:00:00Z" if len(text) == len("2026-01-31") else text)


@command.command("lint", epilog="Example:\n\n  evsettle master lint --json")
@click.option("--json", "as_json", is_flag=True, help="One JSON object.")
@click.pass_obj
def lint(home_path: Path | None, as_json: bool) -> None:
    """Duplicates, dangling references, unknown zones, connectors without power, contracts with gaps, tokens without
    a contract. Exit 1 when there is any.
    """
    from orchestration.master_lint import lint as find

    problems = find(_home(home_path))
    if as_json:
        show_json({"problems": [{"kind": p.kind, "check": p.check, "problem": p.sentence} for p in problems]})
    elif problems:
        show_table("Master data to mend", ["kind", "check", "what"], [(p.kind, p.check, p.sentence) for p in problems])
    else:
        click.echo("Master data: nothing to mend.")
    if problems:
        raise click.exceptions.Exit(1)
