with

sealed_fates_as_read as (

    select
        seal_seq,
        record_id,
        cdr_key,
        partner,
        period,
        direction,
        currency,
        fate,
        energy_kwh,
        claimed_excl_tax
    from {{ source('ingest', 'raw_sealed_fates') }}

)

select
    seal_seq,
    record_id,
    cdr_key,
    partner,
    period,
    direction,
    currency,
    fate,
    energy_kwh,
    claimed_excl_tax
from sealed_fates_as_read
