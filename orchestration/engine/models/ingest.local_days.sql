with

local_days_as_read as (

    select
        day,
        starts_at,
        is_working,
        working_day_no
    from "evsettle"."ingest"."raw_local_days"

)

select
    day,
    starts_at,
    is_working,
    working_day_no
from local_days_as_read
