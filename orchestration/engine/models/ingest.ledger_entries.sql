with

ledger_as_read as (

    select
        seq,
        kind,
        happened_at,
        actor,
        subject,
        event,
        reason_code,
        note,
        evidence_sha256,
        previous_hash,
        hash
    from "evsettle"."ingest"."raw_ledger"

)

select
    seq,
    kind,
    happened_at,
    actor,
    subject,
    event,
    reason_code,
    note,
    evidence_sha256,
    previous_hash,
    hash
from ledger_as_read
