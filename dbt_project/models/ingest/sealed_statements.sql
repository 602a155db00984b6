with

sealed_statements_as_read as (

    select
        seal_seq,
        statement_id,
        partner,
        period,
        direction,
        currency,
        sessions,
        energy_kwh,
        amount_excl_tax,
        tax,
        amount_incl_tax,
        sessions_unknown_energy,
        content_sha256,
        adjustment_no
    from {{ source('ingest', 'raw_sealed_statements') }}

)

select
    seal_seq,
    statement_id,
    partner,
    period,
    direction,
    currency,
    sessions,
    energy_kwh,
    amount_excl_tax,
    tax,
    amount_incl_tax,
    sessions_unknown_energy,
    content_sha256,
    adjustment_no
from sealed_statements_as_read
