"""`evsettle verify`: check the ledger, its objects and the reports."""

import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import click

from orchestration.cli.show import show_json
from orchestration.facts import ledger, objects
from orchestration.facts.home import Home, HomeError, open_home
from orchestration.facts.ledger import Entry
from orchestration.facts.verify import RecordHashes, Verification, verify


def _record_hashes(home: Home) -> RecordHashes:
    """How ingest split a landed file into records when it was taken in, under the mapping of that time."""
    from orchestration.defs.ingest.feed_mapping import read_any_mapping
    from orchestration.defs.ingest.files import LandedFile, records_of
    from orchestration.defs.ingest.landing import standing_master
    from orchestration.defs.ingest.mapping import MappingError, mapping_path

    entries: list[Entry] = []

    def split(arrival: Entry, file: Mapping[str, Any], data: bytes) -> list[str]:
        entries[:] = entries or ledger.read_all(home)
        master = standing_master([entry for entry in entries if entry.seq < arrival.seq])
        path = mapping_path(file["source"], file["feed"])
        try:
            mapping = read_any_mapping(path, objects.get(home, master[path]), file["feed"]) if path in master else None
        except MappingError:
            # It was read the same way then: a mapping that cannot be read is none.
            mapping = None
        landed = LandedFile(file["source"], file["feed"], file["file_name"])
        return [record.sha256 for record in records_of(landed, data, mapping)]

    return split


def _show(home: Home, found: Verification, period: str | None) -> None:
    of = f" of {period}" if period else ""
    if not found.problems:
        head = ledger.head(home)
        chain = f" up to {head.hash[:12]}" if head else ""
        click.echo(
            f"Nothing changed: {found.entries} ledger entries{chain}, {found.objects} objects and "
            f"{found.reports} reports{of} are what they were when written."
        )
        return
    count = len(found.problems)
    click.echo(f"{count} {'thing is' if count == 1 else 'things are'} not what was written:")
    for problem in found.problems:
        click.echo(f"  {problem.message}")


@click.command(
    "verify",
    epilog="Examples:\n\n  evsettle verify\n\n  evsettle verify 2026-10\n\n  evsettle verify --json | jq .problems",
)
@click.argument("period", required=False)
@click.option("--json", "as_json", is_flag=True, help="One JSON object instead of sentences.")
@click.pass_obj
def command(home_path: Path | None, period: str | None, as_json: bool) -> None:
    """Check the chain of the ledger, every object behind it, and the reports against their manifests.

    With PERIOD (2026-10) only the reports of that period; chain and objects always. Exit 1 names
    each file that changed.
    """
    try:
        home = open_home(home_path)
    except HomeError as error:
        raise click.ClickException(str(error)) from error
    if period is not None and not (home.reports / period).is_dir():
        known = ", ".join(sorted(path.name for path in home.reports.glob("*") if path.is_dir())) or "none yet"
        raise click.BadParameter(f"there are no reports of {period!r}; the periods are: {known}", param_hint="PERIOD")
    found = verify(home, period, _record_hashes(home))
    if as_json:
        show_json(
            {
                "is_intact": not found.problems,
                "entries": found.entries,
                "objects": found.objects,
                "reports": found.reports,
                "problems": [{"subject": each.subject, "message": each.message} for each in found.problems],
            }
        )
    else:
        _show(home, found, period)
    sys.exit(1 if found.problems else 0)
