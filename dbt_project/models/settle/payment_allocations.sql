with recursive

payments as (

    select
        payment_id,
        party,
        partner,
        booked_on,
        currency,
        amount
    from {{ ref('payments') }}

),

items as (

    select
        item_id,
        direction,
        partner,
        currency,
        amount
    from {{ ref('billed_items') }}

),

named_items as (

    select
        payment_id,
        item_id,
        partner,
        currency,
        flow_no,
        side,
        amount,
        is_named,
        due_on,
        disputed
    from {{ ref('named_items') }}

),

flows as (

    select distinct
        payment_id,
        partner,
        currency,
        flow_no,
        side,
        amount
    from named_items

),

-- The payments of a partner one after the other: what one has paid is not there for the next.
paid as (

    select
        partner,
        currency,
        0 as flow_no,
        item_id,
        cast(null as varchar) as payment_id,
        -- What it brings us: what is payable takes away.
        cast(case when direction = 'receivable' then amount else -amount end as decimal(18, 2)) as left_over,
        cast(0 as decimal(18, 2)) as share
    from items

    union all

    (
        with

        -- Along with the payment or against it, and what of it nobody disputes.
        sides as (

            select
                paid.partner,
                paid.currency,
                flows.flow_no,
                paid.item_id,
                flows.payment_id,
                paid.left_over,
                flows.side,
                flows.amount,
                coalesce(named_items.is_named, false) as is_named,
                named_items.due_on,
                case
                    when named_items.item_id is null then 0
                    else
                        flows.side * case
                            when paid.left_over > 0 then greatest(paid.left_over - greatest(named_items.disputed, 0), 0)
                            else least(paid.left_over - least(named_items.disputed, 0), 0)
                        end
                end as plain,
                case when named_items.item_id is null then 0 else flows.side * paid.left_over end as whole
            from paid
            inner join flows
                on
                    paid.partner = flows.partner
                    and paid.currency = flows.currency
                    and paid.flow_no + 1 = flows.flow_no
            left join named_items
                on flows.payment_id = named_items.payment_id and paid.item_id = named_items.item_id

        ),

        parts as (

            select
                *,
                greatest(plain, 0) as undisputed,
                greatest(whole, 0) - greatest(plain, 0) as disputed,
                greatest(-plain, 0) as against
            from sides

        ),

        spans as (

            select
                *,
                sum(undisputed) over (partition by partner, currency) as undisputed_sum,
                sum(case when is_named then undisputed else 0 end) over (partition by partner, currency) as named_sum,
                sum(disputed) over (partition by partner, currency) as disputed_sum,
                sum(against) over (partition by partner, currency) as against_sum,
                sum(undisputed) over (
                    partition by partner, currency
                    order by is_named desc, due_on asc, item_id asc
                    rows between unbounded preceding and current row
                ) - undisputed as undisputed_before,
                sum(disputed) over (
                    partition by partner, currency
                    order by is_named desc, due_on asc, item_id asc
                    rows between unbounded preceding and current row
                ) - disputed as disputed_before,
                sum(against) over (
                    partition by partner, currency
                    order by is_named desc, due_on asc, item_id asc
                    rows between unbounded preceding and current row
                ) - against as against_before,
                row_number() over (
                    partition by partner, currency
                    order by
                        is_named desc,
                        case when undisputed + disputed > 0 then 0 else 1 end asc,
                        due_on desc,
                        item_id desc
                ) as last_no
            from parts

        ),

        -- What the payer took off counts as if it had come in, as far as it takes to pay what is named.
        sums as (

            select
                *,
                greatest(least(named_sum - amount, against_sum), 0) as taken_off,
                amount + greatest(least(named_sum - amount, against_sum), 0) as comes_in
            from spans

        ),

        -- What nobody disputes comes first, then what is disputed, and whatever is left is of the last one.
        shares as (

            select
                *,
                cast(
                    side * (
                        least(greatest(comes_in - undisputed_before, 0), undisputed)
                        + least(greatest(comes_in - undisputed_sum - disputed_before, 0), disputed)
                        - least(greatest(taken_off - against_before, 0), against)
                        + case
                            when last_no = 1 then greatest(comes_in - undisputed_sum - disputed_sum, 0)
                            else 0
                        end
                    ) as decimal(18, 2)
                ) as share
            from sums

        )

        select
            partner,
            currency,
            flow_no,
            item_id,
            payment_id,
            cast(left_over - share as decimal(18, 2)) as left_over,
            share
        from shares
    )

)

select
    payments.payment_id,
    paid.item_id,
    items.direction,
    coalesce(items.partner, payments.partner) as partner,
    payments.party,
    payments.booked_on,
    payments.currency,
    cast(coalesce(paid.share, payments.amount) as decimal(18, 2)) as amount
from payments
left join paid on payments.payment_id = paid.payment_id and paid.share <> 0
left join items on paid.item_id = items.item_id
