with

contract_fees_as_read as (

    select
        partner,
        contract_version,
        fee_no,
        name,
        per,
        rate,
        charged_on
    from {{ source('ingest', 'raw_contract_fees') }}

)

select
    partner,
    contract_version,
    fee_no,
    name,
    per,
    rate,
    charged_on
from contract_fees_as_read
