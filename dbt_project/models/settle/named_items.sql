{%- set name_key -%}
    upper(replace(replace(replace(name, '-', ''), '_', ''), '/', ''))
{%- endset -%}
with

payments as (

    select
        payment_id,
        party,
        partner,
        booked_on,
        currency,
        amount,
        reference_key
    from {{ ref('payments') }}

),

items as (

    select
        item_id,
        partner,
        party,
        statement_id,
        settlement_id,
        settled_with,
        paid_as,
        currency,
        coalesce(due_on, date '9999-12-31') as due_on
    from {{ ref('billed_items') }}

),

disputed as (

    select
        statement_id,
        party,
        booked_on,
        sum(amount) as amount
    from {{ ref('dispute_postings') }}
    where role in ('disputed_receivable', 'disputed_payable')
    group by statement_id, party, booked_on

),

-- A payer names a document, or the settlement that it belongs to.
names as (

    select
        item_id,
        partner,
        currency,
        paid_as,
        {{ name_key }} as name_key
    from (
        select
            item_id,
            partner,
            currency,
            paid_as,
            item_id as name
        from items

        union

        select
            item_id,
            partner,
            currency,
            paid_as,
            settlement_id as name
        from items

        union

        select
            item_id,
            partner,
            currency,
            paid_as,
            settled_with as name
        from items

        union

        select
            item_id,
            partner,
            currency,
            paid_as,
            paid_as as name
        from items
    ) as told

),

found as (

    select
        payments.payment_id,
        payments.partner as payer,
        names.item_id,
        names.partner,
        names.paid_as,
        names.name_key
    from payments
    inner join names
        on
            payments.currency = names.currency
            and payments.reference_key like '%' || names.name_key || '%'

),

-- 2026-10-emo-P-EUR stands in 2026-10-emo-P-EUR-A1 too: it is named where it stands once more.
meant as (

    select
        found.payment_id,
        found.payer,
        found.item_id,
        found.partner,
        found.paid_as
    from found
    inner join payments on found.payment_id = payments.payment_id
    left join found as longer
        on
            found.payment_id = longer.payment_id
            and found.name_key <> longer.name_key
            and longer.name_key like '%' || found.name_key || '%'
            and replace(payments.reference_key, longer.name_key, '') not like '%' || found.name_key || '%'
    where longer.payment_id is null

),

-- A payment is of one partner: of the one whose account it moved to or from, if what it names is theirs.
owners as (

    select
        payment_id,
        coalesce(max(case when partner = payer then partner end), min(partner)) as partner
    from meant
    group by payment_id

),

named as (

    select distinct
        meant.payment_id,
        meant.item_id,
        meant.paid_as
    from meant
    inner join owners on meant.payment_id = owners.payment_id and meant.partner = owners.partner

),

flows as (

    select
        payments.payment_id,
        payments.currency,
        payments.booked_on,
        owners.partner,
        case when payments.amount < 0 then -1 else 1 end as side,
        abs(payments.amount) as amount,
        row_number() over (
            partition by owners.partner, payments.currency
            order by payments.booked_on asc, payments.payment_id asc
        ) as flow_no
    from payments
    inner join owners on payments.payment_id = owners.payment_id

),

-- What it names, and what is paid as one sum with that.
candidates as (

    select
        flows.payment_id,
        flows.flow_no,
        flows.partner,
        flows.currency,
        flows.side,
        flows.amount,
        items.item_id,
        items.due_on,
        max(case when named.item_id = items.item_id then 1 else 0 end) as is_named
    from flows
    inner join named on flows.payment_id = named.payment_id
    inner join items on named.paid_as = items.paid_as
    group by
        flows.payment_id,
        flows.flow_no,
        flows.partner,
        flows.currency,
        flows.side,
        flows.amount,
        items.item_id,
        items.due_on

),

apart as (

    select
        candidates.payment_id,
        candidates.item_id,
        sum(disputed.amount) as amount
    from candidates
    inner join items on candidates.item_id = items.item_id
    inner join flows on candidates.payment_id = flows.payment_id
    inner join disputed
        on
            items.statement_id = disputed.statement_id
            and items.party = disputed.party
            and flows.booked_on >= disputed.booked_on
    group by candidates.payment_id, candidates.item_id

)

select
    candidates.payment_id,
    candidates.item_id,
    candidates.partner,
    candidates.currency,
    cast(candidates.flow_no as integer) as flow_no,
    cast(candidates.side as integer) as side,
    cast(candidates.amount as decimal(18, 2)) as amount,
    candidates.is_named = 1 as is_named,
    candidates.due_on,
    cast(coalesce(apart.amount, 0) as decimal(18, 2)) as disputed
from candidates
left join apart on candidates.payment_id = apart.payment_id and candidates.item_id = apart.item_id
