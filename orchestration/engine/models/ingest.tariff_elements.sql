with

tariff_elements_as_read as (

    select
        tariff_no,
        element_no,
        start_minute,
        end_minute,
        start_date,
        end_date,
        day_mask,
        min_kwh,
        max_kwh,
        min_current,
        max_current,
        min_power,
        max_power,
        min_duration_seconds,
        max_duration_seconds,
        reservation,
        restrictions_text
    from "evsettle"."ingest"."raw_tariff_elements"

)

select
    tariff_no,
    element_no,
    start_minute,
    end_minute,
    start_date,
    end_date,
    day_mask,
    min_kwh,
    max_kwh,
    min_current,
    max_current,
    min_power,
    max_power,
    min_duration_seconds,
    max_duration_seconds,
    reservation,
    restrictions_text
from tariff_elements_as_read
