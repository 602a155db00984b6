with

revisions as (

    select
        record_id,
        cdr_key,
        currency,
        case when is_credit then -abs(energy_kwh) else energy_kwh end as energy_kwh,
        case when is_credit then -abs(claimed_excl_tax) else claimed_excl_tax end as claimed_excl_tax
    from {{ ref('cdr_revisions') }}

),

dispositions as (

    select
        record_id,
        disposition
    from {{ ref('record_dispositions') }}
    where feed = 'cdrs'

),

outcomes as (

    select
        cdr_key,
        record_id,
        partner,
        period,
        direction,
        state,
        is_sealed
    from {{ ref('cdr_outcomes') }}

),

sealed as (

    select
        record_id,
        cdr_key,
        partner,
        period,
        direction,
        currency,
        fate,
        energy_kwh,
        claimed_excl_tax
    from {{ ref('sealed_fates') }}

),

disputed as (

    select distinct cdr_key
    from {{ ref('disputes') }}
    where is_open

),

next_open as (

    select
        partner,
        period,
        open_period
    from {{ ref('next_open_periods') }}

)

select
    record_id,
    cdr_key,
    partner,
    period,
    direction,
    currency,
    fate,
    energy_kwh,
    claimed_excl_tax
from sealed

union all

select
    revisions.record_id,
    revisions.cdr_key,
    -- A record that does not count stands beside the session of its key; without one nothing is known of it.
    case
        when outcomes.direction = 'internal' then 'own'
        else coalesce(outcomes.partner, 'unknown')
    end as partner,
    -- A record that comes beside a sealed session changes nothing there: it stands in the next open period.
    case
        when outcomes.is_sealed then coalesce(next_open.open_period, 'unknown')
        else coalesce(outcomes.period, 'unknown')
    end as period,
    coalesce(outcomes.direction, 'unknown') as direction,
    coalesce(revisions.currency, 'unknown') as currency,
    case
        when dispositions.disposition in ('quarantined', 'superseded') then dispositions.disposition
        when outcomes.record_id = revisions.record_id and outcomes.state = 'held' and disputed.cdr_key is not null
            then 'disputed'
        when outcomes.record_id = revisions.record_id then outcomes.state
    end as fate,
    revisions.energy_kwh,
    revisions.claimed_excl_tax
from revisions
left join dispositions on revisions.record_id = dispositions.record_id
left join outcomes on revisions.cdr_key = outcomes.cdr_key
left join disputed on outcomes.cdr_key = disputed.cdr_key
left join next_open on outcomes.partner = next_open.partner and outcomes.period = next_open.period
left join sealed on revisions.record_id = sealed.record_id
where sealed.record_id is null
