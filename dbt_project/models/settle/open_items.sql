with

items as (

    select
        item_id,
        kind,
        direction,
        partner,
        party,
        period,
        statement_id,
        settlement_id,
        settled_with,
        paid_as,
        currency,
        issued_on,
        due_on,
        amount
    from {{ ref('billed_items') }}

),

allocations as (

    select
        item_id,
        sum(case when direction = 'receivable' then amount else -amount end) as paid,
        max(booked_on) as last_paid_on
    from {{ ref('payment_allocations') }}
    where item_id is not null
    group by item_id

),

disputed as (

    select
        statement_id,
        party,
        sum(case when role = 'disputed_receivable' then amount else -amount end) as disputed
    from {{ ref('dispute_postings') }}
    where role in ('disputed_receivable', 'disputed_payable')
    group by statement_id, party

),

balances as (

    select
        items.*,
        coalesce(allocations.paid, 0) as paid,
        allocations.last_paid_on,
        coalesce(disputed.disputed, 0) as disputed,
        items.amount - coalesce(allocations.paid, 0) as open_amount
    from items
    left join allocations on items.item_id = allocations.item_id
    left join disputed on items.statement_id = disputed.statement_id and items.party = disputed.party

)

select
    item_id,
    kind,
    direction,
    partner,
    party,
    period,
    statement_id,
    settlement_id,
    settled_with,
    paid_as,
    currency,
    issued_on,
    due_on,
    amount,
    cast(paid as decimal(18, 2)) as paid,
    cast(disputed as decimal(18, 2)) as disputed,
    cast(open_amount as decimal(18, 2)) as open_amount,
    case
        when open_amount = 0 then 'paid'
        when open_amount * amount < 0 then 'overpaid'
        when paid <> 0 then 'part_paid'
        else 'open'
    end as status,
    last_paid_on
from balances
