"""`evsettle verify`: check the ledger, its objects, the reports and what was derived; replay a sealed period."""

import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import click

from orchestration.cli.show import show_json
from orchestration.facts import ledger
from orchestration.facts.home import Home, HomeError, open_home
from orchestration.facts.ledger import Entry
from orchestration.facts.verify import RecordHashes, Verification, noted_head, verify
from orchestration.facts.verify_reports import Problem


def _record_hashes(home: Home) -> RecordHashes:
    """How ingest split a landed file into records when it was taken in."""
    from orchestration.landed_records import split_landed

    entries: list[Entry] = []

    def split(arrival: Entry, file: Mapping[str, Any], data: bytes) -> list[str]:
        entries[:] = entries or ledger.read_all(home)
        return [record.sha256 for record in split_landed(home, entries, arrival, file, data)]

    return split


def _show(answer: Mapping[str, Any], first: str | None, home: Home) -> None:
    for note in answer["notes"]:
        click.echo(f"Note: {note}")
    problems = answer["problems"]
    if not problems:
        click.echo(_intact(answer))
        return
    click.echo(f"{len(problems)} {'thing is' if len(problems) == 1 else 'things are'} not what was written:")
    for problem in problems:
        click.echo(f"  {problem['message']}")
    if first is not None:
        click.echo(f"The chain breaks first at {first}{_told(home, first)}.")


def _intact(answer: Mapping[str, Any]) -> str:
    parts = [f"{answer['entries']:,} ledger entries" + (f" up to {answer['head'][:12]}" if answer["head"] else "")]
    of = f" of {answer['period']}" if answer["period"] else ""
    for name, words in (
        ("objects", "objects"),
        ("landed", "landed and master files"),
        ("reports", f"reports{of}"),
        ("published", "published tables"),
        ("tables", "tables of the warehouse"),
    ):
        if answer[name] or name in ("objects", "reports"):
            parts.append(f"{answer[name]:,} {words}")
    return f"Nothing changed: {', '.join(parts[:-1])} and {parts[-1]} are what they were when written."


def _told(home: Home, name: str) -> str:
    """What an entry says it is, when it can still be read: who, when and what."""
    try:
        entry = next(
            entry for entry in ledger.read_all(home) if home.relative(ledger.entry_path(home, entry.seq)) == name
        )
    except (ledger.LedgerError, StopIteration):
        return ""
    what = entry.body.get("kind", entry.kind) if entry.kind == "decision" else entry.kind
    return f", which says it is {what} by {entry.actor} at {entry.at}"


@click.command(
    "verify",
    epilog="Examples:\n\n  evsettle verify\n\n  evsettle verify 2026-10\n\n  evsettle verify --head 6fe11f95b087\n\n"
    "  evsettle verify --json | jq .problems",
)
@click.argument("period", required=False, metavar="[PERIOD|FILE]")
@click.option("--head", help="The head of the chain as you noted it once: is it still in the chain?")
@click.option("--no-replay", is_flag=True, help="Only whether the bytes of PERIOD are those that were sealed.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object instead of sentences.")
@click.pass_obj
def command(home_path: Path | None, period: str | None, head: str | None, no_replay: bool, as_json: bool) -> None:
    """Check that nothing is other than it was written: the chain of the ledger, every object behind it, landed and
    master files, reports against their manifests and seals, published tables, and the tables of the warehouse.

    With PERIOD (2026-10, or 2026-10/emo) the chain, objects and reports of that period; and what is sealed of it is
    computed again from the ledger alone, in a home of its own: by the terms of its time, to the byte.

    With FILE, a proof that `evsettle proof` wrote, only that: no home is needed.

    Exit 1 names each thing that changed, or that the engine which sealed it now computes otherwise.
    """
    if period is not None and Path(period).is_file():
        from orchestration.cli.proof import show_checked

        sys.exit(0 if show_checked(Path(period), as_json) else 1)
    try:
        home = open_home(home_path)
    except HomeError as error:
        raise click.ClickException(str(error)) from error
    folder = period.replace("|", "/").partition("/")[0] if period else None
    if folder is not None and not (home.reports / folder).is_dir():
        known = ", ".join(sorted(path.name for path in home.reports.glob("*") if path.is_dir())) or "none yet"
        raise click.BadParameter(f"there are no reports of {folder!r}; the periods are: {known}", param_hint="PERIOD")
    answer = checked(home, folder, head)
    replays = []
    if period and answer["is_intact"] and not no_replay:
        from orchestration.cli.replayed import replayed

        replays = replayed(home, period)
        answer |= {"replays": [each.answer for each in replays]}
    if as_json:
        show_json(answer)
    else:
        _show(answer, answer["first_broken_link"], home)
        for each in replays:
            each.show()
    sys.exit(0 if answer["is_intact"] and all(each.is_good for each in replays) else 1)


def checked(home: Home, period: str | None = None, noted_head: str | None = None) -> dict[str, Any]:
    """What `evsettle verify` answers about a home, or about the reports of one period."""
    return _answer(home, verify(home, period, _record_hashes(home)), period, noted_head)


def _answer(home: Home, found: Verification, period: str | None, noted: str | None) -> dict[str, Any]:
    problems, published, tables, notes = [*found.problems], 0, 0, [*found.notes]
    entries = [] if found.first_broken_link else ledger.read_all(home)
    if noted is not None and entries and noted_head(entries, noted) is None:
        message = f"ledger has no entry {noted}: it was cut off or written anew since that head was noted."
        problems.append(Problem("ledger", message))
    # What was derived is compared with the facts: with broken ones it would be blamed for their fault.
    if period is None and not any(problem.subject.startswith("ledger/") for problem in problems):
        from orchestration.derived import check_derived

        derived = check_derived(home, entries)
        problems += derived.problems
        published, tables = derived.published, derived.tables
        notes += derived.notes
    return {
        "is_intact": not problems,
        "period": period,
        "entries": found.entries,
        "head": entries[-1].hash if entries else None,
        "first_broken_link": found.first_broken_link,
        "objects": found.objects,
        "landed": found.landed,
        "reports": found.reports,
        "published": published,
        "tables": tables,
        "problems": [{"subject": each.subject, "message": each.message} for each in problems],
        "notes": notes,
    }
