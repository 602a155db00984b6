with

decisions as (

    select
        subject_id as cdr_key,
        seq,
        effective_at,
        kind,
        rule_id,
        reason_code,
        case when kind = 'exclude' then 0 else amount_excl_tax end as amount_excl_tax,
        energy_kwh,
        started_at,
        ended_at,
        note,
        decided_by,
        approved_by
    from {{ ref('decisions') }}
    where kind in ('adjust', 'exclude') and subject_kind = 'cdr'

),

-- A dispute that was won, in whole or in part, says what the session is settled at.
disputes as (

    select
        disputes.cdr_key,
        events.seq,
        events.happened_at as effective_at,
        'resolve' as kind,
        cast(null as varchar) as rule_id,
        events.reason_code,
        disputes.resolved_excl_tax as amount_excl_tax,
        cast(null as decimal(18, 8)) as energy_kwh,
        cast(null as timestamptz) as started_at,
        cast(null as timestamptz) as ended_at,
        events.note,
        events.decided_by,
        events.approved_by
    from {{ ref('disputes') }} as disputes
    inner join {{ ref('dispute_events') }} as events
        on disputes.dispute_id = events.dispute_id and disputes.resolved_seq = events.seq
    where disputes.resolved_excl_tax is not null and disputes.state in ('resolved', 'settled')

),

ranked as (

    select
        *,
        row_number() over (partition by cdr_key order by seq desc) as recency
    from (
        select * from decisions
        union all
        select * from disputes
    ) as decided
    where amount_excl_tax is not null

)

select
    cdr_key,
    seq,
    effective_at,
    kind,
    rule_id,
    reason_code,
    cast(amount_excl_tax as decimal(18, 8)) as amount_excl_tax,
    energy_kwh,
    started_at,
    ended_at,
    note,
    decided_by,
    approved_by
from ranked
where recency = 1
