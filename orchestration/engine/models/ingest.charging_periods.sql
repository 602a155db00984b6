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
        dimension_problems,
        is_reservation,
        is_charging
    from "evsettle"."ingest"."sent_periods"

),

cdrs as (

    select
        record_id,
        ended_at
    from "evsettle"."ingest"."raw_cdrs"

),

-- Only the moments are sorted: what else a period carries is joined to its place afterwards, and never kept twice.
starts as (

    select
        record_id,
        period_no,
        started_at
    from "evsettle"."ingest"."sent_periods"

),

in_time as (

    select
        record_id,
        period_no,
        lead(started_at) over by_start as next_started_at,
        cast(row_number() over by_start as integer) as sorted_no
    from starts
    window by_start as (partition by record_id order by started_at asc nulls last, period_no asc)

)

select
    periods.record_id,
    periods.period_no,
    periods.started_at,
    periods.tariff_id,
    periods.energy_kwh,
    periods.time_hours,
    periods.parking_hours,
    periods.reservation_hours,
    periods.min_current,
    periods.max_current,
    periods.min_power,
    periods.max_power,
    periods.energy_import_kwh,
    periods.energy_export_kwh,
    periods.other_dimensions,
    periods.unknown_dimensions,
    periods.dimension_problems,
    periods.is_reservation,
    periods.is_charging,
    in_time.sorted_no,
    coalesce(in_time.next_started_at, cdrs.ended_at) as ended_at
from periods
inner join in_time on periods.record_id = in_time.record_id and periods.period_no = in_time.period_no
inner join cdrs on periods.record_id = cdrs.record_id
