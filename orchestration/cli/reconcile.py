"""`evsettle reconcile`: our statements against the invoices and reconciliation records of partners, line by line."""

from decimal import Decimal
from pathlib import Path
from typing import Any

import click

from orchestration.cli.show import home_option, show_json
from orchestration.cli.view_files import file_options, show_view
from orchestration.facts.home import Home, HomeError, open_home
from orchestration.pages.views import Picture, Step, Table, View
from orchestration.published import Snapshot

_WANTED = "($period is null or period = $period) and ($partner is null or partner = $partner)"
# In the order in which they lead from our statement to their invoice.
LABELS = {
    "matched": "matched",
    "priced_apart": "amount differs",
    "unlisted": "missing there",
    "missing": "missing here",
    "doubled": "doubled",
    "other": "fees, rounding, total",
}
_SIDE = "partner, period, direction, currency"

_SIDES = f"""
    select {_SIDE}, count(*) filter (statement_id is not null)::bigint as our_lines,
        count(*) filter (invoice_id is not null and invoice_line_no > 0)::bigint as their_lines,
        coalesce(sum(our_excl_tax), 0) as our_excl_tax, sum(their_excl_tax) as their_excl_tax,
        sum(difference_excl_tax) as difference_excl_tax,
        count(*) filter (standing not in ('matched', 'other'))::bigint as lines_apart
    from invoice_reconciliation
    where {_WANTED}
    group by {_SIDE}
    order by {_SIDE}
"""  # noqa: S608 - our own words

_STANDINGS = f"""
    select {_SIDE}, standing, count(*)::bigint as lines, sum(our_excl_tax) as our_excl_tax,
        sum(their_excl_tax) as their_excl_tax, sum(difference_excl_tax) as difference_excl_tax
    from invoice_reconciliation
    where {_WANTED}
    group by {_SIDE}, standing
    order by {_SIDE}, list_position({list(LABELS)}, standing)
"""  # noqa: S608 - our own words

_LINES = f"""
    select {_SIDE}, standing, coalesce(cdr_key, named_id) as line, invoice_id, invoice_line_no, statement_id,
        statement_line_no, stands_elsewhere, our_kwh, their_kwh, our_excl_tax, their_excl_tax, difference_excl_tax
    from invoice_reconciliation
    where {_WANTED}
    order by {_SIDE}, list_position({list(LABELS)}, standing), line_id
"""  # noqa: S608 - our own words


def found(snapshot: Snapshot, period: str | None, partner: str | None) -> dict[str, list[dict[str, Any]]]:
    """Totals of both sides, what leads from one to the other, and each line."""
    wanted = {"period": period, "partner": partner}
    return {
        "sides": snapshot.named(_SIDES, wanted),
        "standings": snapshot.named(_STANDINGS, wanted),
        "lines": snapshot.named(_LINES, wanted),
    }


def _view(told: dict[str, list[dict[str, Any]]]) -> View:
    sides = told["sides"]
    apart = sum(side["lines_apart"] for side in sides)
    place = ("partner", "period", "direction", "currency")
    return View(
        title="Our statements against partners' invoices",
        lead=f"{len(sides)} compared; {apart:,} lines differ between the two sides. Differences are theirs less ours.",
        pictures=[_picture(side, told["standings"]) for side in sides],
        tables=[
            Table(
                "Totals",
                [*place, ">our lines", ">their lines", ">our net", ">their net", ">difference"],
                [
                    [*(side[name] for name in place), side["our_lines"], side["their_lines"], side["our_excl_tax"],
                     side["their_excl_tax"], side["difference_excl_tax"]]
                    for side in sides
                ],
            ),
            Table(
                "From ours to theirs",
                [*place, "lines that are", ">lines", ">our net", ">their net", ">difference"],
                [
                    [*(row[name] for name in place), LABELS[row["standing"]], row["lines"], row["our_excl_tax"],
                     row["their_excl_tax"], row["difference_excl_tax"]]
                    for row in told["standings"]
                ],
            ),
            Table(
                "Lines",
                ["partner", "period", "standing", "session or kind", "invoice", ">line", "statement", ">our line",
                 "with us", ">our kWh", ">their kWh", ">our net", ">their net", ">difference"],
                [
                    [row["partner"], row["period"], LABELS[row["standing"]], row["line"], row["invoice_id"],
                     row["invoice_line_no"], row["statement_id"], row["statement_line_no"], row["stands_elsewhere"],
                     row["our_kwh"], row["their_kwh"], row["our_excl_tax"], row["their_excl_tax"],
                     row["difference_excl_tax"]]
                    for row in told["lines"]
                ],
            ),
        ],
    )  # fmt: skip


def _apart(view: View) -> View:
    """In the terminal only what is not the same is listed."""
    same = LABELS["matched"]
    lines = view.tables[-1]
    narrow = ["standing", "session or kind", "invoice", ">line", "with us", ">our net", ">their net", ">difference"]
    at = [lines.columns.index(name) for name in narrow]
    rows = [[row[number] for number in at] for row in lines.rows if row[2] != same]
    return View(view.title, view.lead, (), [*view.tables[:-1], Table("Lines that are not the same", narrow, rows)])


def _picture(side: dict[str, Any], standings: list[dict[str, Any]]) -> Picture:
    place = tuple(side[name] for name in ("partner", "period", "direction", "currency"))
    steps = [Step("our statement", side["our_excl_tax"], is_level=True)]
    steps += [
        Step(f"{LABELS[row['standing']]} ({row['lines']:,})", row["difference_excl_tax"] or Decimal(0), is_level=False)
        for row in standings
        if tuple(row[name] for name in ("partner", "period", "direction", "currency")) == place
    ]
    if side["their_excl_tax"] is not None:
        steps.append(Step("their invoice", side["their_excl_tax"], is_level=True))
    return Picture(", ".join(place), steps)


def _show_next(home: Home, told: dict[str, list[dict[str, Any]]]) -> None:
    if not told["sides"]:
        click.echo("No invoice of a partner is about this: they land in landing/<partner>/invoices/ (docs/feeds.md).")
        return
    click.echo(
        f"Next: --html page.html, --xlsx book.xlsx; a line: evsettle{home_option(home)} explain <session>; "
        f"evsettle{home_option(home)} exceptions"
    )


@click.command(
    "reconcile",
    epilog="Examples:\n\n  evsettle reconcile\n\n  evsettle reconcile 2026-10 nordlade\n\n"
    "  evsettle reconcile 2026-10 nordlade --xlsx nordlade.xlsx --html nordlade.html",
)
@click.argument("period", required=False)
@click.argument("partner", required=False)
@file_options
@click.option("--json", "as_json", is_flag=True, help="One JSON object with every line.")
@click.pass_obj
def command(
    home_path: Path | None,
    period: str | None,
    partner: str | None,
    html_path: Path | None,
    xlsx_path: Path | None,
    as_json: bool,
) -> None:
    """Our statements of PERIOD with PARTNER against the invoices that the partner sent, line by line.

    A line is matched, its amount differs, it is missing there (unlisted), missing here, or doubled; all else is a fee,
    rounding, or what a total says beyond its lines. Both columns add up to their document. An OCPI 2.3.0
    reconciliation record lists sessions without amounts: they are compared in one sum, with its invoice's total.
    """
    try:
        home = open_home(home_path)
        snapshot = Snapshot(home)
        told = found(snapshot, period, partner)
        refuse_unknown(snapshot, period, partner)
    except HomeError as error:
        raise click.UsageError(str(error)) from error
    if as_json:
        show_json(told)
        return
    view = _view(told)
    show_view(view if html_path or xlsx_path else _apart(view), html_path, xlsx_path)
    _show_next(home, told)


def refuse_unknown(snapshot: Snapshot, period: str | None, partner: str | None) -> None:
    """A slip in a name is told, not answered with nothing."""
    for name, value in (("period", period), ("partner", partner)):
        known = [row[0] for row in snapshot.rows(f"select distinct {name} from waterfall order by 1")]  # noqa: S608
        if value is not None and value not in known:
            raise click.UsageError(f"No {name} is named {value}: there are {', '.join(known)}.")
