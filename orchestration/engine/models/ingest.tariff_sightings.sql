with

tariff_sightings_as_read as (

    select distinct
        record_id,
        sighting_seq,
        seen_at,
        source,
        is_opening,
        cpo_party,
        tariff_id,
        tariff_no,
        tariff_type,
        valid_from,
        valid_to,
        last_updated
    from "evsettle"."ingest"."raw_tariff_sightings"

)

select
    record_id,
    sighting_seq,
    seen_at,
    source,
    is_opening,
    cpo_party,
    tariff_id,
    tariff_no,
    tariff_type,
    valid_from,
    valid_to,
    last_updated
from tariff_sightings_as_read
