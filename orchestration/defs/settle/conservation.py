"""The conservation law, checked last: every record that landed is in exactly one place, and the books add up.

Recomputed from the raw tables and the outcomes, apart from the dbt tests: these may be skipped while a run says
success, this is not. What does not belong here: mending anything.
"""

import duckdb

# Records, kWh and money as they landed, against where they are now; credits count with their sign.
_FATES = """
with received as (
    select
        files.feed, coalesce(cdrs.currency, 'no currency') as currency,
        case when cdrs.is_credit then -abs(cdrs.energy_kwh) else cdrs.energy_kwh end as energy_kwh,
        case when cdrs.is_credit then -abs(cdrs.claimed_excl_tax) else cdrs.claimed_excl_tax end as amount,
        records.record_id
    from ingest.raw_records as records
    inner join ingest.raw_files as files on records.file_seq = files.file_seq
    left join ingest.raw_cdrs as cdrs on records.record_id = cdrs.record_id
),
accounted as (
    select received.feed, received.currency, received.energy_kwh, received.amount
    from inspect.record_dispositions as dispositions
    inner join received on dispositions.record_id = received.record_id
    where dispositions.disposition in ('quarantined', 'superseded')
        or (received.feed <> 'cdrs' and dispositions.disposition = 'applied')
    union all
    -- What was sealed keeps its numbers though its record may be read otherwise now; here it counts as it is read.
    select 'cdrs', coalesce(case when outcomes.is_sealed then received.currency else outcomes.currency end,
            'no currency'),
        case when outcomes.is_sealed then received.energy_kwh
            when outcomes.is_credit then -abs(outcomes.energy_kwh) else outcomes.energy_kwh end,
        case when outcomes.is_sealed then received.amount else outcomes.claimed_excl_tax end
    from settle.cdr_outcomes as outcomes
    left join received on outcomes.is_sealed and outcomes.record_id = received.record_id
    where outcomes.state in ('held', 'valid', 'adjusted', 'credited', 'excluded')
),
sides as (
    select feed, currency, count(*) as records, count(energy_kwh) as known_energy, count(amount) as known_amount,
        coalesce(sum(energy_kwh), 0) as energy_kwh, coalesce(sum(amount), 0) as amount, 'received' as side
    from received group by feed, currency
    union all
    select feed, currency, count(*), count(energy_kwh), count(amount), coalesce(sum(energy_kwh), 0),
        coalesce(sum(amount), 0), 'accounted'
    from accounted group by feed, currency
)
select
    feed, currency,
    sum(case side when 'received' then records else -records end) as records,
    sum(case side when 'received' then known_energy else -known_energy end) as known_energy,
    sum(case side when 'received' then known_amount else -known_amount end) as known_amount,
    sum(case side when 'received' then energy_kwh else -energy_kwh end) as energy_kwh,
    sum(case side when 'received' then amount else -amount end) as amount
from sides
group by feed, currency
having records <> 0 or known_energy <> 0 or known_amount <> 0 or energy_kwh <> 0 or amount <> 0
order by feed, currency
"""

# Sealed and open alike: statements against what settles on them; a record that counts twice; a disposition without
# its record.
_BOOKS = (
    (
        "sessions settle on statement {} but do not stand on it once",
        """
        select outcomes.statement_id, count(*)
        from settle.cdr_outcomes as outcomes
        left join (
            select statement_id, cdr_key, count(*) as times from settle.statement_lines
            where kind = 'session' group by statement_id, cdr_key
        ) as lines on outcomes.cdr_key = lines.cdr_key and outcomes.statement_id = lines.statement_id
        where outcomes.statement_id is not null and coalesce(lines.times, 0) <> 1
        group by outcomes.statement_id order by outcomes.statement_id
        """,
    ),
    (
        "lines stand on statement {} whose sessions do not settle on it",
        """
        select lines.statement_id, count(*)
        from settle.statement_lines as lines
        left join settle.cdr_outcomes as outcomes
            on lines.cdr_key = outcomes.cdr_key and lines.statement_id = outcomes.statement_id
        where lines.kind = 'session' and outcomes.cdr_key is null
        group by lines.statement_id order by lines.statement_id
        """,
    ),
    (
        "is what statement {} differs by from the sum of its lines",
        """
        select coalesce(statements.statement_id, lines.statement_id),
            coalesce(statements.amount_excl_tax, 0) - coalesce(lines.amount, 0)
        from settle.statements as statements
        full outer join (
            select statement_id, sum(amount_excl_tax) as amount from settle.statement_lines group by statement_id
        ) as lines on statements.statement_id = lines.statement_id
        where statements.amount_excl_tax is distinct from lines.amount
        order by 1
        """,
    ),
    (
        "sessions of waterfall {} are in no step",
        """
        select partner || ' ' || period || ' ' || direction || ' ' || currency,
            sum(case when step in ('sessions', 'held', 'disputed', 'excluded', 'credited') then sessions
                when step = 'billable' then -sessions else 0 end) as missing
        from settle.waterfall group by partner, period, direction, currency
        having missing <> 0 order by 1
        """,
    ),
    (
        "is what waterfall {} ends apart from its statement",
        """
        select partner || ' ' || period || ' ' || direction || ' ' || currency,
            sum(case when step in ('sessions', 'billable', 'adjustment_runs') then 0
                when step = 'statement' then -amount_excl_tax else amount_excl_tax end) as missing
        from settle.waterfall group by partner, period, direction, currency
        having missing <> 0 order by 1
        """,
    ),
    (
        "is what the sealed period {} differs by from its seal",
        """
        select sealed.period || '|' || sealed.partner,
            sum(sealed.amount) - sum(coalesce(statements.amount_excl_tax, 0))
        from (
            select statements.statement_id, statements.period, statements.partner,
                sum(lines.amount_excl_tax) as amount
            from ingest.raw_sealed_statements as statements
            inner join ingest.raw_sealed_lines as lines on statements.statement_id = lines.statement_id
            group by statements.statement_id, statements.period, statements.partner
        ) as sealed
        left join settle.statements as statements
            on sealed.statement_id = statements.statement_id and statements.status = 'sealed'
        group by sealed.period, sealed.partner
        having sum(sealed.amount) <> sum(coalesce(statements.amount_excl_tax, 0))
        order by 1
        """,
    ),
    (
        "corrections of sealed lines do not come to what was decided ({})",
        """
        select 'such as ' || min(decided.cdr_key), count(*)
        from settle.amount_decisions as decided
        inner join ingest.raw_sealed_outcomes as sealed
            on decided.cdr_key = sealed.cdr_key and decided.seq > sealed.seal_seq and sealed.statement_id is not null
        inner join (
            select cdr_key, sum(coalesce(session_excl_tax, amount_excl_tax)) as amount
            from settle.statement_lines group by cdr_key
        ) as lines on decided.cdr_key = lines.cdr_key
        left join inspect.cdr_terms as terms on decided.cdr_key = terms.cdr_key
        -- A decided amount may have more decimals than a line: rounding moves it by less than one unit of the last.
        where abs(lines.amount - decided.amount_excl_tax) * case coalesce(terms.rounding_scale, 2)
            when 0 then 1 when 1 then 10 when 2 then 100 when 3 then 1000 else 10000 end >= 1
        having count(*) > 0
        """,
    ),
    (
        "sessions settle without a pass of all three gates ({})",
        """
        select 'such as ' || min(outcomes.cdr_key), count(*)
        from settle.cdr_outcomes as outcomes
        left join (
            select cdr_key, revision, count(distinct gate) as gates from (
                from inspect.gate_verdicts union all from reconcile.gate_verdicts union all from settle.gate_verdicts
            ) where verdict = 'pass' group by cdr_key, revision
        ) as passes on outcomes.cdr_key = passes.cdr_key and outcomes.revision = passes.revision
        where outcomes.state in ('valid', 'adjusted') and not outcomes.is_sealed and coalesce(passes.gates, 0) <> 3
        having count(*) > 0
        """,
    ),
)


def check(connection: duckdb.DuckDBPyConnection) -> list[str]:
    """What does not add up, a sentence each; empty when the law holds. Amounts are received less accounted for."""
    broken = []
    for feed, currency, records, known_energy, known_amount, energy, amount in connection.execute(_FATES).fetchall():
        broken.append(
            f"feed {feed} ({currency}): received less accounted for is {records} records, {energy} kWh"
            f" ({known_energy} with known energy) and {amount} net ({known_amount} with a known claim)"
        )
    for sentence, sql in _BOOKS:
        broken += [f"{count} " + sentence.format(name) for name, count in connection.execute(sql).fetchall()]
    return broken
