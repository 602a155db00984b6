"""`evsettle closing`: how the close goes: days to close, what is accrued, when cash is expected, who does what."""

from pathlib import Path

import click

from orchestration.cli.show import show_json, show_table
from orchestration.facts.home import HomeError, open_home
from orchestration.published import Snapshot

_CLOSED = """
    select period, partner, ended_on, sealed_on, sealed_by, days_to_close, working_days_to_close
    from closed_periods
    order by sealed_on desc, period, partner
"""
_ACCRUALS = """
    select period, partner, direction, currency, sessions, amount_excl_tax, reversed_on
    from accruals
    where period = (select max(period) from accruals)
    order by direction, partner, currency
"""
_CASH = """
    select expected_on, direction, currency, count(*) as items, sum(due_amount) as amount
    from amounts_due
    where expected_on is not null
    group by expected_on, direction, currency
    order by expected_on, direction, currency
"""
_RACI = """
    select activity, responsible, accountable, consulted, informed
    from raci
    where known_to is null
    order by activity
"""


@click.command("closing", epilog="Examples:\n\n  evsettle closing\n\n  evsettle closing --json | jq .expected_cash")
@click.option("--json", "as_json", is_flag=True, help="One JSON object instead of tables.")
@click.pass_obj
def command(home_path: Path | None, as_json: bool) -> None:
    """How the close goes: days to close, the last accrual, expected cash, and who does what (master/raci.csv)."""
    try:
        snapshot = Snapshot(open_home(home_path))
    except HomeError as error:
        raise click.ClickException(str(error)) from error
    closed, accruals, cash, raci = (snapshot.records(sql) for sql in (_CLOSED, _ACCRUALS, _CASH, _RACI))
    if as_json:
        show_json({"closed_periods": closed, "accruals": accruals, "expected_cash": cash, "raci": raci})
        return
    tables = (
        ("Closed periods", ["period", "partner", "ended", "sealed", "by", ">days", ">working days"], closed),
        ("Supplied and not billed at the end of the last month, net",
         ["month", "partner", "direction", "currency", ">sessions", ">accrued", "reversed"], accruals),
        ("Expected cash", ["on", "direction", "currency", ">items", ">amount"], cash),
        ("Who does what", ["activity", "does it", "answers for it", "is asked", "is told"], raci),
    )  # fmt: skip
    for title, columns, found in tables:
        show_table(title, columns, [tuple(one.values()) for one in found])
