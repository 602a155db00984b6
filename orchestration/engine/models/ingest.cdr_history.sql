with

cdr_history_as_read as (

    select
        run_end_seq,
        as_of,
        cdr_key,
        revision,
        state_from,
        state_to,
        settled_from,
        settled_to
    from "evsettle"."ingest"."raw_cdr_history"

)

select
    run_end_seq,
    as_of,
    cdr_key,
    revision,
    state_from,
    state_to,
    settled_from,
    settled_to
from cdr_history_as_read
