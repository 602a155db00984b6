"""What a run accrues for months that do not stand yet, and which months it found closed, for its run-end entry: later
runs read what was known then.

What does not belong here: which run's accruals stand (settle.accrual_months), and the amounts (settle.accruals).
"""

from datetime import UTC
from typing import Any

import duckdb

_OPEN = """
select
    accruals.period, accruals.partner, accruals.party, accruals.direction, accruals.currency, accruals.sessions,
    cast(accruals.amount_excl_tax as varchar) as amount_excl_tax
from settle.accruals as accruals
inner join settle.accrual_months as months on accruals.period = months.period
where months.run_end_seq is null
order by all
"""

_CLOSED = """
select period, closes_at, run_end_seq
from settle.accrual_months
where is_closed and period not in (select period from ingest.closed_months)
order by period
"""


def open_accruals(connection: duckdb.DuckDBPyConnection) -> dict[str, list[list[str | int]]]:
    """By month (YYYY-MM): [partner, our party, direction, currency, sessions, net amount as text], in order."""
    found: dict[str, list[list[str | int]]] = {}
    for month, *row in connection.execute(_OPEN).fetchall():
        found.setdefault(month, []).append(row)
    return found


def newly_closed(connection: duckdb.DuckDBPyConnection) -> dict[str, list[str | int | None]]:
    """By month that no earlier run found closed: when its books closed, and the run-end that stands (null: this)."""
    return {
        month: [closes_at.astimezone(UTC).isoformat().replace("+00:00", "Z"), seq]
        for month, closes_at, seq in connection.execute(_CLOSED).fetchall()
    }


def month_ends(connection: duckdb.DuckDBPyConnection) -> dict[str, Any]:
    """What a run-end entry keeps of the months that have ended."""
    return {"accruals": open_accruals(connection), "closed_months": newly_closed(connection)}
