{#- Each part with its numbers and their bits. -#}
{% set parts = [
    ('fixed', '(3)', 4), ('energy', '(4)', 8), ('time', '(5)', 16), ('parking', '(6)', 32), ('reservation', '(1, 2)', 3),
    ('limit', '(7)', 64)
] %}
with

part_prices as (

    select
        price_id,
        part_no,
        is_divided,
        amount_excl_tax,
        amount_incl_tax,
        half_up_excl_tax,
        half_even_excl_tax
    from {{ ref('part_prices') }}

),

step_readings as (

    select
        price_id,
        base_price_id
    from {{ ref('step_readings') }}

),

session_steps as (

    select
        price_id,
        part_no,
        is_divided,
        amount_excl_tax,
        amount_incl_tax
    from {{ ref('session_steps') }}

),

rounding_lines as (

    select
        price_id,
        part_no,
        true as is_divided,
        amount_excl_tax,
        amount_incl_tax
    from {{ ref('rounding_lines') }}

),

limit_lines as (

    select
        price_id,
        7 as part_no,
        true as is_divided,
        amount_excl_tax,
        amount_incl_tax
    from {{ ref('limit_lines') }}

),

added_lines as (

    select *
    from session_steps
    union all
    select *
    from rounding_lines
    union all
    select *
    from limit_lines

),

rounded_lines as (

    select
        *,
        {{ half_even('amount_excl_tax', 2) }} as half_even_excl_tax
    from added_lines

),

-- Of the periods' lines only the sums of each part, and of the lines that are added once each one itself.
amounts as (

    select
        price_id,
        part_no,
        is_divided,
        amount_excl_tax,
        amount_incl_tax,
        half_up_excl_tax,
        half_even_excl_tax
    from part_prices
    union all
    select
        step_readings.price_id,
        part_prices.part_no,
        part_prices.is_divided,
        part_prices.amount_excl_tax,
        part_prices.amount_incl_tax,
        part_prices.half_up_excl_tax,
        part_prices.half_even_excl_tax
    from step_readings
    inner join part_prices on step_readings.base_price_id = part_prices.price_id
    union all
    select
        price_id,
        part_no,
        is_divided,
        amount_excl_tax,
        amount_incl_tax,
        {{ half_up('amount_excl_tax', 'half_even_excl_tax', 2) }} as half_up_excl_tax,
        half_even_excl_tax
    from rounded_lines

),

bits as (

    select
        *,
        case part_no
            {%- for part_no in range(1, 8) %}
                when {{ part_no }} then {{ 2 ** (part_no - 1) }}
            {%- endfor %}
        end as part_bit
    from amounts

),

-- A bit a part tells which have a line, an unknown one, a division.
sums as (

    select
        price_id,
        bit_or(part_bit) as parts_there,
        bit_or(case when amount_excl_tax is null then part_bit else 0 end) as parts_net_unknown,
        bit_or(case when amount_incl_tax is null then part_bit else 0 end) as parts_gross_unknown,
        bit_or(case when is_divided then part_bit else 0 end) as parts_divided,
        sum(half_even_excl_tax) as half_even_excl_tax,
        sum(half_up_excl_tax) as half_up_excl_tax,
    {% for part, numbers, _ in parts %}
        sum(amount_excl_tax) filter (where part_no in {{ numbers }}) as {{ part }}_excl_tax,
        sum(amount_incl_tax) filter (where part_no in {{ numbers }}) as {{ part }}_incl_tax
        {{- ',' if not loop.last }}
    {% endfor %}
    from bits
    group by price_id

)

-- Division (thirds of an hour, net out of gross) leaves a residue in the 16th place: at 12 places halves of a cent
-- are halves again. Rounding 38 digits is dear, so only where there was one. One unknown line makes its part unknown.
select
    price_id,
    {% for part, _, bits in parts %}
        {% for side, unknown in [('excl_tax', 'parts_net_unknown'), ('incl_tax', 'parts_gross_unknown')] %}
            {% set sum = part ~ '_' ~ side %}
            case
                when (parts_there & {{ bits }}) = 0 then 0
                when ({{ unknown }} & {{ bits }}) > 0 then null
                when (parts_divided & {{ bits }}) > 0
                    then cast({{ half_even(sum, 12) }} as decimal(38, 16))
                else {{ sum }}
            end as {{ sum }},
        {% endfor %}
    {% endfor %}
    (parts_there & 64) > 0 as is_limited,
    case when parts_net_unknown = 0 then cast(half_up_excl_tax as decimal(38, 4)) end as half_up_excl_tax,
    case when parts_net_unknown = 0 then cast(half_even_excl_tax as decimal(38, 4)) end as half_even_excl_tax
from sums
