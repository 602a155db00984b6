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
        is_swapped,
        started_at_by_zone,
        ended_at_by_zone,
        started_at_in_2000s,
        is_weekday_right
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
    is_swapped,
    started_at_by_zone,
    ended_at_by_zone,
    started_at_in_2000s,
    is_weekday_right
from date_readings_as_read
