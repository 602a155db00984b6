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
        state
    from {{ ref('cdr_outcomes') }}

)

select
    revisions.record_id,
    revisions.cdr_key,
    -- A record that does not count stands beside the session of its key; without one nothing is known of it.
    case
        when outcomes.direction = 'internal' then 'own'
        else coalesce(outcomes.partner, 'unknown')
    end as partner,
    coalesce(outcomes.period, 'unknown') as period,
    coalesce(outcomes.direction, 'unknown') as direction,
    coalesce(revisions.currency, 'unknown') as currency,
    case
        when dispositions.disposition in ('quarantined', 'superseded') then dispositions.disposition
        when outcomes.record_id = revisions.record_id then outcomes.state
    end as fate,
    revisions.energy_kwh,
    revisions.claimed_excl_tax
from revisions
left join dispositions on revisions.record_id = dispositions.record_id
left join outcomes on revisions.cdr_key = outcomes.cdr_key
