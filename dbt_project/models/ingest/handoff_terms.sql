with

handoff_terms_as_read as (

    select
        partner,
        contract_version,
        hop,
        limit_hours
    from {{ source('ingest', 'raw_handoff_terms') }}

)

select
    partner,
    contract_version,
    hop,
    limit_hours
from handoff_terms_as_read
