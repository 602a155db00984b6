with

open_proposals_as_read as (

    select
        seq,
        proposed_at,
        proposed_by,
        what,
        subject_kind,
        subject_id,
        rule_id,
        amount_excl_tax,
        reason_code,
        note
    from {{ source('ingest', 'raw_open_proposals') }}

)

select
    seq,
    proposed_at,
    proposed_by,
    what,
    subject_kind,
    subject_id,
    rule_id,
    amount_excl_tax,
    reason_code,
    note
from open_proposals_as_read
