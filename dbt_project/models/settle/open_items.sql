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
        sum(case when role = 'disputed_receivable' then amount else -amount end) as disputed
    from {{ ref('dispute_postings') }}
    where role in ('disputed_receivable', 'disputed_payable')
    group by statement_id

),

run as (

    select max(as_of) as as_of
    from {{ ref('settlement_run') }}

),

local_days as (

    select
        day,
        starts_at,
        is_working,
        working_day_no,
        lead(starts_at) over (order by day) as ends_at
    from {{ ref('local_days') }}

),

today as (

    select local_days.day
    from run
    inner join local_days on run.as_of >= local_days.starts_at and run.as_of < local_days.ends_at

),

working_days as (

    select
        working_day_no,
        min(day) as day
    from local_days
    where is_working
    group by working_day_no

),

balances as (

    select
        items.*,
        today.day as today,
        coalesce(allocations.paid, 0) as paid,
        allocations.last_paid_on,
        coalesce(disputed.disputed, 0) as disputed,
        items.amount - coalesce(allocations.paid, 0) as open_amount,
        -- Money moves on working days: what falls due on another one comes on the next.
        case when items.due_on < today.day then today.day else items.due_on end as next_on
    from items
    cross join today
    left join allocations on items.item_id = allocations.item_id
    left join disputed on items.statement_id = disputed.statement_id

)

select
    balances.item_id,
    balances.kind,
    balances.direction,
    balances.partner,
    balances.party,
    balances.period,
    balances.statement_id,
    balances.currency,
    balances.issued_on,
    balances.due_on,
    balances.amount,
    cast(balances.paid as decimal(18, 2)) as paid,
    cast(balances.disputed as decimal(18, 2)) as disputed,
    cast(balances.open_amount as decimal(18, 2)) as open_amount,
    -- Neither paid nor disputed.
    cast(balances.open_amount - balances.disputed as decimal(18, 2)) as due_amount,
    case
        when balances.open_amount = 0 then 'paid'
        when balances.open_amount * balances.amount < 0 then 'overpaid'
        when balances.paid <> 0 then 'part_paid'
        else 'open'
    end as status,
    case
        when balances.open_amount = 0 then 'paid'
        when balances.due_on is null or balances.due_on >= balances.today then 'not_due'
        when balances.due_on >= {{ add_days('balances.today', '-30') }} then '1-30'
        when balances.due_on >= {{ add_days('balances.today', '-60') }} then '31-60'
        when balances.due_on >= {{ add_days('balances.today', '-90') }} then '61-90'
        else 'over_90'
    end as bucket,
    cast({{ epoch_days('balances.today') }} - {{ epoch_days('balances.due_on') }} as integer) as days_overdue,
    balances.last_paid_on,
    case when balances.open_amount <> 0 then working_days.day end as expected_on
from balances
left join local_days on balances.next_on = local_days.day
left join working_days
    on
        local_days.working_day_no + case when local_days.is_working then 0 else 1 end = working_days.working_day_no
