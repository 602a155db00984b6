with

seals_as_read as (

    select
        seal_seq,
        sealed_at,
        sealed_by,
        period,
        partner,
        approval_seq,
        approved_by,
        content_sha256,
        manifest_sha256
    from {{ source('ingest', 'raw_seals') }}

)

select
    seal_seq,
    sealed_at,
    sealed_by,
    period,
    partner,
    approval_seq,
    approved_by,
    content_sha256,
    manifest_sha256
from seals_as_read
