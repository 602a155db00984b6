{%- set part = 'cast(items.paid as decimal(18, 2)) * cast(sites.amount_incl_tax as decimal(18, 8))' -%}
with

items as (

    select
        items.item_id,
        items.statement_id,
        items.party,
        items.partner,
        items.period,
        items.direction,
        items.currency,
        items.amount,
        items.paid
    from {{ ref('open_items') }} as items

),

sites as (

    select
        lines.statement_id,
        lines.own_party,
        coalesce(cdrs.location_id, '-') as location_id,
        sum(lines.amount_excl_tax + coalesce(lines.tax, 0)) as amount_incl_tax
    from {{ ref('statement_lines') }} as lines
    left join {{ ref('cdr_outcomes') }} as cdrs on lines.cdr_key = cdrs.cdr_key
    group by lines.statement_id, lines.own_party, coalesce(cdrs.location_id, '-')

),

-- A payment is of a whole document: each site's part of it is that of its amount, in cents.
shares as (

    select
        items.item_id,
        items.statement_id,
        items.partner,
        items.period,
        items.direction,
        items.currency,
        sites.location_id,
        {{ in_cents(decimal_division(part, 'items.amount', whole=20, divisor_places=2)) }} as paid
    from items
    inner join sites on items.statement_id = sites.statement_id and items.party = sites.own_party
    where items.amount <> 0

),

-- What that leaves is of no site.
rests as (

    select
        items.item_id,
        items.paid - coalesce(sum(shares.paid), 0) as paid
    from items
    left join shares on items.item_id = shares.item_id
    group by items.item_id, items.paid

)

select
    item_id,
    statement_id,
    partner,
    period,
    direction,
    currency,
    location_id,
    paid
from shares
where paid <> 0

union all

select
    items.item_id,
    items.statement_id,
    items.partner,
    items.period,
    items.direction,
    items.currency,
    '-' as location_id,
    cast(rests.paid as decimal(18, 2)) as paid
from items
inner join rests on items.item_id = rests.item_id
where rests.paid <> 0
