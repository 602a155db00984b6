"""`evsettle journal`: the double-entry journal as CSV, for the books of finance."""

import csv
import io
from collections.abc import Iterable, Sequence
from decimal import Decimal
from pathlib import Path

import click

from orchestration.cli.show import show_json, shown_path
from orchestration.defs.settle.statement_csv import safe_text
from orchestration.facts.home import HomeError, open_home
from orchestration.published import Snapshot

COLUMNS = (
    "entry_id", "line_no", "booked_on", "period", "party", "partner", "account", "account_name", "debit", "credit",
    "currency", "tax_category", "tax_percent", "document_number", "statement_id", "entry_kind", "role",
)  # fmt: skip


def to_csv(rows: Iterable[Sequence[object]]) -> bytes:
    """UTF-8, CRLF, a header row of COLUMNS; text that a spreadsheet would run as a formula gets an apostrophe."""
    text = io.StringIO(newline="")
    writer = csv.writer(text, lineterminator="\r\n")
    writer.writerow(COLUMNS)
    writer.writerows([_cell(value) for value in row] for row in rows)
    return text.getvalue().encode()


def _cell(value: object) -> str:
    match value:
        case None:
            return ""
        case Decimal():
            return f"{value:.2f}"
        case str():
            return safe_text(value)
        case _:
            return str(value)


@click.command(
    "journal",
    epilog="Examples:\n\n  evsettle journal --period 2026-10 --out journal.csv\n\n  evsettle journal --partner emo",
)
@click.option("--period", help="Only entries of this billing period, e.g. 2026-10.")
@click.option("--partner", help="Only this partner's (the partner's folder name).")
@click.option("--out", type=click.Path(path_type=Path, dir_okay=False), help="A file; standard output when left out.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object instead of CSV.")
@click.pass_obj
def command(home_path: Path | None, period: str | None, partner: str | None, out: Path | None, as_json: bool) -> None:
    """The journal of what is sealed, disputed and paid, as of the last run: every entry's debits are its credits.

    Accounts are those of master/accounts.csv (role, account, name), else a default chart.
    """
    try:
        snapshot = Snapshot(open_home(home_path))
    except HomeError as error:
        raise click.ClickException(str(error)) from error
    where = "(? is null or period = ?) and (? is null or partner = ?)"
    sql = f"select {', '.join(COLUMNS)} from journal_lines where {where} order by booked_on, entry_id, line_no"  # noqa: S608
    given = [period, period, partner, partner]
    if as_json:
        show_json({"lines": snapshot.records(sql, given)})
        return
    rows = snapshot.rows(sql, given)
    data = to_csv(rows)
    if out is None:
        click.echo(data, nl=False)
        return
    try:
        out.write_bytes(data)
    except OSError as error:
        raise click.ClickException(f"{out} cannot be written ({error.strerror}): name another file.") from error
    click.echo(f"{shown_path(out)}: {len(rows)} lines of {len({row[0] for row in rows})} entries.")
