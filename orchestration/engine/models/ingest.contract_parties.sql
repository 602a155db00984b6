with

contract_parties_as_read as (

    select
        partner,
        contract_version,
        party
    from "evsettle"."ingest"."raw_contract_parties"

)

select
    partner,
    contract_version,
    party
from contract_parties_as_read
