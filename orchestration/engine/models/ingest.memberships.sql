with

memberships_as_read as (

    select
        partner,
        contract_id,
        plan,
        discount_percent,
        valid_from,
        valid_to,
        known_seq,
        known_from,
        known_to,
        is_opening
    from "evsettle"."ingest"."raw_memberships"

)

select
    partner,
    contract_id,
    plan,
    discount_percent,
    valid_from,
    valid_to,
    known_seq,
    known_from,
    known_to,
    is_opening
from memberships_as_read
