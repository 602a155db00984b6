with

billing_periods as (

    select
        frequency,
        period,
        starts_on,
        ends_on
    from {{ ref('billing_periods') }}

),

local_days as (

    select
        day,
        starts_at
    from {{ ref('local_days') }}

)

select
    billing_periods.frequency,
    billing_periods.period,
    billing_periods.starts_on,
    billing_periods.ends_on,
    first_days.starts_at,
    end_days.starts_at as ends_at
from billing_periods
-- Inner: a period at the edge of the calendar whose instants are unknown cannot take a session.
inner join local_days as first_days on billing_periods.starts_on = first_days.day
inner join local_days as end_days on billing_periods.ends_on = end_days.day
