with

work as (

    select cdr_key
    from {{ ref('work') }}

),

cdrs as (

    select
        cdr_key,
        record_id,
        started_at,
        ended_at
    from {{ ref('cdrs') }}

),

periods as (

    select
        record_id,
        period_no,
        sorted_no,
        started_at,
        ended_at,
        tariff_id,
        energy_kwh,
        time_hours,
        parking_hours,
        reservation_hours,
        other_dimensions,
        unknown_dimensions
    from {{ ref('charging_periods') }}

),

rules as (

    select tolerance as order_seconds
    from {{ ref('rules') }}
    where rule_id = 'TIME_PERIOD_ORDER'

),

placed as (

    select
        cdrs.cdr_key,
        cdrs.started_at as session_started_at,
        cdrs.ended_at as session_ended_at,
        rules.order_seconds,
        periods.started_at,
        periods.ended_at,
        periods.tariff_id,
        periods.energy_kwh,
        periods.time_hours,
        periods.parking_hours,
        periods.reservation_hours,
        periods.other_dimensions,
        periods.unknown_dimensions,
        periods.period_no <> periods.sorted_no as is_out_of_order,
        max(periods.energy_kwh) over (
            partition by cdrs.cdr_key
            order by periods.sorted_no
            rows between unbounded preceding and 1 preceding
        ) as energy_before_kwh,
        coalesce(periods.energy_kwh, periods.time_hours, periods.parking_hours, periods.reservation_hours)
        is not null as has_dimension
    from periods
    cross join rules
    inner join cdrs on periods.record_id = cdrs.record_id
    inner join work on cdrs.cdr_key = work.cdr_key

),

-- A lead of reservation lies before the session by its nature.
judged as (

    select
        placed.*,
        case
            when placed.ended_at > placed.started_at
                then cast({{ seconds_between('placed.started_at', 'placed.ended_at') }} as decimal(18, 0))
        end as period_seconds,
        placed.reservation_hours is null and (
            (
                {{ seconds_between('started_at', 'session_started_at') }} > placed.order_seconds
                and placed.ended_at <= placed.session_started_at
            )
            or {{ seconds_between('session_ended_at', 'started_at') }} > placed.order_seconds
        ) as is_outside,
        placed.reservation_hours is null
        and {{ seconds_between('started_at', 'session_started_at') }} > placed.order_seconds
        and placed.ended_at > placed.session_started_at as is_over_start
    from placed

)

select
    cdr_key,
    cast(count(*) as integer) as period_count,
    cast(sum(case when has_dimension then 1 else 0 end) as integer) as billable_period_count,
    cast(sum(case when has_dimension and tariff_id is null then 1 else 0 end) as integer) as unnamed_period_count,
    cast(sum(case when other_dimensions is not null or unknown_dimensions is not null then 1 else 0 end) as integer)
        as odd_dimension_period_count,
    min(coalesce(unknown_dimensions, other_dimensions)) as odd_dimensions,
    cast(sum(case when is_out_of_order then 1 else 0 end) as integer) as out_of_order_period_count,
    cast(sum(case when is_outside then 1 else 0 end) as integer) as outside_period_count,
    cast(sum(case when is_over_start then 1 else 0 end) as integer) as over_start_period_count,
    min(started_at) as first_period_started_at,
    cast(sum(energy_kwh) as decimal(18, 8)) as period_energy_kwh,
    cast(count(energy_kwh) as integer) as energy_period_count,
    cast(sum(case when energy_kwh < energy_before_kwh then 1 else 0 end) as integer) as energy_fall_count,
    cast(max(energy_kwh) as decimal(18, 8)) as peak_energy_kwh,
    cast(max(
        {{ decimal_division('cast(energy_kwh as decimal(38, 8)) * 3600000', 'period_seconds', 20, 0, 2) }}
    ) as decimal(38, 2)) as peak_power_w,
    cast(sum(time_hours) as decimal(18, 8)) as period_time_hours,
    cast(sum(parking_hours) as decimal(18, 8)) as period_parking_hours,
    cast(sum(reservation_hours) as decimal(18, 8)) as period_reservation_hours,
    max(case when time_hours is not null or parking_hours is not null or energy_kwh is not null then 1 else 0 end) = 1
        as has_charging_period
from judged
group by cdr_key
