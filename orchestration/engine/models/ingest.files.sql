with

files_as_read as (

    select
        file_seq,
        arrival_seq,
        received_at,
        source,
        feed,
        file_name,
        file_sha256,
        size_bytes,
        record_count,
        replays_file_seq,
        reading_sha256,
        stated_record_count,
        stated_energy_kwh,
        stated_excl_tax,
        stated_incl_tax
    from "evsettle"."ingest"."raw_files"

)

select
    file_seq,
    arrival_seq,
    received_at,
    source,
    feed,
    file_name,
    file_sha256,
    size_bytes,
    record_count,
    replays_file_seq,
    reading_sha256,
    stated_record_count,
    stated_energy_kwh,
    stated_excl_tax,
    stated_incl_tax
from files_as_read
