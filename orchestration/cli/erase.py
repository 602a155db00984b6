"""`evsettle erase`: a person's ids taken out of all that was received, with every amount and the chain as they were."""

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from orchestration.cli.run import parse_instant
from orchestration.cli.show import home_option
from orchestration.facts import ledger
from orchestration.facts.home import Home, HomeError, open_home
from orchestration.facts.ledger import LedgerError
from orchestration.facts.lock import LockHeld
from orchestration.facts.objects import ObjectError
from orchestration.facts.people import PeopleError, find_person, is_same_person, read_people

if TYPE_CHECKING:
    from orchestration.erase import Plan


@click.command(
    "erase",
    epilog="Examples:\n\n  evsettle erase 0400001241DEB9 DE-FST-C00000018-N --by NAME --approved-by NAME --dry-run",
)
@click.argument("ids", nargs=-1)
@click.option("--by", "by", metavar="NAME", help="Who does it, a name of master/people.yaml.")
@click.option("--approved-by", "approver", metavar="NAME", help="A second person, with the role approver.")
@click.option("--reason", default="PRIVACY_REQUEST", show_default=True, help="Why, as a code.")
@click.option("--note", help="Why, in words that name nobody.")
@click.option("--as-of", "as_of", help="When it is done (ISO 8601). Default: now.")
@click.option("--dry-run", is_flag=True, help="Only tell what names the person.")
@click.option("--yes", is_flag=True, help="Do not ask again.")
@click.option("--finish", "is_finishing", is_flag=True, help="Take away what an earlier erasure that broke off left.")
@click.pass_obj
def command(
    home_path: Path | None,
    ids: tuple[str, ...],
    by: str | None,
    approver: str | None,
    reason: str,
    note: str | None,
    as_of: str | None,
    dry_run: bool,
    yes: bool,
    is_finishing: bool,
) -> None:
    """Take a person out of this home: IDS are all their token uids and contract ids.

    In every file that ever arrived they become other ids of the same shape that are nobody's, the same everywhere.
    Amounts, statements and the hash chain stay; `evsettle verify` accepts just this. It cannot be taken back.
    """
    from orchestration.erase import EraseRefused, erase, plan, tidy

    instant = parse_instant(as_of)
    try:
        home = open_home(home_path)
        entries = ledger.read_all(home)
        if is_finishing:
            tidy(home)
            click.echo("What was erased is gone, and what stands in its place is named.")
            return
        if not ids or not by or not approver:
            raise click.UsageError("give the person's IDS, --by NAME and --approved-by NAME.")
        facts = _signed(home, by, approver) | {"reason": reason, "note": note}
        label = "Looking through what arrived"
        with click.progressbar(length=len(list(home.objects_dir.iterdir())), label=label, file=sys.stderr) as bar:
            found = plan(home, entries, ids, lambda: bar.update(1))
        _show(found)
        if dry_run or not found.changes:
            return
        if not yes:
            click.confirm("Erase the person from them? It cannot be taken back.", abort=True)
        entry = erase(home, found, facts, str(facts["by"]), instant)
    except (HomeError, LedgerError, LockHeld, ObjectError, PeopleError, EraseRefused) as error:
        raise click.ClickException(str(error)) from error
    click.echo(
        f"Entry {entry.seq}: erased from {len(found.changes)} objects, by {facts['by']}, approved by"
        f" {facts['approved_by']}. Next: evsettle{home_option(home)} run   (builds the warehouse without the person)"
    )


def _signed(home: Home, by: str, approver: str) -> dict[str, str | None]:
    """Two people, of whom the second may approve. Raises PeopleError."""
    people = read_people(home)
    one, other = find_person(people, by), find_person(people, approver)
    if is_same_person(one, other):
        raise PeopleError(f"{one.name} cannot approve what {one.name} does: a second person must.")
    if "approver" not in other.roles:
        raise PeopleError(f"{other.name} may not approve: that needs the role approver in master/people.yaml.")
    return {"by": one.name, "approved_by": other.name}


def _show(found: "Plan") -> None:
    if not found.changes:
        click.echo("Nothing that arrived names the person.")
    else:
        records = sum(len(change.records) for change in found.changes)
        click.echo(f"{len(found.changes)} objects name the person, in {records} records:")
        for change in found.changes:
            click.echo(f"  {change.what}" + (f" ({len(change.records)} records)" if change.records else ""))
    for name in found.landed:
        click.echo(f"  {name} is removed from the inbox")
    for name in found.master:
        click.echo(f"  {name} is written without the person")
    for text in found.stays:
        click.echo(f"Stays: {text}.")
