with

bank_payments_as_read as (

    select
        record_id,
        payment_no,
        account_iban,
        booked_on,
        value_on,
        currency,
        amount,
        is_credit,
        counterparty_name,
        counterparty_iban,
        end_to_end_id,
        reference,
        remittance,
        reference_key,
        bank_reference
    from {{ source('ingest', 'raw_payments') }}

)

select
    record_id,
    payment_no,
    account_iban,
    booked_on,
    value_on,
    currency,
    amount,
    is_credit,
    counterparty_name,
    counterparty_iban,
    end_to_end_id,
    reference,
    remittance,
    reference_key,
    bank_reference
from bank_payments_as_read
