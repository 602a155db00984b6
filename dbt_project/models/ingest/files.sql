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
        reading_sha256
    from {{ source('ingest', 'raw_files') }}

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
    reading_sha256
from files_as_read
