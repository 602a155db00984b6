with

zone_offsets_as_read as (

    select
        zone,
        utc_from,
        utc_to,
        offset_seconds
    from "evsettle"."ingest"."raw_zone_offsets"

)

select
    zone,
    utc_from,
    utc_to,
    offset_seconds
from zone_offsets_as_read
