with

days as (

    select
        day,
        starts_at,
        lead(starts_at) over (order by day) as ends_at,
        {{ epoch_days('day') }} as day_no
    from {{ ref('local_days') }}

),

-- No clock is a whole day from UTC: a local day touches its own UTC day and one beside it.
offsets as (

    select -1 as utc_days
    union all
    select 0 as utc_days
    union all
    select 1 as utc_days

)

select
    cast(days.day_no + offsets.utc_days as integer) as utc_day_no,
    days.day,
    days.starts_at,
    days.ends_at
from days
cross join offsets
