"""Everything that is known of one statement, gathered from the published tables.

What does not belong here: any wording (statement_page), any session's own story (session).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from orchestration.published import Snapshot
from orchestration.story.session import PAYMENTS

Row = Mapping[str, Any]

LINES_SHOWN = 10

_KINDS = """
    select kind, count(*) as lines, sum(energy_kwh) as energy_kwh, sum(amount_excl_tax) as amount_excl_tax,
        sum(tax) as tax, sum(amount_incl_tax) as amount_incl_tax
    from statement_lines
    where statement_id = $statement
    group by kind
    order by lines desc, kind
"""

_LARGEST = f"""
    select line_no, kind, cdr_key, energy_kwh, amount_excl_tax, tax, amount_incl_tax, corrects
    from statement_lines
    where statement_id = $statement
    order by abs(amount_excl_tax) desc nulls last, line_no
    limit {LINES_SHOWN}
"""  # noqa: S608 - our own number

# Sessions of the same partner, period, direction and currency that are on no statement, by the rule that decided.
_LEFT_OUT = """
    with sessions as (
        select cdr_key, state, revision, claimed_excl_tax, expected_excl_tax,
            case when is_credit then -abs(energy_kwh) else energy_kwh end as energy_kwh
        from cdrs
        where partner = $partner and period = $period and direction = $direction and currency = $currency
            and state not in ('valid', 'adjusted')
    ),
    reasons as (
        select findings.cdr_key,
            min(findings.rule_id) filter (findings.caused_by is null) as root, min(findings.rule_id) as any_rule
        from findings
        inner join sessions on findings.cdr_key = sessions.cdr_key and findings.revision = sessions.revision
        where findings.status = 'open' and findings.severity in ('hold', 'reject')
        group by findings.cdr_key
    )
    select sessions.state, coalesce(reasons.root, reasons.any_rule) as rule_id, count(*) as sessions,
        sum(sessions.energy_kwh) as energy_kwh, sum(sessions.claimed_excl_tax) as claimed_excl_tax,
        sum(sessions.expected_excl_tax) as expected_excl_tax, min(sessions.cdr_key) as first_key
    from sessions
    left join reasons on sessions.cdr_key = reasons.cdr_key
    group by sessions.state, coalesce(reasons.root, reasons.any_rule)
    order by sessions desc, sessions.state, rule_id
"""

_WATERFALL = """
    select step_no, step, sessions, sessions_unknown_amount, energy_kwh, amount_excl_tax
    from waterfall
    where partner = $partner and period = $period and direction = $direction and currency = $currency
    order by step_no
"""

_PERIOD = "select * from periods where period = $period and partner = $partner"
_OTHERS = """
    select statement_id, status, amount_excl_tax
    from statements
    where partner = $partner and period = $period and statement_id <> $statement
    order by statement_id
"""

_EVENTS = """
    select seq, happened_at, actor, subject, event, reason_code, note
    from events
    where list_contains($subjects, subject)
    order by seq, subject, event
"""

_DISPUTES = """
    select disputes.*
    from disputes
    inner join statement_lines as lines on disputes.cdr_key = lines.cdr_key
    where lines.statement_id = $statement
    order by disputes.opened_at, disputes.dispute_id
"""

_DOCUMENTS = "select * from documents where statement_id = $statement order by number"


@dataclass(frozen=True, slots=True)
class StatementStory:
    """One statement as the tables have it."""

    statement: Row
    kinds: Sequence[Row]
    largest_lines: Sequence[Row]
    left_out: Sequence[Row]
    waterfall: Sequence[Row]
    period: Row
    other_statements: Sequence[Row]
    disputes: Sequence[Row]
    documents: Sequence[Row]
    payments: Sequence[Row]
    events: Sequence[Row]


def statement_story(snapshot: Snapshot, statement: Row) -> StatementStory:
    """All that is known of the statement of this row of `statements`."""
    known = {
        "statement": statement["statement_id"],
        "subjects": [
            f"statement:{statement['statement_id']}",
            f"period:{statement['period']}|{statement['partner']}",
        ],
        **{name: statement[name] for name in ("partner", "period", "direction", "currency")},
    }

    def rows(sql: str) -> list[dict[str, Any]]:
        return snapshot.named(sql, {name: value for name, value in known.items() if f"${name}" in sql})

    return StatementStory(
        statement=statement,
        kinds=rows(_KINDS),
        largest_lines=rows(_LARGEST),
        left_out=rows(_LEFT_OUT),
        waterfall=rows(_WATERFALL),
        period=next(iter(rows(_PERIOD)), {}),
        other_statements=rows(_OTHERS),
        disputes=rows(_DISPUTES),
        documents=rows(_DOCUMENTS),
        payments=snapshot.named(PAYMENTS, {"statements": [statement["statement_id"]], "parties": None}),
        events=rows(_EVENTS),
    )
