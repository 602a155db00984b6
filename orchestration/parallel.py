"""A closed month of another platform beside ours: its statement totals, its CDRs, and what we make of the same CDRs.

The export has landed and was run like any other files, so its CDRs' own totals are what that platform billed. What does
not belong here: reading the totals (cli/parallel) and any price.
"""

from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from orchestration.published import Snapshot


@dataclass(frozen=True, slots=True)
class Stated:
    """What the other platform's statement says: net amount, and its number of sessions where it says one."""

    partner: str
    period: str
    direction: str
    currency: str
    amount_excl_tax: Decimal
    sessions: int | None = None


@dataclass(frozen=True, slots=True)
class Compared:
    """One statement of theirs beside ours. rows: every CDR and line that differs, with its cause; difference is ours
    less theirs, and theirs plus all differences is ours to the last digit."""

    stated: Stated
    sessions: int
    equal_sessions: int
    our_excl_tax: Decimal
    rows: list[dict[str, Any]]

    @property
    def difference(self) -> Decimal:
        """Ours less theirs."""
        return self.our_excl_tax - self.stated.amount_excl_tax


# A CDR of the month by its service period; a line of ours by the period of its statement. Cause: why the amount is not
# what was claimed, in the words of leakage; else where it is billed; else cents.
_ROWS = """
    with theirs as (
        select cdr_key, state, period, statement_id, energy_kwh,
            coalesce(cast(round(claimed_excl_tax, $scale) as decimal(38, 16)), 0) as their_excl_tax,
            claimed_excl_tax, expected_excl_tax
        from cdrs
        where partner = $partner and direction = $direction and currency = $currency and service_period = $period
    ),
    ours as (
        select lines.cdr_key, lines.kind, lines.amount_excl_tax, statements.statement_id
        from statement_lines as lines
        inner join statements on lines.statement_id = statements.statement_id
        where statements.partner = $partner and statements.direction = $direction and statements.period = $period
            and statements.currency = $currency
    ),
    session_lines as (
        select cdr_key, sum(amount_excl_tax) as amount_excl_tax
        from ours
        where kind = 'session'
        group by cdr_key
    ),
    causes as (
        select cdr_key, min(cause) as cause
        from leakage
        where cdr_key is not null and step not in ('billed', 'never_received', 'superseded', 'quarantined')
        group by cdr_key
    )
    select coalesce(theirs.cdr_key, session_lines.cdr_key) as line,
        case
            when theirs.cdr_key is null then 'of another month'
            when session_lines.cdr_key is null and theirs.statement_id is not null
                then 'billed on ' || theirs.statement_id
            when causes.cause is not null then theirs.state || ': ' || causes.cause
            when session_lines.cdr_key is null then theirs.state
            else 'rounding'
        end as cause,
        theirs.claimed_excl_tax, theirs.expected_excl_tax,
        coalesce(theirs.their_excl_tax, 0) as their_excl_tax,
        coalesce(session_lines.amount_excl_tax, 0) as our_excl_tax,
        coalesce(session_lines.amount_excl_tax, 0) - coalesce(theirs.their_excl_tax, 0) as difference
    from theirs
    full join session_lines on theirs.cdr_key = session_lines.cdr_key
    left join causes on theirs.cdr_key = causes.cdr_key
    union all
    select statement_id as line, kind as cause, null, null, 0, sum(amount_excl_tax), sum(amount_excl_tax)
    from ours
    where kind <> 'session'
    group by statement_id, kind
    order by cause, line
"""


def compare(snapshot: Snapshot, stated: Stated, scale: int) -> Compared:
    """Set one statement beside ours. scale: decimals to which each line of theirs was rounded, half away from zero."""
    rows = snapshot.named(
        _ROWS,
        {
            "partner": stated.partner,
            "direction": stated.direction,
            "currency": stated.currency,
            "period": stated.period,
            "scale": scale,
        },
    )
    ours = sum((row["our_excl_tax"] for row in rows), Decimal(0))
    beyond = stated.amount_excl_tax - sum((row["their_excl_tax"] for row in rows), Decimal(0))
    apart = [row for row in rows if row["difference"]]
    if beyond:
        apart.append({
            "line": "total", "cause": "their total beyond their CDRs", "claimed_excl_tax": None,
            "expected_excl_tax": None, "their_excl_tax": beyond, "our_excl_tax": Decimal(0), "difference": -beyond,
        })  # fmt: skip
    sessions = [row for row in rows if row["claimed_excl_tax"] is not None or row["our_excl_tax"]]
    return Compared(
        stated,
        sessions=len(sessions),
        equal_sessions=sum(1 for row in sessions if not row["difference"]),
        our_excl_tax=ours,
        rows=apart,
    )
