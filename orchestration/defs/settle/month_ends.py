"""What a run accrues for months that do not stand yet, for its run-end entry: later runs read what was known then.

What does not belong here: which run's accruals stand (settle.accrual_months), and the amounts (settle.accruals).
"""

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


def open_accruals(connection: duckdb.DuckDBPyConnection) -> dict[str, list[list[str | int]]]:
    """By month (YYYY-MM): [partner, our party, direction, currency, sessions, net amount as text], in order."""
    found: dict[str, list[list[str | int]]] = {}
    for month, *row in connection.execute(_OPEN).fetchall():
        found.setdefault(month, []).append(row)
    return found
