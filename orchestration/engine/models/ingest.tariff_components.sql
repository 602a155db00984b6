with

tariff_components_as_read as (

    select
        tariff_no,
        element_no,
        component_no,
        dimension,
        price,
        tax_percent,
        step_size,
        price_round_granularity,
        price_round_rule,
        step_round_granularity,
        step_round_rule
    from "evsettle"."ingest"."raw_tariff_components"

)

select
    tariff_no,
    element_no,
    component_no,
    dimension,
    price,
    tax_percent,
    step_size,
    price_round_granularity,
    price_round_rule,
    step_round_granularity,
    step_round_rule
from tariff_components_as_read
