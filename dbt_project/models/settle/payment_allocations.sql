with

payments as (

    select
        payment_id,
        party,
        partner,
        booked_on,
        currency,
        amount,
        reference_key,
        case when amount < 0 then -1 else 1 end as side
    from {{ ref('payments') }}

),

items as (

    select
        item_id,
        item_key,
        direction,
        partner,
        currency,
        due_on,
        -- What it brings us: what is payable takes away.
        case when direction = 'receivable' then amount else -amount end as amount
    from {{ ref('billed_items') }}

),

named as (

    select
        payments.payment_id,
        payments.side,
        payments.amount as payment_amount,
        items.item_id,
        items.item_key,
        items.direction,
        items.partner,
        items.due_on,
        payments.side * items.amount as along
    from payments
    inner join items
        on
            payments.currency = items.currency
            and payments.reference_key like '%' || items.item_key || '%'

),

-- 2026-10-emo-R-EUR stands in 2026-10-emo-R-EUR-A1 too: the longer name is the one that was written.
chosen as (

    select named.*
    from named
    left join named as longer
        on
            named.payment_id = longer.payment_id
            and named.item_key <> longer.item_key
            and longer.item_key like '%' || named.item_key || '%'
    where longer.payment_id is null

),

-- What the payer took off comes first, then what falls due first; whatever is left is of the last one.
ordered as (

    select
        *,
        row_number() over (
            partition by payment_id
            order by case when along < 0 then 0 else 1 end asc, due_on asc, item_id asc
        ) as item_no,
        count(*) over (partition by payment_id) as items,
        sum(case when along < 0 then along else 0 end) over (partition by payment_id) as taken_off
    from chosen

),

running as (

    select
        *,
        sum(case when along > 0 then along else 0 end) over (
            partition by payment_id
            order by item_no
            rows between unbounded preceding and current row
        ) as so_far
    from ordered

),

shares as (

    select
        *,
        case
            when along < 0 then along
            else
                greatest(
                    least(along, side * payment_amount - taken_off - (so_far - along)), 0
                )
        end as share
    from running
    where item_no < items

),

given as (

    select
        payment_id,
        sum(share) as share
    from shares
    group by payment_id

),

allocated as (

    select
        payment_id,
        item_id,
        side * share as amount
    from shares

    union all

    select
        running.payment_id,
        running.item_id,
        running.payment_amount - running.side * coalesce(given.share, 0) as amount
    from running
    left join given on running.payment_id = given.payment_id
    where running.item_no = running.items

)

select
    payments.payment_id,
    allocated.item_id,
    items.direction,
    coalesce(items.partner, payments.partner) as partner,
    payments.party,
    payments.booked_on,
    payments.currency,
    cast(coalesce(allocated.amount, payments.amount) as decimal(18, 2)) as amount
from payments
left join allocated on payments.payment_id = allocated.payment_id and allocated.amount <> 0
left join items on allocated.item_id = items.item_id
