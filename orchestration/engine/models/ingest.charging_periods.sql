with

periods as (

    select
        record_id,
        period_no,
        started_at,
        tariff_id,
        energy_kwh,
        time_hours,
        parking_hours,
        reservation_hours,
        min_current,
        max_current,
        min_power,
        max_power,
        energy_import_kwh,
        energy_export_kwh,
        other_dimensions,
        unknown_dimensions,
        dimension_problems
    from "evsettle"."ingest"."raw_charging_periods"

),

cdrs as (

    select
        record_id,
        ended_at
    from "evsettle"."ingest"."raw_cdrs"

),

ordered as (

    select
        record_id,
        period_no,
        started_at,
        tariff_id,
        energy_kwh,
        time_hours,
        parking_hours,
        reservation_hours,
        min_current,
        max_current,
        min_power,
        max_power,
        energy_import_kwh,
        energy_export_kwh,
        other_dimensions,
        unknown_dimensions,
        dimension_problems,
        cast(row_number() over in_time as integer) as sorted_no,
        lead(started_at) over in_time as next_started_at
    from periods
    window in_time as (partition by record_id order by started_at asc nulls last, period_no asc)

)

select
    ordered.record_id,
    ordered.period_no,
    ordered.started_at,
    ordered.tariff_id,
    ordered.energy_kwh,
    ordered.time_hours,
    ordered.parking_hours,
    ordered.reservation_hours,
    ordered.min_current,
    ordered.max_current,
    ordered.min_power,
    ordered.max_power,
    ordered.energy_import_kwh,
    ordered.energy_export_kwh,
    ordered.other_dimensions,
    ordered.unknown_dimensions,
    ordered.dimension_problems,
    ordered.sorted_no,
    coalesce(ordered.next_started_at, cdrs.ended_at) as ended_at
from ordered
inner join cdrs on ordered.record_id = cdrs.record_id
