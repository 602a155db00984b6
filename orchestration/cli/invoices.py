"""`evsettle invoices`: the invoices and credit notes that were issued, as the ledger says."""

from collections.abc import Mapping, Sequence
from decimal import Decimal
from pathlib import Path
from typing import Any

import click

from orchestration.cli.show import home_option, show_json, show_table, shown_path
from orchestration.facts import ledger
from orchestration.facts.documents import as_fact, documents
from orchestration.facts.home import HomeError, open_home
from orchestration.facts.ledger import Entry
from orchestration.facts.seals import seals


def _without(entries: Sequence[Entry]) -> list[str]:
    """Sealed receivable statements that have no document: their tax was undecided."""
    numbered = {document.statement_id for _, document in documents(entries)}
    marks = [statement for seal in seals(entries).values() for statement in seal.body["statements"]]
    return [statement for statement in marks if "-R-" in statement and statement not in numbered]


def _kind(fact: Mapping[str, Any]) -> str:
    return ("self-billed " if fact["supplier"] else "") + str(fact["kind"]).replace("_", " ")


@click.command("invoices", epilog="Examples:\n\n  evsettle invoices\n\n  evsettle invoices --partner emo --json")
@click.option("--partner", help="Only this partner's (the partner's folder name).")
@click.option("--json", "as_json", is_flag=True, help="One JSON object instead of a table.")
@click.pass_obj
def command(home_path: Path | None, partner: str | None, as_json: bool) -> None:
    """Invoices and credit notes that we issued, in the order of their numbers.

    A statement that we bill gets its number when its period is sealed; `evsettle decide seal` says which.
    """
    try:
        home = open_home(home_path)
    except HomeError as error:
        raise click.ClickException(str(error)) from error
    entries = ledger.read_all(home)
    found: list[dict[str, Any]] = [
        as_fact(document) | {"period": seal.body["period"], "seal": seal.seq}
        for seal, document in documents(entries)
        if partner in (None, document.partner)
    ]
    if as_json:
        show_json({"documents": found, "without_document": _without(entries)})
        return
    show_table(
        "Invoices and credit notes",
        ["number", "kind", "statement", "issued", "due", "currency", ">net", ">tax", ">gross", "corrects"],
        [
            (
                one["number"], _kind(one), one["statement_id"], one["issued_on"], one["due_on"],
                one["currency"], *(Decimal(one[name]) for name in ("amount_excl_tax", "tax", "amount_incl_tax")),
                ", ".join(one["preceding"]),
            )
            for one in found
        ],
    )  # fmt: skip
    for statement in _without(entries):
        click.secho(f"{statement} was sealed without a document: its tax is undecided.", fg="yellow")
    click.echo(f"Files: {shown_path(home.reports)}/<period>/<partner>/")
    if not found:
        click.echo(f"Next:  evsettle{home_option(home)} status    (what is due for approval and seal)")
