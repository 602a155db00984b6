with

sealed_lines_as_read as (

    select
        seal_seq,
        statement_id,
        own_party,
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
        corrects,
        session_currency,
        session_excl_tax,
        fx_source,
        fx_rate_on,
        fx_numerator,
        fx_denominator,
        term,
        contract_version,
        quantity
    from {{ source('ingest', 'raw_sealed_lines') }}

)

select
    seal_seq,
    statement_id,
    own_party,
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
    corrects,
    session_currency,
    session_excl_tax,
    fx_source,
    fx_rate_on,
    fx_numerator,
    fx_denominator,
    term,
    contract_version,
    quantity
from sealed_lines_as_read
