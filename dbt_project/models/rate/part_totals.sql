{% set parts = ['fixed', 'energy', 'time', 'parking', 'reservation', 'limit'] %}

with

reading_prices as (

    select
        price_id,
        part,
        coalesce(tax_included = 'YES', false) as is_divided,
        amount_excl_tax,
        amount_incl_tax
    from {{ ref('reading_prices') }}

),

session_steps as (

    select
        price_id,
        part,
        -- Wh into kWh leaves no residue.
        part <> 'energy' or coalesce(tax_included = 'YES', false) as is_divided,
        amount_excl_tax,
        amount_incl_tax
    from {{ ref('session_steps') }}

),

rounding_lines as (

    select
        price_id,
        part,
        true as is_divided,
        amount_excl_tax,
        amount_incl_tax
    from {{ ref('rounding_lines') }}

),

limit_lines as (

    select
        price_id,
        'limit' as part,
        true as is_divided,
        amount_excl_tax,
        amount_incl_tax
    from {{ ref('limit_lines') }}

),

amounts as (

    select
        price_id,
        part,
        is_divided,
        amount_excl_tax,
        amount_incl_tax
    from reading_prices
    union all
    select
        price_id,
        part,
        is_divided,
        amount_excl_tax,
        amount_incl_tax
    from session_steps
    union all
    select
        price_id,
        part,
        is_divided,
        amount_excl_tax,
        amount_incl_tax
    from rounding_lines
    union all
    select
        price_id,
        part,
        is_divided,
        amount_excl_tax,
        amount_incl_tax
    from limit_lines

),

rounded as (

    select
        *,
        case part
            {%- for part in parts %}
                when '{{ part }}' then {{ 2 ** loop.index0 }}
            {%- endfor %}
        end as part_bit,
        {{ half_even('amount_excl_tax', 2) }} as half_even_excl_tax
    from amounts

),

-- Over integers and not over price_lines, which take three times as long; a test holds both equal. A bit a part tells
-- which have a line, an unknown one, a division.
sums as (

    select
        price_id,
        bit_or(part_bit) as parts_there,
        bit_or(case when amount_excl_tax is null then part_bit else 0 end) as parts_net_unknown,
        bit_or(case when amount_incl_tax is null then part_bit else 0 end) as parts_gross_unknown,
        bit_or(case when is_divided then part_bit else 0 end) as parts_divided,
        sum(half_even_excl_tax) as half_even_excl_tax,
        sum({{ half_up('amount_excl_tax', 'half_even_excl_tax', 2) }}) as half_up_excl_tax,
    {% for part in parts %}
        sum(amount_excl_tax) filter (where part_bit = {{ 2 ** loop.index0 }}) as {{ part }}_excl_tax,
        sum(amount_incl_tax) filter (where part_bit = {{ 2 ** loop.index0 }}) as {{ part }}_incl_tax
        {{- ',' if not loop.last }}
    {% endfor %}
    from rounded
    group by price_id

)

-- Division (thirds of an hour, net out of gross) leaves a residue in the 16th place: at 12 places halves of a cent
-- are halves again. Rounding 38 digits is dear, so only where there was one. One unknown line makes its part unknown.
select
    price_id,
    {% for part in parts %}
        {% set bit = 2 ** loop.index0 %}
        {% for side, unknown in [('excl_tax', 'parts_net_unknown'), ('incl_tax', 'parts_gross_unknown')] %}
            {% set sum = part ~ '_' ~ side %}
            case
                when (parts_there & {{ bit }}) = 0 then 0
                when ({{ unknown }} & {{ bit }}) > 0 then null
                when (parts_divided & {{ bit }}) > 0
                    then cast({{ half_even(sum, 12) }} as decimal(38, 16))
                else {{ sum }}
            end as {{ sum }},
        {% endfor %}
    {% endfor %}
    (parts_there & 32) > 0 as is_limited,
    case when parts_net_unknown = 0 then cast(half_up_excl_tax as decimal(38, 4)) end as half_up_excl_tax,
    case when parts_net_unknown = 0 then cast(half_even_excl_tax as decimal(38, 4)) end as half_even_excl_tax
from sums
