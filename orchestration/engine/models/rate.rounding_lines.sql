with

-- Gireve's extension of 2.1.1: the price of a component is rounded after all that it priced was added up.
rules as (

    select
        tariff_no,
        element_no,
        component_no,
        tax_included,
        tax_factor,
        price_round_rule,
        case price_round_granularity
            when 'UNIT' then 1
            when 'TENTH' then 10
            when 'THOUSANDTH' then 1000
            else 100
        end as units
    from "evsettle"."rate"."tariff_prices"
    where price_round_rule in ('ROUND_UP', 'ROUND_DOWN', 'ROUND_NEAR') and not is_oversized

),

reading_prices as (

    select
        price_id,
        part_no,
        tariff_index,
        tariff_no,
        element_no,
        component_no,
        amount_excl_tax,
        amount_incl_tax
    from "evsettle"."rate"."reading_prices"

),

session_steps as (

    select
        price_id,
        part_no,
        tariff_index,
        tariff_no,
        element_no,
        component_no,
        amount_excl_tax,
        amount_incl_tax
    from "evsettle"."rate"."session_steps"

),

amounts as (

    select
        reading_prices.*,
        rules.tax_included,
        rules.tax_factor,
        rules.price_round_rule,
        rules.units
    from reading_prices
    inner join rules
        on
            reading_prices.tariff_no = rules.tariff_no
            and reading_prices.element_no = rules.element_no
            and reading_prices.component_no = rules.component_no
    union all
    select
        session_steps.*,
        rules.tax_included,
        rules.tax_factor,
        rules.price_round_rule,
        rules.units
    from session_steps
    inner join rules
        on
            session_steps.tariff_no = rules.tariff_no
            and session_steps.element_no = rules.element_no
            and session_steps.component_no = rules.component_no

),

-- What the tariff's price gave: gross where tax is in the prices, else net.
sums as (

    select
        price_id,
        part_no,
        tariff_index,
        tariff_no,
        element_no,
        component_no,
        tax_included,
        tax_factor,
        price_round_rule,
        units,
        cast(
            sum(case when tax_included = 'YES' then amount_incl_tax else amount_excl_tax end) as decimal(38, 12)
        ) as amount
    from amounts
    group by
        price_id, part_no, tariff_index, tariff_no, element_no, component_no,
        tax_included, tax_factor, price_round_rule, units

),

rounded as (

    select
        *,
        case price_round_rule
            when 'ROUND_UP' then ceil(amount * units)
            when 'ROUND_DOWN' then floor(amount * units)
            else round(amount * units, 0)
        end as rounded_units
    from sums

),

moved as (

    select
        *,
        cast(
            decimal_division(
        cast(rounded_units as decimal(30, 16)),
        nullif(cast(units as decimal(38, 8)), 0),
        16
    ) - cast(amount as decimal(38, 16)) as decimal(38, 16)
        ) as amount_moved
    from rounded

)

select
    price_id,
    part_no,
    tariff_index,
    tariff_no,
    element_no,
    component_no,
    cast(
        case when tax_included = 'YES' then decimal_division(
        cast(amount_moved as decimal(30, 16)),
        nullif(cast(tax_factor as decimal(38, 8)), 0),
        16
    ) else amount_moved end
        as decimal(38, 16)
    ) as amount_excl_tax,
    cast(
        case
            when tax_included in ('YES', 'N/A') then amount_moved
            else cast(cast(amount_moved as decimal(38, 14)) * cast(tax_factor as decimal(12, 8)) as decimal(38, 16))
        end
        as decimal(38, 16)
    ) as amount_incl_tax
from moved
where amount_moved <> 0
