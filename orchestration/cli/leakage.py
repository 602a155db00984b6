"""`evsettle leakage`: every euro that is not billed as it was sent, by cause, partner, site, channel and hand-off."""

from pathlib import Path
from typing import Any

import click

from orchestration.cli.show import home_option, show_json, show_table
from orchestration.facts.home import Home, HomeError, open_home
from orchestration.published import Snapshot

VIEWS = {
    "cause": "kind, cause, hand_off",
    "partner": "partner, direction",
    "site": "partner, location_id",
    "channel": "channel",
    "hand-off": "hand_off",
    "period": "period",
}
_ROWS_SHOWN = 40
_WANTED = "($partner is null or partner = $partner) and ($period is null or period = $period)"

# A credit takes back, so sizes are added where what counts is how much is concerned.
_MEASURES = """
    currency, count(*) as pieces, count(*) filter (amount_excl_tax is null) as unknown_amounts,
    sum(sessions)::bigint as sessions, sum(energy_kwh) as energy_kwh, sum(amount_excl_tax) as amount_excl_tax,
    round(median(lag_seconds) / 3600)::bigint as usual_lag_hours,
    round(max(lag_seconds) / 3600)::bigint as longest_lag_hours
"""

_KINDS = f"""
    select kind, {_MEASURES}
    from leakage
    where {_WANTED}
    group by kind, currency
    order by currency, abs(sum(amount_excl_tax)) desc nulls last, kind
"""  # noqa: S608 - our own words

# Steps of the waterfall and the pieces that make them up, by currency.
_STEPS = f"""
    with pieces as (
        select currency, step, -sum(coalesce(amount_excl_tax, 0)) as pieces_excl_tax
        from leakage
        where step not in ('never_received', 'billed') and {_WANTED}
        group by currency, step
    ),
    steps as (
        select currency, step, min(step_no) as step_no, sum(sessions)::bigint as sessions,
            sum(energy_kwh) as energy_kwh, sum(amount_excl_tax) as amount_excl_tax
        from waterfall
        where {_WANTED}
        group by currency, step
    )
    select steps.currency, steps.step, steps.sessions, steps.energy_kwh, steps.amount_excl_tax, pieces.pieces_excl_tax
    from steps
    left join pieces on steps.currency = pieces.currency and steps.step = pieces.step
    where steps.sessions <> 0 or steps.energy_kwh <> 0 or steps.amount_excl_tax <> 0
    order by steps.currency, steps.step_no
"""  # noqa: S608 - our own words


def _view(by: str) -> str:
    columns = VIEWS[by]
    return f"""
        select {columns}, {_MEASURES}
        from leakage
        where {_WANTED}
        group by {columns}, currency
        order by currency, abs(sum(amount_excl_tax)) desc nulls last, {columns}
    """  # noqa: S608 - our own words


def found(snapshot: Snapshot, by: str, partner: str | None, period: str | None) -> dict[str, Any]:
    """Kinds, one view, and the steps of the waterfall that they add up to."""
    wanted = {"partner": partner, "period": period}
    return {
        "kinds": snapshot.named(_KINDS, wanted),
        by: snapshot.named(_view(by), wanted),
        "waterfall": snapshot.named(_STEPS, wanted),
    }


def _measures(row: dict[str, Any]) -> tuple[object, ...]:
    return (
        row["pieces"], row["unknown_amounts"] or None, row["sessions"], row["energy_kwh"], row["currency"],
        row["amount_excl_tax"], row["usual_lag_hours"], row["longest_lag_hours"],
    )  # fmt: skip


def _show(home: Home, by: str, told: dict[str, Any]) -> None:
    measures = [">pieces", ">unknown", ">sessions", ">kWh", "currency", ">net", ">usual lag h", ">longest"]
    show_table(
        "What is not billed as it was sent",
        ["kind", *measures],
        [(row["kind"].replace("_", " "), *_measures(row)) for row in told["kinds"]],
    )
    names = VIEWS[by].split(", ")
    show_table(
        f"By {by}",
        [*(name.replace("location_id", "site").replace("_", " ") for name in names), *measures],
        [(*(row[name] for name in names), *_measures(row)) for row in told[by][:_ROWS_SHOWN]],
    )
    if len(told[by]) > _ROWS_SHOWN:
        click.echo(f"And {len(told[by]) - _ROWS_SHOWN:,} more: --json lists all.\n")
    show_table(
        "From received to statement: each step that takes something off is the sum of its pieces",
        ["currency", "step", ">sessions", ">kWh", ">net", ">its pieces"],
        [
            (row["currency"], row["step"].replace("_", " "), row["sessions"], row["energy_kwh"],
             row["amount_excl_tax"], row["pieces_excl_tax"])
            for row in told["waterfall"]
        ],
    )  # fmt: skip
    click.echo("Missing, late and tolerated are no steps: what never came was not received, the others are billed.")
    others = ", ".join(f"--by {name}" for name in VIEWS if name != by)
    click.echo(f"Next: {others}; each piece: evsettle{home_option(home)} explain <session or record>")


@click.command(
    "leakage",
    epilog="Examples:\n\n  evsettle leakage\n\n  evsettle leakage --by site --partner emo --period 2026-10\n\n"
    "  evsettle leakage --by channel --json",
)
@click.option("--by", type=click.Choice(list(VIEWS)), default="cause", show_default=True, help="How to group.")
@click.option("--partner", metavar="NAME", help="Only what is of this partner.")
@click.option("--period", metavar="P", help="Only what is of this period, e.g. 2026-10.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object instead of tables.")
@click.pass_obj
def command(home_path: Path | None, by: str, partner: str | None, period: str | None, as_json: bool) -> None:
    """Every euro that was missing, unpriced, late or priced otherwise: its cause, partner, site, channel, hand-off.

    Read from published/leakage.parquet, one row a piece. A positive amount is missing from a statement against what was
    claimed, whoever claimed it.
    """
    try:
        home = open_home(home_path)
        told = found(Snapshot(home), by, partner, period)
    except HomeError as error:
        raise click.UsageError(str(error)) from error
    if as_json:
        show_json(told)
    else:
        _show(home, by, told)
