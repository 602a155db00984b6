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
        tariff_state,
        tariff_index,
        tariff_no
    from "evsettle"."rate"."period_tariffs"

),

session_tariffs as (

    select
        record_id,
        time_zone,
        may_read_clock,
        may_read_energy
    from "evsettle"."rate"."session_tariffs"

),

sent_periods as (

    select
        record_id,
        period_no,
        started_at,
        energy_kwh,
        is_charging
    from "evsettle"."ingest"."sent_periods"

),

clock_tariffs as (

    select distinct tariff_no
    from "evsettle"."ingest"."tariff_elements"
    where coalesce(start_minute, end_minute, day_mask) is not null or coalesce(start_date, end_date) is not null

),

zone_offsets as (

    select
        zone,
        epoch_us(utc_from) as from_us,
        epoch_us(utc_to) as to_us,
        offset_seconds,
        lag(offset_seconds) over (partition by zone order by utc_from) as offset_before,
        lead(offset_seconds) over (partition by zone order by utc_from) as offset_after
    from "evsettle"."ingest"."zone_offsets"

),

-- The first period that is no reservation starts the session's duration.
session_starts as (

    select
        session_tariffs.record_id,
        min(epoch_us(sent_periods.started_at)) as charging_started_us
    from sent_periods
    inner join session_tariffs on sent_periods.record_id = session_tariffs.record_id
    where sent_periods.is_charging
    group by session_tariffs.record_id

),

-- A running sum sorts all periods: only the sessions of tariffs that read it pay for one.
energy_before as (

    select
        sent_periods.record_id,
        sent_periods.period_no,
        sum(sent_periods.energy_kwh) over (
            partition by sent_periods.record_id
            order by sent_periods.started_at asc nulls last, sent_periods.period_no asc
            rows between unbounded preceding and 1 preceding
        ) as energy_before_kwh
    from sent_periods
    inner join session_tariffs on sent_periods.record_id = session_tariffs.record_id
    where session_tariffs.may_read_energy

),

-- The clock is looked up once for each zone and hour in use, not for each period.
moments as (

    select
        session_tariffs.time_zone,
        epoch_us(sent_periods.started_at) as started_us
    from sent_periods
    inner join session_tariffs on sent_periods.record_id = session_tariffs.record_id
    where session_tariffs.may_read_clock

),

hours_in_use as (

    select distinct
        time_zone,
        started_us - started_us % 3600000000 as hour_us
    from moments

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
        on period_tariffs.record_id = energy_before.record_id and period_tariffs.period_no = energy_before.period_no
    -- Only a tariff that reads the clock has one: what another session reads must not matter.
    left join clock_tariffs on period_tariffs.tariff_no = clock_tariffs.tariff_no
    left join hour_offsets
        on
            case when clock_tariffs.tariff_no is not null then period_tariffs.time_zone end = hour_offsets.time_zone
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
    tariff_state,
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
