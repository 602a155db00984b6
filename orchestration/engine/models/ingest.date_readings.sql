with

date_readings_as_read as (

    select
        record_id,
        row_in_file,
        started_at,
        ended_at,
        started_at_swapped,
        ended_at_swapped,
        is_swappable,
        is_swapped
    from "evsettle"."ingest"."raw_date_readings"

)

select
    record_id,
    row_in_file,
    started_at,
    ended_at,
    started_at_swapped,
    ended_at_swapped,
    is_swappable,
    is_swapped
from date_readings_as_read
