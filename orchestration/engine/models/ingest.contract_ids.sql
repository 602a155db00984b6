with

contract_ids_as_read as (

    select
        contract_id,
        contract_key,
        is_emaid,
        is_check_digit_right
    from "evsettle"."ingest"."raw_contract_ids"

)

select
    contract_id,
    contract_key,
    is_emaid,
    is_check_digit_right
from contract_ids_as_read
