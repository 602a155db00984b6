with

work as (

    select cdr_key
    from {{ ref('work') }}

),

discounts as (

    select
        cdr_key,
        discount_no,
        granted_by,
        plan,
        discount_percent
    from {{ ref('session_discounts') }}

),

prices as (

    select
        cdr_key,
        currency,
        total_excl_tax
    from {{ ref('price_totals') }}
    where reading = 'base' and is_priced and total_excl_tax is not null

)

select
    discounts.cdr_key,
    discounts.discount_no as line_no,
    'discount' as kind,
    discounts.granted_by,
    discounts.plan,
    discounts.discount_percent,
    prices.currency,
    {{ discount_amount('prices.total_excl_tax', 'discounts.discount_percent') }} as amount_excl_tax
from discounts
inner join work on discounts.cdr_key = work.cdr_key
-- Without a price there is nothing to take a share of.
inner join prices on discounts.cdr_key = prices.cdr_key
