with

seals as (

    select
        period,
        partner,
        sealed_at,
        sealed_by
    from {{ ref('seals') }}

),

bounds as (

    select
        period,
        ends_on
    from {{ ref('period_bounds') }}

),

local_days as (

    select
        day,
        starts_at,
        working_day_no,
        lead(starts_at) over (order by day) as ends_at
    from {{ ref('local_days') }}

)

select
    seals.period,
    seals.partner,
    {{ add_days('bounds.ends_on', '-1') }} as ended_on,
    closed.day as sealed_on,
    seals.sealed_by,
    cast({{ epoch_days('closed.day') }} - {{ epoch_days('bounds.ends_on') }} + 1 as integer) as days_to_close,
    cast(closed.working_day_no - ended.working_day_no as integer) as working_days_to_close
from seals
inner join bounds on seals.period = bounds.period
inner join local_days as closed on seals.sealed_at >= closed.starts_at and seals.sealed_at < closed.ends_at
inner join local_days as ended on {{ add_days('bounds.ends_on', '-1') }} = ended.day
