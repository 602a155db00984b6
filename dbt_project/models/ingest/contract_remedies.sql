with

contract_remedies_as_read as (

    select
        partner,
        contract_version,
        rule_id,
        limit_excl_tax
    from {{ source('ingest', 'raw_contract_remedies') }}

)

select
    partner,
    contract_version,
    rule_id,
    limit_excl_tax
from contract_remedies_as_read
