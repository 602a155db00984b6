with

meter_readings_as_read as (

    select
        record_id,
        value_no,
        reading_no,
        nature,
        meter_serial,
        page,
        page_no,
        context,
        register_id,
        reading_kwh,
        loss_kwh,
        read_at,
        time_status,
        status,
        error_flags,
        signature
    from {{ source('ingest', 'raw_meter_readings') }}

)

select
    record_id,
    value_no,
    reading_no,
    nature,
    meter_serial,
    page,
    page_no,
    context,
    register_id,
    reading_kwh,
    loss_kwh,
    read_at,
    time_status,
    status,
    error_flags,
    signature
from meter_readings_as_read
