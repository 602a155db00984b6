with

period_tariffs as (

    select
        record_id,
        period_no,
        sorted_no,
        time_zone,
        is_v211,
        is_split,
        started_us,
        ended_us,
        cdr_started_us,
        cdr_ended_us,
        is_reservation,
        is_charging,
        energy_kwh,
        time_hours,
        parking_hours,
        reservation_hours,
        min_current,
        max_current,
        min_power,
        max_power,
        other_dimensions,
        unknown_dimensions,
        dimension_problems,
        tariff_state,
        tariff_id,
        used_tariff_id,
        tariff_index,
        tariff_no
    from {{ ref('period_tariffs') }}

),

tariff_elements as (

    select
        tariff_no,
        coalesce(start_minute, end_minute, day_mask) is not null
        or coalesce(start_date, end_date) is not null as reads_clock,
        coalesce(min_kwh, max_kwh) is not null as reads_energy
    from {{ ref('tariff_elements') }}

),

zone_offsets as (

    select
        zone,
        {{ epoch_microseconds('utc_from') }} as from_us,
        {{ epoch_microseconds('utc_to') }} as to_us,
        offset_seconds,
        lag(offset_seconds) over (partition by zone order by utc_from) as offset_before,
        lead(offset_seconds) over (partition by zone order by utc_from) as offset_after
    from {{ ref('zone_offsets') }}

),

clock_tariffs as (

    select distinct tariff_no
    from tariff_elements
    where reads_clock

),

energy_tariffs as (

    select distinct tariff_no
    from tariff_elements
    where reads_energy

),

-- The first period that is no reservation starts the session's duration.
session_starts as (

    select
        record_id,
        min(started_us) as charging_started_us
    from period_tariffs
    where is_charging
    group by record_id

),

-- A running sum sorts all periods: only the sessions of tariffs that read it pay for one.
energy_sessions as (

    select distinct period_tariffs.record_id
    from period_tariffs
    inner join energy_tariffs on period_tariffs.tariff_no = energy_tariffs.tariff_no

),

energy_before as (

    select
        record_id,
        sorted_no,
        sum(energy_kwh) over (
            partition by record_id order by sorted_no rows between unbounded preceding and 1 preceding
        ) as energy_before_kwh
    from period_tariffs
    where record_id in (select energy_sessions.record_id from energy_sessions)

),

-- The clock is looked up once for each zone and hour in use, not for each period.
hours_in_use as (

    select distinct
        period_tariffs.time_zone,
        period_tariffs.started_us - period_tariffs.started_us % 3600000000 as hour_us
    from period_tariffs
    inner join clock_tariffs on period_tariffs.tariff_no = clock_tariffs.tariff_no

),

hour_offsets as (

    select
        hours_in_use.time_zone,
        hours_in_use.hour_us,
        zone_offsets.from_us,
        zone_offsets.to_us,
        zone_offsets.offset_seconds,
        -- Where a clock is set back an hour comes twice: until when this span repeats the one before it, from when
        -- the next one will repeat this.
        case
            when zone_offsets.offset_before > zone_offsets.offset_seconds
                then
                    zone_offsets.from_us
                    + cast(zone_offsets.offset_before - zone_offsets.offset_seconds as bigint) * 1000000
        end as repeats_until_us,
        case
            when zone_offsets.offset_after < zone_offsets.offset_seconds
                then
                    zone_offsets.to_us
                    - cast(zone_offsets.offset_seconds - zone_offsets.offset_after as bigint) * 1000000
        end as repeated_from_us,
        zone_offsets.offset_before - zone_offsets.offset_seconds as shift_before,
        zone_offsets.offset_after - zone_offsets.offset_seconds as shift_after
    from hours_in_use
    inner join zone_offsets
        on
            hours_in_use.time_zone = zone_offsets.zone
            and hours_in_use.hour_us + 3600000000 > zone_offsets.from_us
            and hours_in_use.hour_us < zone_offsets.to_us

),

on_clock as (

    select
        period_tariffs.*,
        session_starts.charging_started_us,
        energy_before.energy_before_kwh,
        period_tariffs.started_us + cast(hour_offsets.offset_seconds as bigint) * 1000000 as local_us,
        case
            when period_tariffs.started_us < hour_offsets.repeats_until_us then hour_offsets.shift_before
            when period_tariffs.started_us >= hour_offsets.repeated_from_us then hour_offsets.shift_after
        end as other_clock_seconds
    from period_tariffs
    left join session_starts on period_tariffs.record_id = session_starts.record_id
    left join energy_before
        on period_tariffs.record_id = energy_before.record_id and period_tariffs.sorted_no = energy_before.sorted_no
    left join hour_offsets
        on
            period_tariffs.time_zone = hour_offsets.time_zone
            and period_tariffs.started_us - period_tariffs.started_us % 3600000000 = hour_offsets.hour_us
            and period_tariffs.started_us >= hour_offsets.from_us
            and period_tariffs.started_us < hour_offsets.to_us

),

-- % keeps the sign of the dividend: stamps before 1970 need the second one.
local_days as (

    select
        *,
        (local_us % 86400000000 + 86400000000) % 86400000000 as us_of_day
    from on_clock

)

select
    record_id,
    period_no,
    sorted_no,
    time_zone,
    is_v211,
    is_split,
    started_us,
    ended_us,
    cdr_started_us,
    cdr_ended_us,
    is_reservation,
    is_charging,
    energy_kwh,
    time_hours,
    parking_hours,
    reservation_hours,
    min_current,
    max_current,
    min_power,
    max_power,
    other_dimensions,
    unknown_dimensions,
    dimension_problems,
    tariff_state,
    tariff_id,
    used_tariff_id,
    tariff_index,
    tariff_no,
    charging_started_us is null as is_expired_reservation,
    cast(coalesce(energy_before_kwh, 0) as decimal(38, 8)) as energy_before_kwh,
    charging_started_us,
    case when is_charging then started_us - charging_started_us else 0 end as elapsed_us,
    local_us,
    other_clock_seconds,
    cast((us_of_day - us_of_day % 60000000) / 60000000 as integer) as local_minute,
    cast((local_us - us_of_day) / 86400000000 as integer) as local_day
from local_days
