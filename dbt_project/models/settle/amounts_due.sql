with

items as (

    select
        item_id,
        kind,
        direction,
        party,
        settled_with,
        paid_as,
        issued_on,
        due_on,
        case when direction = 'receivable' then 1 else -1 end as sign,
        amount,
        paid,
        disputed,
        last_paid_on
    from {{ ref('open_items') }}

),

settlements as (

    select
        settlement_id,
        partner,
        period,
        currency,
        side,
        status,
        carried_out
    from {{ ref('settlements') }}

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

-- What it brings us: what is payable takes away.
sums as (

    select
        paid_as,
        max(settled_with) as settled_with,
        count(*) as items,
        min(item_id) as item_id,
        min(kind) as kind,
        rtrim({{ ordered_text("item_id || ' '", 'item_id') }}) as documents,
        min(case when sign = 1 then party end) as receiving_party,
        min(case when sign = -1 then party end) as paying_party,
        max(issued_on) as issued_on,
        max(due_on) as due_on,
        max(last_paid_on) as last_paid_on,
        sum(sign * amount) as amount,
        sum(sign * paid) as paid,
        sum(sign * disputed) as disputed,
        sum(sign * (amount - paid)) as open_amount,
        sum(sign * (amount - paid - disputed)) as due_amount
    from items
    group by paid_as

),

sides as (

    select
        sums.*,
        settlements.partner,
        settlements.period,
        settlements.currency,
        -- What is carried, or settled with drafts, is not due before those are sealed.
        settlements.carried_out <> 0 or settlements.status <> 'sealed' as is_waiting,
        case
            when settlements.side = 'R' then 1
            when settlements.side = 'P' then -1
            when sums.due_amount <> 0 then sign(sums.due_amount)
            when sums.amount < 0 then -1
            else 1
        end as side
    from sums
    inner join settlements on sums.settled_with = settlements.settlement_id

),

balances as (

    select
        sides.*,
        today.day as today,
        case when sides.is_waiting then null else sides.due_on end as falls_due_on,
        -- Money moves on working days: what falls due on another one comes on the next.
        case
            when sides.is_waiting then null
            when sides.due_on < today.day then today.day
            else sides.due_on
        end as next_on
    from sides
    cross join today

)

select
    case when balances.items = 1 then balances.item_id else balances.paid_as end as due_id,
    balances.paid_as,
    balances.settled_with as settlement_id,
    case when balances.items = 1 then balances.kind else 'settlement' end as kind,
    case when balances.side = 1 then 'receivable' else 'payable' end as direction,
    balances.partner,
    coalesce(
        case when balances.side = 1 then balances.receiving_party else balances.paying_party end,
        balances.receiving_party,
        balances.paying_party
    ) as party,
    balances.period,
    balances.documents,
    balances.currency,
    balances.issued_on,
    balances.falls_due_on as due_on,
    cast(balances.side * balances.amount as decimal(18, 2)) as amount,
    cast(balances.side * balances.paid as decimal(18, 2)) as paid,
    cast(balances.side * balances.disputed as decimal(18, 2)) as disputed,
    cast(balances.side * balances.open_amount as decimal(18, 2)) as open_amount,
    cast(balances.side * balances.due_amount as decimal(18, 2)) as due_amount,
    case
        when balances.open_amount = 0 then 'paid'
        when balances.is_waiting then 'carried'
        when balances.amount = 0 or balances.open_amount * balances.amount < 0 then 'overpaid'
        when balances.paid <> 0 then 'part_paid'
        else 'open'
    end as status,
    case
        when balances.open_amount = 0 then 'paid'
        when balances.falls_due_on is null or balances.falls_due_on >= balances.today then 'not_due'
        when balances.falls_due_on >= {{ add_days('balances.today', '-30') }} then '1-30'
        when balances.falls_due_on >= {{ add_days('balances.today', '-60') }} then '31-60'
        when balances.falls_due_on >= {{ add_days('balances.today', '-90') }} then '61-90'
        else 'over_90'
    end as bucket,
    cast({{ epoch_days('balances.today') }} - {{ epoch_days('balances.falls_due_on') }} as integer) as days_overdue,
    balances.last_paid_on,
    case when balances.open_amount <> 0 then working_days.day end as expected_on
from balances
left join local_days on balances.next_on = local_days.day
left join working_days
    on
        local_days.working_day_no + case when local_days.is_working then 0 else 1 end = working_days.working_day_no
