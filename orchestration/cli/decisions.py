"""`evsettle decisions`: what was decided, by whom, and what it changed."""

from collections import Counter
from collections.abc import Sequence
from decimal import Decimal
from pathlib import Path
from typing import Any

import click

from orchestration.cli.show import home_option, money, show_json, show_table
from orchestration.decision_effects import Decided, Effect, currencies, decided, effect, find, still_waiting
from orchestration.facts import ledger
from orchestration.facts.home import Home, HomeError, open_home
from orchestration.published import Snapshot


def _subjects(one: Decided) -> str:
    named = one.said.body["subjects"]
    return ", ".join(named[:2]) + (f" and {len(named) - 2} more" if len(named) > 2 else "")


def _row(one: Decided) -> dict[str, Any]:
    body = one.said.body
    return {
        "seq": one.said.seq,
        "at": one.said.at,
        "kind": one.kind,
        "subjects": list(body["subjects"]),
        "group": body.get("group"),
        "values": {name: value for name, value in body["values"].items() if name != "what"},
        "reason": body["reason"],
        "note": body["note"],
        "by": body["by"],
        "status": one.status,
        "answered_by": one.answer.body["by"] if one.answer else None,
        "effective_seq": one.effective_seq,
    }


def _changes(found: Effect, units: dict[str, str | None], waiting: dict[str, str]) -> dict[str, Any]:
    opened, resolved = (
        Counter(change["rule_id"] for change in found.findings if change["change"] == what)
        for what in ("opened", "resolved")
    )
    return {
        "run_end": found.run_end.seq,
        "at": found.run_end.at,
        "is_all_of_the_run": found.is_all,
        "sessions": [
            {name: change[name] for name in ("cdr_key", "state_from", "state_to", "settled_from", "settled_to")}
            | {"currency": units.get(change["cdr_key"])}
            for change in found.sessions
        ],
        "settled": [
            {"currency": currency, "before": before, "after": after, "difference": after - before}
            for currency, (before, after) in found.settled(units).items()
        ],
        "findings_opened": dict(sorted(opened.items())),
        "findings_resolved": dict(sorted(resolved.items())),
        "still_waiting": waiting,
    }


def _show(home: Home, row: dict[str, Any], changed: dict[str, Any] | None, limit: int) -> None:
    click.secho(f"Entry {row['seq']}: {row['kind']}, {row['status']}", bold=True)
    given = "".join(f", {name}={value}" for name, value in row["values"].items())
    click.echo(
        f"  {len(row['subjects'])} subject(s){given}, reason {row['reason'] or 'none'}, by {row['by']}, {row['at']}"
    )
    if row["group"]:
        click.echo(f"  about group {row['group']} as it was then: the entry keeps the list")
    if row["answered_by"]:
        click.echo(f"  answered by {row['answered_by']}, counts from entry {row['effective_seq']} on")
    if changed is None:
        option = home_option(home)
        following = {
            "waits": f"It waits for a second person: evsettle{option} decide approve {row['seq']} --by NAME",
            "rejected": "It was rejected and changes nothing.",
            "stands": f"No run has ended since: evsettle{option} run",
        }
        click.echo(f"  {following[row['status']]}\n")
        return
    whose = "everything that run changed" if changed["is_all_of_the_run"] else "its subjects"
    click.echo(f"  first run after it ended with entry {changed['run_end']}; shown is {whose}\n")
    _show_sessions(changed["sessions"], limit)
    for one in changed["settled"]:
        click.echo(
            f"  {one['currency']}: settled {money(one['before'])} before, {money(one['after'])} after, "
            f"{one['difference']:+,.2f}"
        )
    for what in ("opened", "resolved"):
        rules = ", ".join(f"{rule} {count}" for rule, count in changed[f"findings_{what}"].items())
        click.echo(f"  findings {what}: {rules or 'none'}")
    waiting = changed["still_waiting"]
    for key, rules in list(waiting.items())[:limit]:
        click.echo(f"  {key} waits still, for {rules}: evsettle{home_option(home)} explain '{key}'")
    if len(waiting) > limit:
        click.echo(f"  … and {len(waiting) - limit} more that wait: --limit {len(waiting)} shows all.")


def _show_sessions(sessions: Sequence[dict[str, Any]], limit: int) -> None:
    if not sessions:
        click.echo("No session changed.")
        return
    show_table(
        f"Sessions changed: {len(sessions)}",
        ["session", "state before", "after", ">settled before", ">after", "currency"],
        [
            (one["cdr_key"], one["state_from"] or "new", one["state_to"] or "gone", _amount(one["settled_from"]),
             _amount(one["settled_to"]), one["currency"])
            for one in sessions[:limit]
        ],
    )  # fmt: skip


def _amount(text: str | None) -> Decimal | None:
    return None if text is None else Decimal(text)


@click.command(
    "decisions",
    epilog="Examples:\n\n  evsettle decisions            all of them\n\n"
    "  evsettle decisions 17         what entry 17 changed\n\n  evsettle decisions 17 --json",
)
@click.argument("seq", required=False, type=int)
@click.option("--limit", default=20, show_default=True, help="How many decisions or sessions are shown.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object instead of tables.")
@click.pass_obj
def command(home_path: Path | None, seq: int | None, limit: int, as_json: bool) -> None:
    """What was decided; with SEQ what one decision changed.

    SEQ is the entry of a decision, of a proposal, or of the answer to one. What changed is read from the first run
    after it: state and settled amount of its sessions before and after.
    """
    try:
        home = open_home(home_path)
        entries = ledger.read_all(home)
        if seq is None:
            rows = [_row(one) for one in decided(entries)]
            if as_json:
                show_json({"decisions": rows})
                return
            show_table(
                "Decisions, the last first",
                [">entry", "at", "kind", "subjects", "reason", "by", "status", "answered by"],
                [
                    (str(one.said.seq), one.said.at, one.kind, _subjects(one), one.said.body["reason"],
                     one.said.body["by"], one.status, one.answer.body["by"] if one.answer else None)
                    for one in reversed(list(decided(entries)))
                ][:limit],
            )  # fmt: skip
            return
        one = find(entries, seq)
        if one is None:
            raise HomeError(f"Entry {seq} is no decision: `evsettle decisions` lists them.")
        snapshot = Snapshot(home)
        found = effect(home, snapshot, entries, one)
        units = currencies(snapshot, [change["cdr_key"] for change in found.sessions]) if found else {}
        changed = _changes(found, units, still_waiting(snapshot, one)) if found else None
    except HomeError as error:
        raise click.ClickException(str(error)) from error
    if as_json:
        show_json({"decision": _row(one), "changed": changed})
        return
    _show(home, _row(one), changed, limit)
