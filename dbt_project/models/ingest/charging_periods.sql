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
    from {{ source('ingest', 'raw_charging_periods') }}

),

cdrs as (

    select
        record_id,
        ended_at
    from {{ source('ingest', 'raw_cdrs') }}

),

-- Nearly every CDR sends its periods in order: each one's neighbour is found by its number, and nothing is sorted.
neighbours as (

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
        next_periods.started_at as next_started_at
    from periods
    left join periods as next_periods
        on periods.record_id = next_periods.record_id and periods.period_no + 1 = next_periods.period_no

),

unsorted_cdrs as (

    select distinct record_id
    from neighbours
    where started_at is null or next_started_at < started_at

),

ordered as (

    select
        neighbours.*,
        neighbours.period_no as sorted_no
    from neighbours
    left join unsorted_cdrs on neighbours.record_id = unsorted_cdrs.record_id
    where unsorted_cdrs.record_id is null
    union all
    select
        periods.*,
        lead(periods.started_at) over in_time as next_started_at,
        cast(row_number() over in_time as integer) as sorted_no
    from periods
    inner join unsorted_cdrs on periods.record_id = unsorted_cdrs.record_id
    window
        in_time as (
            partition by periods.record_id order by periods.started_at asc nulls last, periods.period_no asc
        )

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
