with

records as (

    select
        record_id,
        file_seq,
        position,
        record_sha256,
        raw_text,
        is_typed,
        problem_rule_id,
        problem
    from "evsettle"."ingest"."raw_records"

),

files as (

    select
        file_seq,
        arrival_seq,
        received_at,
        source,
        feed,
        file_name,
        file_sha256
    from "evsettle"."ingest"."raw_files"

)

select
    records.record_id,
    records.file_seq,
    records.position,
    records.record_sha256,
    records.raw_text,
    records.is_typed,
    records.problem_rule_id,
    records.problem,
    files.arrival_seq,
    files.received_at,
    files.source,
    files.feed,
    files.file_name,
    files.file_sha256
from records
inner join files on records.file_seq = files.file_seq
