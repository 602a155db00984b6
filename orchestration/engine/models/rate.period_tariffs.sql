with

session_tariffs as (

    select
        record_id,
        cdr_key,
        time_zone,
        is_v211,
        is_split,
        is_literal,
        started_us,
        ended_us,
        tariff_count,
        tariff_id,
        tariff_index,
        tariff_no,
        status
    from "evsettle"."rate"."session_tariffs"

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
        is_reservation,
        is_charging
    from "evsettle"."ingest"."charging_periods"

),

tariffs_in_force as (

    select
        cdr_key,
        tariff_id,
        tariff_index,
        tariff_no,
        status
    from "evsettle"."inspect"."tariffs_in_force"

),

several_tariffs as (

    select
        session_tariffs.record_id,
        lower(tariffs_in_force.tariff_id) as tariff_key,
        tariffs_in_force.tariff_index,
        tariffs_in_force.tariff_no,
        tariffs_in_force.status
    from session_tariffs
    inner join tariffs_in_force on session_tariffs.cdr_key = tariffs_in_force.cdr_key
    where session_tariffs.tariff_count > 1

),

periods as (

    select
        session_tariffs.record_id,
        session_tariffs.time_zone,
        session_tariffs.is_v211,
        session_tariffs.is_split,
        session_tariffs.is_literal,
        session_tariffs.started_us as cdr_started_us,
        session_tariffs.ended_us as cdr_ended_us,
        session_tariffs.tariff_count,
        case
            when charging_periods.tariff_id is null then not session_tariffs.is_literal
            else
                charging_periods.tariff_id = session_tariffs.tariff_id
                or lower(charging_periods.tariff_id) = lower(session_tariffs.tariff_id)
        end as is_only_tariff,
        session_tariffs.tariff_index as only_tariff_index,
        session_tariffs.tariff_no as only_tariff_no,
        session_tariffs.status as only_status,
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
        charging_periods.is_reservation,
        charging_periods.is_charging
    from charging_periods
    inner join session_tariffs on charging_periods.record_id = session_tariffs.record_id

),

used as (

    select
        periods.*,
        case when periods.is_only_tariff then periods.only_tariff_index else several_tariffs.tariff_index end
            as tariff_index,
        case when periods.is_only_tariff then periods.only_tariff_no else several_tariffs.tariff_no end
            as known_tariff_no,
        case when periods.is_only_tariff then periods.only_status else several_tariffs.status end as status
    from periods
    left join several_tariffs
        on periods.record_id = several_tariffs.record_id and lower(periods.tariff_id) = several_tariffs.tariff_key

),

with_tariff as (

    select
        *,
        case when status = 'in_force' then known_tariff_no end as tariff_no,
        case
            when known_tariff_no is not null and status = 'in_force' then 'in_force'
            -- Nobody is charged by what nobody approved.
            when status in ('not_in_force', 'not_approved') then status
            when tariff_id is not null or status is not null then 'unknown'
            when is_literal then 'none_relevant'
            when tariff_count > 1 then 'not_named'
            else 'none'
        end as tariff_state
    from used

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
    tariff_no
from with_tariff
