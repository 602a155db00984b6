with

decisions_as_read as (

    select
        seq,
        effective_at,
        kind,
        subject_kind,
        subject_id,
        rule_id,
        amount_excl_tax,
        value,
        reason_code,
        note,
        decided_by,
        approved_by,
        valid_from,
        energy_kwh,
        started_at,
        ended_at,
        expires_at
    from "evsettle"."ingest"."raw_decisions"

)

select
    seq,
    effective_at,
    kind,
    subject_kind,
    subject_id,
    rule_id,
    amount_excl_tax,
    value,
    reason_code,
    note,
    decided_by,
    approved_by,
    valid_from,
    energy_kwh,
    started_at,
    ended_at,
    expires_at
from decisions_as_read
