with

work as (

    select cdr_key
    from {{ ref('work') }}

),

cdrs as (

    select
        cdr_key,
        record_id,
        ocpi_version,
        started_at,
        ended_at,
        time_zone
    from {{ ref('cdrs') }}

),

cdr_terms as (

    select
        cdr_key,
        period_tariff,
        period_policy
    from {{ ref('cdr_terms') }}

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
    from {{ ref('charging_periods') }}

),

tariffs_in_force as (

    select
        cdr_key,
        tariff_id,
        tariff_index,
        tariff_no,
        status
    from {{ ref('tariffs_in_force') }}

),

-- Integers from here on: a record_id joins five times as fast as a cdr_key.
work_cdrs as (

    select
        cdrs.record_id,
        cdrs.cdr_key,
        cdrs.time_zone,
        cdrs.ocpi_version = '2.1.1' as is_v211,
        coalesce(cdr_terms.period_policy = 'split', false) as is_split,
        {{ epoch_microseconds('cdrs.started_at') }} as cdr_started_us,
        {{ epoch_microseconds('cdrs.ended_at') }} as cdr_ended_us,
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

several_tariffs as (

    select record_id
    from cdr_tariffs
    group by record_id
    having count(*) > 1

),

periods as (

    select
        work_cdrs.record_id,
        work_cdrs.time_zone,
        work_cdrs.is_v211,
        work_cdrs.is_split,
        work_cdrs.is_literal,
        work_cdrs.cdr_started_us,
        work_cdrs.cdr_ended_us,
        charging_periods.period_no,
        charging_periods.sorted_no,
        {{ epoch_microseconds('charging_periods.started_at') }} as started_us,
        {{ epoch_microseconds('charging_periods.ended_at') }} as ended_us,
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

with_tariff as (

    select
        roles.*,
        cdr_tariffs.tariff_id as used_tariff_id,
        cdr_tariffs.tariff_index,
        case when cdr_tariffs.status = 'in_force' then cdr_tariffs.tariff_no end as tariff_no,
        case
            when cdr_tariffs.tariff_no is not null and cdr_tariffs.status = 'in_force' then 'in_force'
            -- Nobody is charged by what nobody approved.
            when cdr_tariffs.status in ('not_in_force', 'not_approved') then cdr_tariffs.status
            when roles.tariff_id is not null or cdr_tariffs.record_id is not null then 'unknown'
            when roles.is_literal then 'none_relevant'
            when several_tariffs.record_id is not null then 'not_named'
            else 'none'
        end as tariff_state
    from roles
    left join several_tariffs on roles.record_id = several_tariffs.record_id
    left join cdr_tariffs
        on
            roles.record_id = cdr_tariffs.record_id
            and (
                lower(roles.tariff_id) = cdr_tariffs.tariff_key
                or (roles.tariff_id is null and several_tariffs.record_id is null and not roles.is_literal)
            )

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
