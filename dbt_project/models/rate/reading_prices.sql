-- A reading of the steps differs from the base in its steps only, so it takes the base's components.
select
    price_id,
    period_no,
    sorted_no,
    part,
    dimension,
    volume,
    tariff_id,
    tariff_index,
    tariff_version,
    tariff_no,
    element_no,
    component_no,
    unit_price,
    tax_percent,
    tax_included,
    step_size,
    step_round_rule,
    is_clock_assumed,
    is_flow_assumed,
    amount_excl_tax,
    amount_incl_tax
from {{ ref('period_prices') }}

union all

select
    step_readings.price_id,
    period_prices.period_no,
    period_prices.sorted_no,
    period_prices.part,
    period_prices.dimension,
    period_prices.volume,
    period_prices.tariff_id,
    period_prices.tariff_index,
    period_prices.tariff_version,
    period_prices.tariff_no,
    period_prices.element_no,
    period_prices.component_no,
    period_prices.unit_price,
    period_prices.tax_percent,
    period_prices.tax_included,
    period_prices.step_size,
    period_prices.step_round_rule,
    period_prices.is_clock_assumed,
    period_prices.is_flow_assumed,
    period_prices.amount_excl_tax,
    period_prices.amount_incl_tax
from {{ ref('step_readings') }} as step_readings
inner join {{ ref('period_prices') }} as period_prices on step_readings.base_price_id = period_prices.price_id
