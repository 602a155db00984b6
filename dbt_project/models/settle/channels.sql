with

ways as (

    select
        record_id,
        channel
    from {{ ref('session_ways') }}

),

outcomes as (

    select
        record_id,
        case when direction = 'internal' then 'own' else coalesce(partner, 'unknown') end as partner,
        coalesce(period, 'unknown') as period,
        coalesce(direction, 'unknown') as direction,
        coalesce(currency, 'unknown') as currency,
        coalesce(location_id, '-') as location_id,
        state,
        case when is_credit then -abs(energy_kwh) else energy_kwh end as energy_kwh,
        claimed_excl_tax,
        settled_excl_tax
    from {{ ref('cdr_outcomes') }}

)

select
    outcomes.partner,
    outcomes.period,
    outcomes.direction,
    outcomes.currency,
    outcomes.location_id,
    coalesce(ways.channel, 'unknown') as channel,
    cast(count(*) as bigint) as sessions,
    cast(sum(case when outcomes.state in ('valid', 'adjusted') then 1 else 0 end) as bigint) as sessions_settled,
    cast(sum(coalesce(outcomes.energy_kwh, 0)) as decimal(38, 8)) as energy_kwh,
    cast(sum(coalesce(outcomes.claimed_excl_tax, 0)) as decimal(38, 16)) as claimed_excl_tax,
    cast(sum(coalesce(outcomes.settled_excl_tax, 0)) as decimal(38, 16)) as settled_excl_tax
from outcomes
left join ways on outcomes.record_id = ways.record_id
group by
    outcomes.partner, outcomes.period, outcomes.direction, outcomes.currency, outcomes.location_id,
    coalesce(ways.channel, 'unknown')
