with

aliases_as_read as (

    select
        kind,
        old_id,
        canonical_id,
        valid_from,
        valid_to,
        reason,
        known_seq,
        known_from,
        known_to,
        is_opening
    from "evsettle"."ingest"."raw_aliases"

)

select
    kind,
    old_id,
    canonical_id,
    valid_from,
    valid_to,
    reason,
    known_seq,
    known_from,
    known_to,
    is_opening
from aliases_as_read
