with

allocations as (

    select
        payment_id,
        item_id,
        direction,
        partner,
        party,
        booked_on,
        currency,
        amount
    from {{ ref('payment_allocations') }}

),

items as (

    select
        item_id,
        statement_id,
        case when kind = 'statement' then null else item_id end as document_number
    from {{ ref('billed_items') }}

),

payments as (

    select
        payment_id,
        min(partner) as partner,
        min(party) as party,
        min(booked_on) as booked_on,
        min(currency) as currency,
        sum(amount) as amount
    from allocations
    group by payment_id

),

postings as (

    select
        payment_id,
        partner,
        party,
        booked_on,
        currency,
        'bank' as role,
        cast(null as varchar) as statement_id,
        cast(null as varchar) as document_number,
        amount
    from payments

    union all

    select
        allocations.payment_id,
        allocations.partner,
        allocations.party,
        allocations.booked_on,
        allocations.currency,
        coalesce(allocations.direction, 'unallocated') as role,
        items.statement_id,
        items.document_number,
        -allocations.amount as amount
    from allocations
    left join items on allocations.item_id = items.item_id

)

select
    'payment:' || payment_id as entry_id,
    'payment' as entry_kind,
    booked_on,
    -- A payment is of the month in which the bank booked it, whatever it pays.
    substring(cast(booked_on as varchar), 1, 7) as period,
    party,
    partner,
    currency,
    statement_id,
    document_number,
    role,
    cast(amount as decimal(18, 2)) as amount
from postings
