with

work as (

    select cdr_key
    from "evsettle"."inspect"."work"

),

cdrs as (

    select
        cdr_key,
        record_id,
        ocpi_version,
        started_at,
        ended_at,
        time_zone
    from "evsettle"."inspect"."cdrs"

),

cdr_terms as (

    select
        cdr_key,
        period_tariff
    from "evsettle"."inspect"."cdr_terms"

),

charging_periods as (

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
        min_current,
        max_current,
        min_power,
        max_power,
        other_dimensions,
        unknown_dimensions,
        dimension_problems
    from "evsettle"."ingest"."charging_periods"

),

tariffs_in_force as (

    select
        cdr_key,
        tariff_id,
        tariff_index,
        tariff_no,
        tariff_version,
        status
    from "evsettle"."inspect"."tariffs_in_force"

),

tariff_elements as (

    select
        tariff_no,
        coalesce(start_minute, end_minute, day_mask) is not null
        or coalesce(start_date, end_date) is not null as reads_clock
    from "evsettle"."ingest"."tariff_elements"

),

zone_offsets as (

    select
        zone,
        epoch_us(utc_from) as from_us,
        epoch_us(utc_to) as to_us,
        offset_seconds
    from "evsettle"."ingest"."zone_offsets"

),

clock_tariffs as (

    select distinct tariff_no
    from tariff_elements
    where reads_clock

),

-- Integers from here on: a record_id joins five times as fast as a cdr_key.
work_cdrs as (

    select
        cdrs.record_id,
        cdrs.cdr_key,
        cdrs.time_zone,
        epoch_us(cdrs.started_at) as cdr_started_us,
        epoch_us(cdrs.ended_at) as cdr_ended_us,
        -- "If not provided, no Tariff is relevant" came with 2.2: a 2.1.1 period cannot name one.
        cdr_terms.period_tariff = 'literal' and cdrs.ocpi_version not in ('2.1.1', 'csv') as is_literal
    from cdrs
    inner join work on cdrs.cdr_key = work.cdr_key
    left join cdr_terms on cdrs.cdr_key = cdr_terms.cdr_key

),

cdr_tariffs as (

    select
        work_cdrs.record_id,
        lower(tariffs_in_force.tariff_id) as tariff_key,
        tariffs_in_force.tariff_id,
        tariffs_in_force.tariff_index,
        tariffs_in_force.tariff_no,
        tariffs_in_force.tariff_version,
        tariffs_in_force.status,
        count(*) over (partition by work_cdrs.record_id) as tariff_count
    from work_cdrs
    inner join tariffs_in_force on work_cdrs.cdr_key = tariffs_in_force.cdr_key

),

periods as (

    select
        work_cdrs.record_id,
        work_cdrs.time_zone,
        work_cdrs.is_literal,
        work_cdrs.cdr_started_us,
        work_cdrs.cdr_ended_us,
        charging_periods.period_no,
        charging_periods.sorted_no,
        epoch_us(charging_periods.started_at) as started_us,
        epoch_us(charging_periods.ended_at) as ended_us,
        charging_periods.tariff_id,
        charging_periods.energy_kwh,
        charging_periods.time_hours,
        charging_periods.parking_hours,
        charging_periods.reservation_hours,
        charging_periods.min_current,
        charging_periods.max_current,
        charging_periods.min_power,
        charging_periods.max_power,
        charging_periods.other_dimensions,
        charging_periods.unknown_dimensions,
        charging_periods.dimension_problems,
        coalesce(charging_periods.energy_kwh, 0) <> 0
        or coalesce(charging_periods.time_hours, 0) <> 0
        or coalesce(charging_periods.parking_hours, 0) <> 0 as has_charging_volume
    from charging_periods
    inner join work_cdrs on charging_periods.record_id = work_cdrs.record_id

),

-- RESERVATION_TIME makes a reservation period; one that also delivered is both.
roles as (

    select
        *,
        reservation_hours is not null and (reservation_hours <> 0 or not has_charging_volume) as is_reservation,
        reservation_hours is null or has_charging_volume as is_charging
    from periods

),

in_session as (

    select
        *,
        coalesce(
            sum(energy_kwh) over (
                partition by record_id order by sorted_no rows between unbounded preceding and 1 preceding
            ),
            0
        ) as energy_before_kwh,
        -- The first period that is no reservation starts the session's duration.
        min(case when is_charging then started_us end) over (partition by record_id) as charging_started_us
    from roles

),

with_tariff as (

    select
        in_session.*,
        cdr_tariffs.tariff_id as used_tariff_id,
        cdr_tariffs.tariff_index,
        cdr_tariffs.tariff_version,
        case when cdr_tariffs.status in ('in_force', 'not_approved') then cdr_tariffs.tariff_no end as tariff_no,
        case
            when cdr_tariffs.tariff_no is not null and cdr_tariffs.status in ('in_force', 'not_approved') then 'in_force'
            when cdr_tariffs.status = 'not_in_force' then 'not_in_force'
            when in_session.tariff_id is not null or cdr_tariffs.record_id is not null then 'unknown'
            when in_session.is_literal then 'none_relevant'
            when exists_tariffs.record_id is not null then 'not_named'
            else 'none'
        end as tariff_state
    from in_session
    left join cdr_tariffs
        on
            in_session.record_id = cdr_tariffs.record_id
            and (
                lower(in_session.tariff_id) = cdr_tariffs.tariff_key
                or (in_session.tariff_id is null and cdr_tariffs.tariff_count = 1 and not in_session.is_literal)
            )
    left join (select distinct record_id from cdr_tariffs where tariff_count > 1) as exists_tariffs
        on in_session.record_id = exists_tariffs.record_id

),

-- The clock is looked up once for each zone and hour in use, not for each period.
hours_in_use as (

    select distinct
        with_tariff.time_zone,
        with_tariff.started_us - with_tariff.started_us % 3600000000 as hour_us
    from with_tariff
    inner join clock_tariffs on with_tariff.tariff_no = clock_tariffs.tariff_no

),

hour_offsets as (

    select
        hours_in_use.time_zone,
        hours_in_use.hour_us,
        zone_offsets.from_us,
        zone_offsets.to_us,
        zone_offsets.offset_seconds
    from hours_in_use
    inner join zone_offsets
        on
            hours_in_use.time_zone = zone_offsets.zone
            and hours_in_use.hour_us + 3600000000 > zone_offsets.from_us
            and hours_in_use.hour_us < zone_offsets.to_us

),

on_clock as (

    select
        with_tariff.*,
        with_tariff.started_us + cast(hour_offsets.offset_seconds as bigint) * 1000000 as local_us
    from with_tariff
    left join hour_offsets
        on
            with_tariff.time_zone = hour_offsets.time_zone
            and with_tariff.started_us - with_tariff.started_us % 3600000000 = hour_offsets.hour_us
            and with_tariff.started_us >= hour_offsets.from_us
            and with_tariff.started_us < hour_offsets.to_us

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
    tariff_version,
    tariff_no,
    charging_started_us is null as is_expired_reservation,
    cast(energy_before_kwh as decimal(38, 8)) as energy_before_kwh,
    case when is_charging then started_us - charging_started_us else 0 end as elapsed_us,
    cast((us_of_day - us_of_day % 60000000) / 60000000 as integer) as local_minute,
    cast((local_us - us_of_day) / 86400000000 as integer) as local_day
from local_days
