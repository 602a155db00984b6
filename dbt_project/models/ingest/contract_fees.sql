with

contract_fees_as_read as (

    select
        partner,
        contract_version,
        name,
        per,
        rate,
        direction
    from {{ source('ingest', 'raw_contract_fees') }}

)

select
    partner,
    contract_version,
    name,
    per,
    rate,
    direction
from contract_fees_as_read
