with

document_numbers_as_read as (

    select
        seal_seq,
        number,
        kind,
        type_code,
        sequence,
        statement_id,
        party,
        partner,
        issued_on,
        due_on,
        currency,
        amount_excl_tax,
        tax,
        amount_incl_tax,
        preceding,
        supplier
    from {{ source('ingest', 'raw_documents') }}

)

select
    seal_seq,
    number,
    kind,
    type_code,
    sequence,
    statement_id,
    party,
    partner,
    issued_on,
    due_on,
    currency,
    amount_excl_tax,
    tax,
    amount_incl_tax,
    preceding,
    supplier
from document_numbers_as_read
