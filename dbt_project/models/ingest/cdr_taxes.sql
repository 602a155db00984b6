with

cdr_taxes_as_read as (

    select
        record_id,
        part,
        tax_no,
        tax_name,
        account_number,
        tax_percent,
        tax_amount
    from {{ source('ingest', 'raw_cdr_taxes') }}

)

select
    record_id,
    part,
    tax_no,
    tax_name,
    account_number,
    tax_percent,
    tax_amount
from cdr_taxes_as_read
