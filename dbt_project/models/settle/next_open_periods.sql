with

seals as (

    select
        partner,
        period
    from {{ ref('seals') }}

),

bounds as (

    select
        frequency,
        period,
        starts_on
    from {{ ref('period_bounds') }}

),

sealed as (

    select
        seals.partner,
        seals.period,
        bounds.frequency,
        bounds.starts_on
    from seals
    inner join bounds on seals.period = bounds.period

),

later as (

    select
        sealed.partner,
        sealed.period,
        sealed.frequency,
        min(bounds.starts_on) as starts_on
    from sealed
    inner join bounds on sealed.frequency = bounds.frequency and sealed.starts_on < bounds.starts_on
    left join sealed as taken on sealed.partner = taken.partner and bounds.period = taken.period
    where taken.period is null
    group by sealed.partner, sealed.period, sealed.frequency

)

select
    later.partner,
    later.period,
    bounds.period as open_period
from later
inner join bounds on later.frequency = bounds.frequency and later.starts_on = bounds.starts_on
