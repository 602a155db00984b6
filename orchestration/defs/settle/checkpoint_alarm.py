"""The alarm of the calendar: a check that warns when a checkpoint of a period has passed without what it asks for.

What does not belong here: when a checkpoint is due (dbt model checkpoint_days) and what `evsettle status` says now.
"""

import dagster as dg

from orchestration.defs.resources import Settlement
from orchestration.warehouse import named_rows, open_warehouse

_MISSED = """
    select period, partner, checkpoint, due_at, working_days_late
    from settle.period_checkpoints
    where standing = 'missed'
    order by due_at, period, partner, step_no
"""


@dg.asset_check(
    asset=dg.AssetKey(["settle", "period_checkpoints"]),
    name="no_checkpoint_is_missed",
    description="Every period is approved and sealed by the days of master/calendar.yaml.",
)
def no_checkpoint_is_missed(settlement: Settlement) -> dg.AssetCheckResult:
    """Warn of each checkpoint that has passed, as of the run."""
    with open_warehouse(settlement.home.warehouse) as connection:
        missed = named_rows(connection.execute(_MISSED))
    return dg.AssetCheckResult(
        passed=not missed,
        severity=dg.AssetCheckSeverity.WARN,
        description=" ".join(
            f"The {one['checkpoint']} of {one['period']}|{one['partner']} was due by {one['due_at']:%Y-%m-%d %H:%M}."
            for one in missed
        )
        or None,
        metadata={"missed": len(missed)},
    )
