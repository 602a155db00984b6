with

tokens_as_read as (

    select
        record_id,
        sighting_seq,
        seen_at,
        source,
        is_opening,
        emsp_party,
        token_uid,
        token_type,
        contract_id,
        is_valid,
        whitelist,
        last_updated
    from "evsettle"."ingest"."raw_tokens"

)

select
    record_id,
    sighting_seq,
    seen_at,
    source,
    is_opening,
    emsp_party,
    token_uid,
    token_type,
    contract_id,
    is_valid,
    whitelist,
    last_updated
from tokens_as_read
