with

contract_scope_as_read as (

    select
        partner,
        contract_version,
        kind,
        place
    from {{ source('ingest', 'raw_contract_scope') }}

)

select
    partner,
    contract_version,
    kind,
    place
from contract_scope_as_read
