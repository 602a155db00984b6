with

period_contexts as (

    select *
    from {{ ref('period_contexts') }}

),

split_periods as (

    select *
    from {{ ref('split_periods') }}

),

split_records as (

    select distinct record_id
    from split_periods
    where is_split

),

repeated_hours as (

    select
        record_id,
        max(other_clock_seconds) > 0 as is_after,
        min(other_clock_seconds) < 0 as is_before
    from period_contexts
    where other_clock_seconds is not null
    group by record_id

),

other_clocks as (

    select
        period_contexts.*,
        period_contexts.record_id * 16 + 1 as price_id,
        period_contexts.local_us
        + cast(greatest(coalesce(period_contexts.other_clock_seconds, 0), 0) as bigint) * 1000000 as read_us
    from period_contexts
    inner join repeated_hours on period_contexts.record_id = repeated_hours.record_id
    where repeated_hours.is_after
    union all
    select
        period_contexts.*,
        period_contexts.record_id * 16 + 2 as price_id,
        period_contexts.local_us
        + cast(least(coalesce(period_contexts.other_clock_seconds, 0), 0) as bigint) * 1000000 as read_us
    from period_contexts
    inner join repeated_hours on period_contexts.record_id = repeated_hours.record_id
    where repeated_hours.is_before

)

select
    record_id * 16 as price_id,
    period_no,
    sorted_no,
    is_reservation,
    is_charging,
    is_expired_reservation,
    energy_kwh,
    time_hours,
    parking_hours,
    reservation_hours,
    min_current,
    max_current,
    min_power,
    max_power,
    tariff_index,
    tariff_no,
    energy_before_kwh,
    elapsed_us,
    local_minute,
    local_day
from period_contexts
where not is_split or record_id not in (select split_records.record_id from split_records)

union all

select
    record_id * 16 + case when is_split then 0 else 8 end as price_id,
    period_no,
    sorted_no,
    is_reservation,
    is_charging,
    is_expired_reservation,
    energy_kwh,
    time_hours,
    parking_hours,
    reservation_hours,
    min_current,
    max_current,
    min_power,
    max_power,
    tariff_index,
    tariff_no,
    energy_before_kwh,
    elapsed_us,
    local_minute,
    local_day
from split_periods

union all

-- The clock as it was before the change, read through the second pass of the hour; or as it is after, in the first.
select
    price_id,
    period_no,
    sorted_no,
    is_reservation,
    is_charging,
    is_expired_reservation,
    energy_kwh,
    time_hours,
    parking_hours,
    reservation_hours,
    min_current,
    max_current,
    min_power,
    max_power,
    tariff_index,
    tariff_no,
    energy_before_kwh,
    elapsed_us,
    {{ minute_of_day('read_us') }} as local_minute,
    {{ day_number('read_us') }} as local_day
from other_clocks
where not is_split
