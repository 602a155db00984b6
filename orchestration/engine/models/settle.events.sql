with

ledger as (

    select
        seq,
        happened_at,
        actor,
        subject,
        event,
        reason_code,
        note,
        evidence_sha256,
        previous_hash,
        hash
    from "evsettle"."ingest"."ledger_entries"

),

transitions as (

    select
        run_end_seq,
        as_of,
        cdr_key,
        revision,
        state_from,
        state_to,
        settled_to
    from "evsettle"."ingest"."cdr_history"
    where coalesce(state_from, '') <> coalesce(state_to, '')

),

listed as (

    select
        seq,
        happened_at,
        actor,
        subject,
        event,
        reason_code,
        note,
        evidence_sha256,
        previous_hash,
        hash
    from ledger

    union all

    -- A transition is proven by the run-end entry that recorded it: its object, its hashes.
    select
        transitions.run_end_seq as seq,
        transitions.as_of as happened_at,
        'evsettle' as actor,
        'cdr:' || transitions.cdr_key as subject,
        coalesce(transitions.state_to, 'withdrawn') as event,
        cast(null as varchar) as reason_code,
        coalesce(transitions.state_from, 'received') || ' to ' || coalesce(transitions.state_to, 'withdrawn')
        || ', revision ' || coalesce(cast(transitions.revision as varchar), '?')
        || ', settled ' || coalesce(cast(transitions.settled_to as varchar), '0') as note,
        ledger.evidence_sha256,
        ledger.previous_hash,
        ledger.hash
    from transitions
    left join ledger on transitions.run_end_seq = ledger.seq

)

select
    seq,
    happened_at,
    actor,
    subject,
    event,
    reason_code,
    note,
    evidence_sha256,
    previous_hash,
    hash
from listed
