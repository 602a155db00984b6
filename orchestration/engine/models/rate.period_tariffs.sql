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
        period_tariff,
        period_policy
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
        status
    from "evsettle"."inspect"."tariffs_in_force"

),

-- Integers from here on: a record_id joins five times as fast as a cdr_key.
work_cdrs as (

    select
        cdrs.record_id,
        cdrs.cdr_key,
        cdrs.time_zone,
        cdrs.ocpi_version = '2.1.1' as is_v211,
        coalesce(cdr_terms.period_policy = 'split', false) as is_split,
        epoch_us(cdrs.started_at) as cdr_started_us,
        epoch_us(cdrs.ended_at) as cdr_ended_us,
        -- "If not provided, no Tariff is relevant" came with 2.2: a 2.1.1 period cannot name one.
        coalesce(cdr_terms.period_tariff = 'literal' and cdrs.ocpi_version not in ('2.1.1', 'csv', 'oicp'), false)
            as is_literal
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
        tariffs_in_force.status
    from work_cdrs
    inner join tariffs_in_force on work_cdrs.cdr_key = tariffs_in_force.cdr_key

),

tariff_counts as (

    select
        record_id,
        count(*) as tariff_count,
        min(tariff_index) as tariff_index
    from cdr_tariffs
    group by record_id

),

-- Nearly every CDR has one tariff: it comes with the session, and no period looks for it by name.
sessions as (

    select
        work_cdrs.*,
        tariff_counts.tariff_count,
        cdr_tariffs.tariff_key,
        cdr_tariffs.tariff_id as only_tariff_id,
        cdr_tariffs.tariff_index,
        cdr_tariffs.tariff_no,
        cdr_tariffs.status
    from work_cdrs
    left join tariff_counts on work_cdrs.record_id = tariff_counts.record_id
    left join cdr_tariffs
        on
            tariff_counts.record_id = cdr_tariffs.record_id
            and tariff_counts.tariff_index = cdr_tariffs.tariff_index
            and tariff_counts.tariff_count = 1

),

several_tariffs as (

    select cdr_tariffs.*
    from cdr_tariffs
    inner join tariff_counts on cdr_tariffs.record_id = tariff_counts.record_id
    where tariff_counts.tariff_count > 1

),

periods as (

    select
        sessions.record_id,
        sessions.time_zone,
        sessions.is_v211,
        sessions.is_split,
        sessions.is_literal,
        sessions.cdr_started_us,
        sessions.cdr_ended_us,
        sessions.tariff_count,
        case
            when charging_periods.tariff_id is null then not sessions.is_literal
            else
                charging_periods.tariff_id = sessions.only_tariff_id
                or lower(charging_periods.tariff_id) = sessions.tariff_key
        end as is_only_tariff,
        sessions.only_tariff_id,
        sessions.tariff_index as only_tariff_index,
        sessions.tariff_no as only_tariff_no,
        sessions.status as only_status,
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
    inner join sessions on charging_periods.record_id = sessions.record_id

),

-- RESERVATION_TIME makes a reservation period; one that also delivered is both.
roles as (

    select
        *,
        reservation_hours is not null and (reservation_hours <> 0 or not has_charging_volume) as is_reservation,
        reservation_hours is null or has_charging_volume as is_charging
    from periods

),

used as (

    select
        roles.*,
        case when roles.is_only_tariff then roles.only_tariff_id else several_tariffs.tariff_id end as used_tariff_id,
        case when roles.is_only_tariff then roles.only_tariff_index else several_tariffs.tariff_index end
            as tariff_index,
        case when roles.is_only_tariff then roles.only_tariff_no else several_tariffs.tariff_no end as known_tariff_no,
        case when roles.is_only_tariff then roles.only_status else several_tariffs.status end as status
    from roles
    left join several_tariffs
        on roles.record_id = several_tariffs.record_id and lower(roles.tariff_id) = several_tariffs.tariff_key

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
    other_dimensions,
    unknown_dimensions,
    dimension_problems,
    tariff_state,
    tariff_id,
    used_tariff_id,
    tariff_index,
    tariff_no
from with_tariff
