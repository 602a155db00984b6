with

connectors_as_read as (

    select
        record_id,
        sighting_seq,
        seen_at,
        source,
        is_opening,
        cpo_party,
        location_id,
        country,
        address,
        city,
        latitude,
        longitude,
        time_zone,
        evse_uid,
        evse_id,
        evse_status,
        connector_id,
        standard,
        power_type,
        max_power_w,
        last_updated
    from "evsettle"."ingest"."raw_connectors"

)

select
    record_id,
    sighting_seq,
    seen_at,
    source,
    is_opening,
    cpo_party,
    location_id,
    country,
    address,
    city,
    latitude,
    longitude,
    time_zone,
    evse_uid,
    evse_id,
    evse_status,
    connector_id,
    standard,
    power_type,
    max_power_w,
    last_updated
from connectors_as_read
