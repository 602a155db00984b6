with

own_parties_as_read as (

    select
        party,
        role,
        legal_name,
        country,
        vat_id,
        is_vat_id_valid
    from {{ source('ingest', 'raw_own_parties') }}

)

select
    party,
    role,
    legal_name,
    country,
    vat_id,
    is_vat_id_valid
from own_parties_as_read
