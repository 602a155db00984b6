"""`evsettle partner`: a partner in one file, checked before it counts, and what changed in it since."""

from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import click

from orchestration.cli.show import home_option, show_json, show_table, shown_path
from orchestration.defs.ingest import contract_changes, partner_check, partner_file
from orchestration.defs.ingest.contract_changes import ChangesError, ContractVersion
from orchestration.defs.ingest.contract_files import flat_terms
from orchestration.defs.ingest.master_data import MasterError
from orchestration.facts.home import Home, HomeError, open_home
from orchestration.facts.ledger import LedgerError


class Refused(click.ClickException):
    """The call was wrong, or the file is not complete."""

    exit_code = 2


@click.group("partner")
def command() -> None:
    """Add a partner in one YAML file, check it, and see what changed in its terms and who approved it.

    \b
      evsettle partner new emo --template eu-roaming --party NL/EMO
      evsettle partner check emo
      evsettle partner terms emo
      evsettle partner diff emo --from 2026-01-01 --to 2026-07-01
    """


def _home(path: Path | None) -> Home:
    try:
        return open_home(path)
    except HomeError as error:
        raise Refused(str(error)) from error


def _versions(home: Home, name: str) -> list[ContractVersion]:
    try:
        return contract_changes.contract_versions(home, name)
    except (ChangesError, MasterError, LedgerError) as error:
        raise Refused(str(error)) from error


@command.command("new", epilog="Example:\n\n  evsettle partner new emo --template eu-roaming --party NL/EMO")
@click.argument("name")
@click.option("--template", default="eu-roaming", show_default=True, help="The template that it starts from.")
@click.option("--party", "parties", multiple=True, help="A party of it, as NL/EMO; repeat for more.")
@click.option("--legal-name", default="", help="The name on its statements.")
@click.option("--valid-from", type=click.DateTime(["%Y-%m-%d"]), help="The contract's first day. Default: today.")
@click.pass_obj
def new(
    home_path: Path | None,
    name: str,
    template: str,
    parties: tuple[str, ...],
    legal_name: str,
    valid_from: datetime | None,
) -> None:
    """Write master/partners/NAME.yaml with what the template does not say left to fill."""
    home = _home(home_path)
    day = valid_from.date() if valid_from is not None else datetime.now(UTC).date()
    try:
        written = partner_file.write_partner(home, name, template, parties, legal_name, day)
    except partner_file.PartnerFileError as error:
        raise Refused(str(error)) from error
    click.echo(f"Written: {shown_path(written)}")
    click.echo(f"Fill its blanks, then: evsettle{home_option(home)} partner check {name}")


@command.command("check", epilog="Examples:\n\n  evsettle partner check emo\n\n  evsettle partner check draft/emo.yaml")
@click.argument("name")
@click.option("--json", "as_json", is_flag=True, help="One JSON object.")
@click.pass_obj
def check(home_path: Path | None, name: str, as_json: bool) -> None:
    """Check a partner's file (its NAME, or a FILE anywhere): exit 2 when it is wrong or a needed field is blank."""
    path = Path(name)
    home: Home | None = None
    if name.endswith((".yaml", ".yml")) or path.is_file():
        try:
            home = open_home(home_path)
        except HomeError:
            home = None
    else:
        home = _home(home_path)
        path = home.master / "partners" / f"{name}.yaml"
    try:
        checked = partner_check.check_partner(path, None if home is None else home.master)
    except OSError:
        raise Refused(f"{shown_path(path)} cannot be read; write it with `evsettle partner new {path.stem}`.") from None
    if as_json:
        starts = [terms.contract.valid_from for terms in checked.versions]
        show_json({"partner": path.stem, "is_complete": not checked.problems, "problems": checked.problems,
                   "doubts": checked.doubts, "versions": starts})  # fmt: skip
    for problem in () if as_json else checked.problems:
        click.echo(problem, err=True)
    if checked.problems:
        if not as_json:
            click.echo(f"{path.stem} is not complete: {len(checked.problems)} to mend.", err=True)
        raise click.exceptions.Exit(2)
    if not as_json:
        first = checked.versions[0].contract
        click.echo(f"{path.stem} is complete: {first.name}, {', '.join(first.parties)}, template {first.template}.")
        click.echo("Versions from " + ", ".join(str(terms.contract.valid_from) for terms in checked.versions) + ".")
        for doubt in checked.doubts:
            click.echo(f"Look again: {doubt}")
        if home is not None:
            at = f"evsettle{home_option(home)}"
            click.echo(f"Next: {at} run, then {at} decide terms partner:{path.stem} --by NAME (two people).")


@command.command(
    "terms", epilog="Examples:\n\n  evsettle partner terms emo\n\n  evsettle partner terms emo --on 2026-07-01"
)
@click.argument("name")
@click.option("--on", "on", type=click.DateTime(["%Y-%m-%d"]), help="The day whose terms to show. Default: the last.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object.")
@click.pass_obj
def terms(home_path: Path | None, name: str, on: datetime | None, as_json: bool) -> None:
    """Every field that is in effect, and whether contract, version, template or default says so."""
    home = _home(home_path)
    versions = _versions(home, name)
    try:
        version = contract_changes.in_force(versions, date.max if on is None else on.date())
    except ChangesError as error:
        raise Refused(str(error)) from error
    values, origins = flat_terms(version.known.contract), version.known.terms.origins
    if as_json:
        fields = {key: {"value": value, "from": origins[key]} for key, value in values.items()}
        show_json({**_as_json(version), "terms": fields})
        return
    title = f"{name}: terms from {version.valid_from} to {version.valid_to or 'open'} ({version.known.version[:8]})"
    rows = [(key, _text(value), origins[key]) for key, value in values.items()]
    show_table(title, ["field", "value", "from"], rows)
    click.echo(_approval(version, home))


@command.command("diff", epilog="Example:\n\n  evsettle partner diff emo --from 2026-01-01 --to 2026-07-01")
@click.argument("name")
@click.option(
    "--from", "before", help="A day, or the beginning of a version's hash. Default: the last version but one."
)
@click.option("--to", "after", help="A day, or the beginning of a version's hash. Default: the last version.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object.")
@click.pass_obj
def diff(home_path: Path | None, name: str, before: str | None, after: str | None, as_json: bool) -> None:
    """The versions of a contract and what changed between two of them: key by key, who brought it, who approved it."""
    home = _home(home_path)
    versions = _versions(home, name)
    try:
        new_one = versions[-1] if after is None else contract_changes.find_version(versions, after)
        position = versions.index(new_one)
        old = versions[max(position - 1, 0)] if before is None else contract_changes.find_version(versions, before)
    except ChangesError as error:
        raise Refused(str(error)) from error
    changes = contract_changes.differences(old, new_one)
    if as_json:
        changed = [{"key": change.key, "from": change.before, "to": change.after} for change in changes]
        show_json({"partner": name, "versions": [_as_json(version) for version in versions], "from": _as_json(old),
                   "to": _as_json(new_one), "changes": changed})  # fmt: skip
        return
    columns = ["version", "valid from", "valid to", "known from", "entry", "taken in by", "proposed by", "approved by",
               "approved at"]  # fmt: skip
    show_table(f"{name}: versions", columns, [_row(version) for version in versions])
    if old is new_one:
        click.echo(f"There is one version of these terms; nothing to compare. {_approval(new_one, home)}")
        return
    title = f"{name}: what changed from {_short(old)} to {_short(new_one)}"
    show_table(title, ["field", "from", "to"], [(c.key, _text(c.before), _text(c.after)) for c in changes])
    click.echo(_approval(new_one, home))


@command.command(
    "schema",
    epilog="Examples:\n\n  evsettle partner schema > partner.schema.json\n\n  evsettle partner schema --mapping cdrs",
)
@click.option("--mapping", "feed", metavar="FEED", help="Of the mapping of this feed (cdrs, sessions …) instead.")
def schema(feed: str | None) -> None:
    """Print the JSON Schema of a partner's file, or of one of its mappings, for editors."""
    from orchestration.defs.ingest.master_data import MAPPED_FEEDS
    from orchestration.schema_files import mapping_schema, partner_schema

    if feed is not None and feed not in MAPPED_FEEDS:
        raise Refused(f"{feed!r} is not a feed with a mapping; use one of {', '.join(sorted(MAPPED_FEEDS))}.")
    show_json(partner_schema() if feed is None else mapping_schema(feed))


def _short(version: ContractVersion) -> str:
    return f"{version.known.version[:8]} ({version.valid_from})"


def _row(version: ContractVersion) -> tuple[object, ...]:
    known = version.known
    span = (known.version[:8], version.valid_from, version.valid_to or "open", known.known_from, str(known.known_seq))
    return (*span, known.actor, *_signed(version))


def _signed(version: ContractVersion) -> tuple[str, str, datetime | None]:
    decision = version.approval
    if decision is None:
        return "", "nobody yet", None
    return decision.decided_by, decision.approved_by or "", decision.effective_at


def _approval(version: ContractVersion, home: Home) -> str:
    decision = version.approval
    if decision is None:
        command = f"evsettle{home_option(home)} decide terms partner:{version.known.contract.partner} --by NAME"
        return f"Nobody has approved these terms yet: {command}, then decide approve SEQ as another person."
    signed = f"Approved by {decision.approved_by}, proposed by {decision.decided_by}"
    return f"{signed}, at {decision.effective_at:%Y-%m-%d %H:%M} UTC (entry {decision.seq})."


def _text(value: Any) -> str:
    if isinstance(value, tuple | list):
        return ", ".join(str(item) for item in value) or "none"
    return "none" if value is None or value == {} else str(value)


def _as_json(version: ContractVersion) -> dict[str, Any]:
    known, decision = version.known, version.approval
    proposer, approver, approved_at = _signed(version)
    return {
        "version": known.version, "valid_from": version.valid_from, "valid_to": version.valid_to,
        "known_from": known.known_from, "known_seq": known.known_seq, "taken_in_by": known.actor,
        "proposed_by": proposer or None, "approved_by": approver if decision else None, "approved_at": approved_at,
        "approval_seq": decision.seq if decision else None,
    }  # fmt: skip
