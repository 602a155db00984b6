with

own_parties_as_read as (

    select
        party,
        role,
        legal_name,
        country
    from "evsettle"."ingest"."raw_own_parties"

)

select
    party,
    role,
    legal_name,
    country
from own_parties_as_read
