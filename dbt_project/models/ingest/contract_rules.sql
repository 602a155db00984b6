with

contract_rules_as_read as (

    select
        partner,
        contract_version,
        rule_id,
        severity,
        tolerance,
        second_tolerance
    from {{ source('ingest', 'raw_contract_rules') }}

)

select
    partner,
    contract_version,
    rule_id,
    severity,
    tolerance,
    second_tolerance
from contract_rules_as_read
