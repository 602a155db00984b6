with

sealed_lines_as_read as (

    select
        seal_seq,
        statement_id,
        line_no,
        kind,
        cdr_key,
        amount_excl_tax,
        tax,
        amount_incl_tax,
        currency,
        energy_kwh,
        tax_category,
        tax_percent,
        corrects
    from {{ source('ingest', 'raw_sealed_lines') }}

)

select
    seal_seq,
    statement_id,
    line_no,
    kind,
    cdr_key,
    amount_excl_tax,
    tax,
    amount_incl_tax,
    currency,
    energy_kwh,
    tax_category,
    tax_percent,
    corrects
from sealed_lines_as_read
