with

tariff_components as (

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
        step_round_rule
    from {{ ref('tariff_components') }}

),

tariff_bodies as (

    select
        tariff_no,
        tax_included
    from {{ ref('tariff_bodies') }}

),

tariff_elements as (

    select
        tariff_no,
        element_no,
        reservation is not null as is_reservation
    from {{ ref('tariff_elements') }}

),

-- Two components of one dimension in one element: the first one stands.
first_components as (

    select
        tariff_no,
        element_no,
        dimension,
        min(component_no) as component_no
    from tariff_components
    group by tariff_no, element_no, dimension

),

factors as (

    select
        tariff_components.*,
        tariff_bodies.tax_included,
        case tariff_components.dimension
            when 'ENERGY' then 4
            when 'PARKING_TIME' then 6
            when 'TIME' then case when tariff_elements.is_reservation then 2 else 5 end
            else case when tariff_elements.is_reservation then 1 else 3 end
        end as part_no,
        1 + tariff_components.tax_percent * 0.01 as tax_factor,
        -- Beyond these sizes products no longer fit 38 digits; nothing that is sold comes near them.
        coalesce(
            abs(tariff_components.price) >= 10000000
            or tariff_components.tax_percent < 0
            or tariff_components.tax_percent >= 500
            or tariff_components.step_size < 0
            or tariff_components.step_size >= 1000000,
            false
        ) as is_oversized
    from tariff_components
    inner join first_components
        on
            tariff_components.tariff_no = first_components.tariff_no
            and tariff_components.element_no = first_components.element_no
            and tariff_components.dimension = first_components.dimension
            and tariff_components.component_no = first_components.component_no
    inner join tariff_bodies on tariff_components.tariff_no = tariff_bodies.tariff_no
    inner join tariff_elements
        on
            tariff_components.tariff_no = tariff_elements.tariff_no
            and tariff_components.element_no = tariff_elements.element_no

)

select
    tariff_no,
    element_no,
    component_no,
    dimension,
    cast(part_no as integer) as part_no,
    price,
    tax_percent,
    tax_included,
    cast(tax_factor as decimal(20, 10)) as tax_factor,
    case when not is_oversized then cast(price * tax_factor as decimal(19, 8)) end as gross_price,
    -- Exact at 8 places, as nearly every price is: then no product has to be rounded.
    not is_oversized and cast(price * tax_factor as decimal(27, 8)) = price * tax_factor as is_gross_price_exact,
    coalesce(step_size, 0) as step_size,
    price_round_granularity,
    price_round_rule,
    step_round_rule,
    is_oversized
from factors
