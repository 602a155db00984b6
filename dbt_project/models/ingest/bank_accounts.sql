with

bank_accounts_as_read as (

    select
        owner,
        is_ours,
        iban,
        bic,
        holder,
        creditor_id,
        method,
        mandate_id,
        mandate_signed_on
    from {{ source('ingest', 'raw_bank_accounts') }}

)

select
    owner,
    is_ours,
    iban,
    bic,
    holder,
    creditor_id,
    method,
    mandate_id,
    mandate_signed_on
from bank_accounts_as_read
