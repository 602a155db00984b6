with

meters_as_read as (

    select
        meter_id,
        evse_uid,
        public_key,
        valid_from,
        valid_to,
        known_seq,
        known_from,
        known_to,
        is_opening
    from {{ source('ingest', 'raw_meters') }}

)

select
    meter_id,
    evse_uid,
    public_key,
    valid_from,
    valid_to,
    known_seq,
    known_from,
    known_to,
    is_opening
from meters_as_read
