with

dispute_events_as_read as (

    select
        dispute_id,
        seq,
        happened_at,
        event,
        state_from,
        state_to,
        cdr_key,
        reason_code,
        amount_excl_tax,
        claimant,
        assigned_to,
        note,
        decided_by,
        approved_by
    from {{ source('ingest', 'raw_dispute_events') }}

)

select
    dispute_id,
    seq,
    happened_at,
    event,
    state_from,
    state_to,
    cdr_key,
    reason_code,
    amount_excl_tax,
    claimant,
    assigned_to,
    note,
    decided_by,
    approved_by
from dispute_events_as_read
