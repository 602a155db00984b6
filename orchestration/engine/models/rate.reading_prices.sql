-- A reading of the steps differs from the base in its steps only, so it takes the base's components.
select
    price_id,
    period_no,
    sorted_no,
    part_no,
    volume,
    tariff_index,
    tariff_no,
    element_no,
    component_no,
    unit_price,
    tax_percent,
    step_size,
    amount_excl_tax,
    amount_incl_tax
from "evsettle"."rate"."period_prices"

union all

select
    step_readings.price_id,
    period_prices.period_no,
    period_prices.sorted_no,
    period_prices.part_no,
    period_prices.volume,
    period_prices.tariff_index,
    period_prices.tariff_no,
    period_prices.element_no,
    period_prices.component_no,
    period_prices.unit_price,
    period_prices.tax_percent,
    period_prices.step_size,
    period_prices.amount_excl_tax,
    period_prices.amount_incl_tax
from "evsettle"."rate"."step_readings" as step_readings
inner join "evsettle"."rate"."period_prices" as period_prices on step_readings.base_price_id = period_prices.price_id
