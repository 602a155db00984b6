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
        coalesce(energy_kwh, 0) <> 0
        or coalesce(time_hours, 0) <> 0
        or coalesce(parking_hours, 0) <> 0 as has_charging_volume
    from {{ source('ingest', 'raw_charging_periods') }}

)

-- RESERVATION_TIME makes a reservation period; one that also delivered is both.
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
    reservation_hours is not null and (reservation_hours <> 0 or not has_charging_volume) as is_reservation,
    reservation_hours is null or has_charging_volume as is_charging
from periods
