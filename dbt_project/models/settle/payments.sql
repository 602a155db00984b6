with

bank_payments as (

    select
        record_id,
        payment_no,
        replace(upper(account_iban), ' ', '') as account_iban,
        booked_on,
        value_on,
        currency,
        amount,
        is_credit,
        counterparty_name,
        replace(upper(counterparty_iban), ' ', '') as counterparty_iban,
        end_to_end_id,
        reference,
        remittance,
        reference_key,
        bank_reference
    from {{ ref('bank_payments') }}

),

accounts as (

    select
        owner,
        is_ours,
        iban
    from {{ ref('bank_accounts') }}

),

partner_accounts as (

    select
        iban,
        min(owner) as partner
    from accounts
    where not is_ours
    group by iban
    having count(*) = 1

),

our_accounts as (

    select
        iban,
        min(owner) as party
    from accounts
    where is_ours
    group by iban

),

-- Statements overlap: a transaction that its bank tells twice came once.
ranked as (

    select
        *,
        row_number() over (
            partition by
                account_iban,
                coalesce(bank_reference, cast(record_id as varchar)),
                payment_no,
                booked_on,
                currency,
                amount,
                is_credit
            order by record_id
        ) as telling
    from bank_payments

)

select
    cast(ranked.record_id as varchar) || '-' || cast(ranked.payment_no as varchar) as payment_id,
    ranked.record_id,
    our_accounts.party,
    partner_accounts.partner,
    ranked.account_iban,
    ranked.booked_on,
    ranked.value_on,
    ranked.currency,
    cast(case when ranked.is_credit then ranked.amount else -ranked.amount end as decimal(18, 2)) as amount,
    ranked.counterparty_name,
    ranked.counterparty_iban,
    ranked.end_to_end_id,
    ranked.reference,
    ranked.remittance,
    ranked.reference_key,
    ranked.bank_reference
from ranked
-- Inner on purpose: a statement of somebody else's account moves nothing in our books.
inner join our_accounts on ranked.account_iban = our_accounts.iban
left join partner_accounts on ranked.counterparty_iban = partner_accounts.iban
where ranked.telling = 1
