"""`evsettle closing`: how the close goes: days to close, what is accrued, when cash is expected, who does what.

With a period, who signed each of its checkpoints and when; with `--calendar`, which ones are to come.
"""

from pathlib import Path
from typing import Any

import click

from orchestration.cli.show import counted, show_json, show_table
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
    select expected_on, direction, currency, count(*) as items,
        sum(case when standing = 'billed' then amount else 0 end) as amount,
        sum(case when standing = 'draft' then amount else 0 end) as drafted_amount,
        bool_or(is_close_missed) as is_close_missed
    from expected_cash
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
_CHECKPOINTS = """
    select partner, checkpoint, due_at, happened_at, signed_by, seq, entry_hash, standing, working_days_late
    from period_checkpoints
    where period = $period
    order by partner, step_no
"""
# Of the frequencies that partners are billed by, from the last run on; what is due and not yet over is of the list.
_CALENDAR = """
    with today as (select max(happened_at)::date as day from events where event = 'done')
    select frequency, period, ended_on, draft_due_on, approval_due_on, close_due_on
    from checkpoint_days
    cross join today
    where frequency in (select frequency from checkpoint_days inner join periods using (period))
        and close_due_on >= today.day and ended_on < today.day + interval 12 months
    order by ended_on, frequency, period
"""


@click.command(
    "closing",
    epilog="Examples:\n\n  evsettle closing\n\n  evsettle closing 2026-10\n\n  evsettle closing --calendar\n\n"
    "  evsettle closing --json | jq .expected_cash",
)
@click.argument("period", required=False)
@click.option("--calendar", is_flag=True, help="The checkpoints of the twelve months to come (master/calendar.yaml).")
@click.option("--json", "as_json", is_flag=True, help="One JSON object instead of tables.")
@click.pass_obj
def command(home_path: Path | None, period: str | None, calendar: bool, as_json: bool) -> None:
    """How the close goes: days to close, the last accrual, expected cash, and who does what (master/raci.csv).

    With a PERIOD, such as 2026-10: by when each of its checkpoints was due, when it passed and who signed.
    """
    if period is not None and calendar:
        raise click.UsageError("Name a period or ask for the calendar, not both.")
    try:
        snapshot = Snapshot(open_home(home_path))
        if period is not None:
            _show_checkpoints(snapshot, period, as_json)
        elif calendar:
            _show_calendar(snapshot, as_json)
        else:
            _show_close(snapshot, as_json)
    except HomeError as error:
        raise click.ClickException(str(error)) from error


def _show_checkpoints(snapshot: Snapshot, period: str, as_json: bool) -> None:
    found = snapshot.named(_CHECKPOINTS, {"period": period})
    if not found:
        raise click.ClickException(f"No partner has a statement of {period}: `evsettle status` lists the periods.")
    if as_json:
        show_json({"period": period, "checkpoints": found})
        return
    show_table(
        f"The way of {period} to the seal",
        ["partner", "checkpoint", "due", "passed", "signed by", ">entry", "standing"],
        [
            (one["partner"], one["checkpoint"].replace("_", "-"), one["due_at"], one["happened_at"], one["signed_by"],
             one["seq"], _standing(one))
            for one in found
        ],
    )  # fmt: skip


def _standing(one: dict[str, Any]) -> str:
    days = one["working_days_late"]
    return f"{one['standing']}, {counted(days, 'working day')}" if days else str(one["standing"])


def _show_calendar(snapshot: Snapshot, as_json: bool) -> None:
    found = snapshot.records(_CALENDAR)
    if as_json:
        show_json({"calendar": found})
        return
    show_table(
        "Checkpoints to come, each by the end of its day",
        ["frequency", "period", "ends", "draft", "approval", "close"],
        [tuple(one.values()) for one in found],
    )


def _show_close(snapshot: Snapshot, as_json: bool) -> None:
    closed, accruals, cash, raci = (snapshot.records(sql) for sql in (_CLOSED, _ACCRUALS, _CASH, _RACI))
    if as_json:
        show_json({"closed_periods": closed, "accruals": accruals, "expected_cash": cash, "raci": raci})
        return
    tables = (
        ("Closed periods", ["period", "partner", "ended", "sealed", "by", ">days", ">working days"], closed),
        ("Supplied and not billed at the end of the last month, net",
         ["month", "partner", "direction", "currency", ">sessions", ">accrued", "reversed"], accruals),
        ("Expected cash", ["on", "direction", "currency", ">items", ">billed", ">drafted", ""],
         [one | {"is_close_missed": "a close is missed, so it moves" * one["is_close_missed"]} for one in cash]),
        ("Who does what", ["activity", "does it", "answers for it", "is asked", "is told"], raci),
    )  # fmt: skip
    for title, columns, found in tables:
        show_table(title, columns, [tuple(one.values()) for one in found])
