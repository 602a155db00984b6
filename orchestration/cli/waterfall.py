"""`evsettle waterfall`: from what was claimed to what is paid, step by step, with nothing unexplained."""

from decimal import Decimal
from pathlib import Path
from typing import Any

import click

from orchestration.cli.reconcile import refuse_unknown
from orchestration.cli.show import home_option, show_json
from orchestration.cli.view_files import file_options, show_view
from orchestration.facts.home import HomeError, open_home
from orchestration.pages.views import Picture, Step, Table, View
from orchestration.published import Snapshot

_WANTED = "($period is null or period = $period) and ($partner is null or partner = $partner)"
VIEWS = {"total": (), "partner": ("partner",), "period": ("period",), "site": ("location_id",)}
_MEASURES = """sum(sessions)::bigint as sessions, sum(sessions_unknown_amount)::bigint as sessions_unknown_amount,
        sum(energy_kwh) as energy_kwh, sum(amount) as amount"""
LABELS = {
    "priced_otherwise": "price less claim",
    "claim_kept": "claim kept",
    "no_statement": "on no statement",
    "not_invoiced": "not invoiced",
    "invoiced_otherwise": "invoiced otherwise",
    "not_followed": "not as invoiced",
    "not_sealed": "not sealed yet",
}


def _steps(by: str) -> str:
    group = ", ".join(["direction", "currency", *VIEWS[by]])
    return f"""
        select {group}, step_no, step, is_level, {_MEASURES}
        from settlement_path
        where {_WANTED}
        group by {group}, step_no, step, is_level
        having is_level or sum(sessions) <> 0 or sum(energy_kwh) <> 0 or sum(amount) <> 0
        order by {group}, step_no
    """  # noqa: S608 - our own words


def found(snapshot: Snapshot, by: str, period: str | None, partner: str | None) -> list[dict[str, Any]]:
    """Each step, by direction, currency and the view's columns; `unexplained` is what a level has beyond the steps."""
    rows = snapshot.named(_steps(by), {"period": period, "partner": partner})
    names = ("direction", "currency", *VIEWS[by])
    before: tuple[object, ...] | None = None
    at = Decimal(0)
    for row in rows:
        group = tuple(row[name] for name in names)
        if row["is_level"]:
            row["unexplained"] = row["amount"] - at if group == before else Decimal(0)
            at = row["amount"]
        else:
            at = (at if group == before else Decimal(0)) + row["amount"]
        before = group
    return rows


def _label(row: dict[str, Any]) -> str:
    step: str = row["step"]
    return LABELS.get(step, step.replace("_", " "))


def _view(rows: list[dict[str, Any]], by: str, period: str | None, partner: str | None) -> View:
    names = ("direction", "currency", *VIEWS[by])
    groups = list(dict.fromkeys(tuple(row[name] for name in names) for row in rows))
    unexplained = sum(1 for row in rows if row.get("unexplained"))
    pictures = []
    for group in groups:
        mine = [row for row in rows if tuple(row[name] for name in names) == group]
        steps = [Step(_label(row), row["amount"], row["is_level"]) for row in mine]
        pictures.append(Picture(", ".join(str(part) for part in group), steps))
    scope = " ".join(part for part in (period, partner) if part) or "all periods and partners"
    return View(
        title=f"From claimed to paid: {scope}",
        lead=f"{unexplained or 'No'} level is unexplained by the steps before it. Amounts are net until tax comes in.",
        pictures=pictures,
        tables=[
            Table(
                "Steps",
                [*(name.replace("location_id", "site") for name in names), "step", ">sessions", ">unknown", ">kWh",
                 ">amount", ">unexplained"],
                [
                    [*(row[name] for name in names), ("= " if row["is_level"] else "  ") + _label(row),
                     row["sessions"], row["sessions_unknown_amount"] or None, row["energy_kwh"], row["amount"],
                     row.get("unexplained")]
                    for row in rows
                ],
            )
        ],
    )  # fmt: skip


@click.command(
    "waterfall",
    epilog="Examples:\n\n  evsettle waterfall 2026-10 emo\n\n  evsettle waterfall --by site --xlsx sites.xlsx\n\n"
    "  evsettle waterfall 2026-10 --by partner --html october.html",
)
@click.argument("period", required=False)
@click.argument("partner", required=False)
@click.option(
    "--by", type=click.Choice(list(VIEWS)), default="total", show_default=True, help="A way for each of these."
)
@file_options
@click.option("--json", "as_json", is_flag=True, help="One JSON object instead of a table.")
@click.pass_obj
def command(
    home_path: Path | None,
    period: str | None,
    partner: str | None,
    by: str,
    html_path: Path | None,
    xlsx_path: Path | None,
    as_json: bool,
) -> None:
    """From claimed to computed, billed, invoiced and paid: sessions, kWh and money of PERIOD and PARTNER, step by step.

    A line with = is where it stands, the others are what leads there. Read from published/settlement_path.parquet.
    """
    try:
        home = open_home(home_path)
        snapshot = Snapshot(home)
        refuse_unknown(snapshot, period, partner)
        rows = found(snapshot, by, period, partner)
    except HomeError as error:
        raise click.UsageError(str(error)) from error
    if as_json:
        show_json({"by": by, "steps": rows})
        return
    show_view(_view(rows, by, period, partner), html_path, xlsx_path)
    others = ", ".join(f"--by {name}" for name in VIEWS if name != by)
    click.echo(f"Next: {others}; what was taken off: evsettle{home_option(home)} leakage")
