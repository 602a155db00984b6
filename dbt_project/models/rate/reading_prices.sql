{% set columns = [
    'period_no', 'sorted_no', 'part_no', 'volume', 'tariff_index', 'tariff_no', 'element_no', 'component_no',
    'unit_price', 'tax_percent', 'step_size', 'amount_excl_tax', 'amount_incl_tax'
] %}
-- A reading of the steps differs from the base in its steps only, so it takes the base's components.
select
    price_id,
    {{ columns | join(',\n    ') }}
from {{ ref('period_prices') }}

union all

select
    step_readings.price_id,
    period_prices.{{ columns | join(',\n    period_prices.') }}
from {{ ref('step_readings') }} as step_readings
inner join {{ ref('period_prices') }} as period_prices on step_readings.base_price_id = period_prices.price_id
