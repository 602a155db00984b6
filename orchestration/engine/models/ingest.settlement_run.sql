with

run_as_read as (

    select
        run_seq,
        as_of,
        engine_version,
        rules_sha256
    from "evsettle"."ingest"."raw_run"

)

select
    run_seq,
    as_of,
    engine_version,
    rules_sha256
from run_as_read
