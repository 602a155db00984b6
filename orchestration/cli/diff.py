"""`evsettle diff`: what changed between two runs, and because of what."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import asdict
from decimal import Decimal
from pathlib import Path
from typing import Any

import click

from orchestration.cli.show import home_option, show_json, show_table
from orchestration.decision_effects import currencies
from orchestration.facts import ledger
from orchestration.facts.home import Home, HomeError, open_home
from orchestration.facts.ledger import Entry, finished
from orchestration.published import Snapshot
from orchestration.run_diff import RunDiff, SessionChange, diff, run_named


def _two(entries: Sequence[Entry], runs: Sequence[int]) -> tuple[Entry | None, Entry]:
    """The runs that are meant: two, one and the last, or the last two."""
    ends = finished(entries)
    if not ends:
        raise HomeError("No run has ended well yet: `evsettle run`.")
    if len(runs) == 2:
        return run_named(entries, runs[0]), run_named(entries, runs[1])
    if runs:
        return run_named(entries, runs[0]), ends[-1]
    return (ends[-2] if len(ends) > 1 else None), ends[-1]


def _groups(found: RunDiff, units: dict[str, str | None]) -> list[dict[str, Any]]:
    """Sessions by what became of them and why, the most first."""
    groups: dict[tuple[str, str, str, str], list[SessionChange]] = defaultdict(list)
    for one in found.sessions:
        unit = units.get(one.cdr_key) or "unknown"
        groups[one.state_from or "new", one.state_to or "gone", one.because, unit].append(one)
    return [
        {
            "state_from": before, "state_to": after, "because": because, "currency": unit, "sessions": len(members),
            "settled_from": sum((one.settled_from or Decimal(0) for one in members), Decimal(0)),
            "settled_to": sum((one.settled_to or Decimal(0) for one in members), Decimal(0)),
            "difference": sum((one.difference for one in members), Decimal(0)),
        }
        for (before, after, because, unit), members in sorted(groups.items(), key=lambda one: (-len(one[1]), one[0]))
    ]  # fmt: skip


def _run(entry: Entry | None) -> str:
    return "nothing" if entry is None else f"run {entry.body['run']} ({entry.at})"


def _show(home: Home, found: RunDiff, units: dict[str, str | None], limit: int) -> None:
    click.secho(f"From {_run(found.before)} to {_run(found.after)}", bold=True)
    click.echo(f"  {len(found.sessions):,} sessions changed; as the runs recorded it, nothing is computed again.\n")
    if found.happened:
        show_table(
            "What happened in between",
            [">entry", "at", "who", "what"],
            [(str(one.seq), one.at, one.who, one.what) for one in found.happened[:limit]],
        )
        if len(found.happened) > limit:
            click.echo(f"  and {len(found.happened) - limit:,} more (--limit, --json)\n")
    if found.sessions:
        show_table(
            "Sessions by what became of them, settled net",
            ["before", "after", "because", ">sessions", "currency", ">before", ">after", ">difference"],
            [
                (one["state_from"], one["state_to"], one["because"], one["sessions"], one["currency"],
                 one["settled_from"], one["settled_to"], one["difference"])
                for one in _groups(found, units)
            ],
        )  # fmt: skip
        largest = sorted(found.sessions, key=lambda one: (-abs(one.difference), one.cdr_key))[:limit]
        show_table(
            f"The {len(largest)} that changed most" if len(largest) < len(found.sessions) else "Each session",
            ["session", "before", "after", ">before", ">after", "currency", "because"],
            [
                (one.cdr_key, one.state_from or "new", one.state_to or "gone", one.settled_from, one.settled_to,
                 units.get(one.cdr_key), one.because)
                for one in largest
            ],
        )  # fmt: skip
    for what, rules in (("opened", found.opened), ("resolved", found.resolved)):
        said = ", ".join(f"{rule} {count}" for rule, count in rules.items())
        click.echo(f"Findings {what}: {said or 'none'}")
    click.echo(f"Next: evsettle{home_option(home)} explain <session>")


@click.command(
    "diff",
    epilog="Examples:\n\n  evsettle diff               the last two runs\n\n"
    "  evsettle diff 31            from run 31 to the last\n\n  evsettle diff 31 45 --json",
)
@click.argument("runs", metavar="[RUN [RUN]]", nargs=-1, type=int)
@click.option("--limit", default=20, show_default=True, help="How many entries and sessions are shown one by one.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object with every session instead of tables.")
@click.pass_obj
def command(home_path: Path | None, runs: tuple[int, ...], limit: int, as_json: bool) -> None:
    """What changed between two runs: sessions, states, amounts, findings, and because of what.

    RUN is a run's number, the ledger entry that began it, as `evsettle status --json` has it. One RUN is compared with
    the last; none compares the last two.
    """
    if len(runs) > 2:
        raise click.UsageError("Name two runs at most.")
    try:
        home = open_home(home_path)
        entries = ledger.read_all(home)
        found = diff(home, entries, *_two(entries, runs))
        units = currencies(Snapshot(home), [one.cdr_key for one in found.sessions])
    except HomeError as error:
        raise click.UsageError(str(error)) from error
    if not as_json:
        _show(home, found, units, limit)
        return
    ends = {name: None if one is None else {"run": one.body["run"], "at": one.at}
            for name, one in (("before", found.before), ("after", found.after))}  # fmt: skip
    show_json(
        {
            **ends,
            "happened": [asdict(one) for one in found.happened],
            "groups": _groups(found, units),
            "sessions": [asdict(one) | {"currency": units.get(one.cdr_key)} for one in found.sessions],
            "findings_opened": found.opened,
            "findings_resolved": found.resolved,
        }
    )
