{% set parts = ['fixed', 'energy', 'time', 'parking', 'reservation'] %}
{% set roundings = [
    'session_half_up', 'session_half_even', 'part_half_up', 'part_half_even', 'line_half_up', 'line_half_even'
] %}

with

work as (

    select cdr_key
    from {{ ref('work') }}

),

price_totals as (

    select
        cdr_key,
        reading,
        is_allowed,
        is_limited,
        total_excl_tax,
        lines_half_up_excl_tax,
        lines_half_even_excl_tax,
        {% for part in parts %}
            {{ part }}_excl_tax,
        {% endfor %}
        {{ minor_digits('currency') }} as minor_digits
    from {{ ref('price_totals') }}
    where is_priced and total_excl_tax is not null

),

totals as (

    select price_totals.*
    from price_totals
    inner join work on price_totals.cdr_key = work.cdr_key

),

-- OCPI leaves rounding to law and contract: amounts may be rounded to the minor unit once for the session, once a
-- part or once a line, with halves away from zero or to even. A limit holds for the sum of the lines, so
-- where one was met only the session is rounded.
to_even as (
    {% for digits in [2, 0, 3] %}
        select
            cdr_key,
            reading,
            is_limited,
            minor_digits,
            total_excl_tax,
            lines_half_up_excl_tax,
            lines_half_even_excl_tax,
            {% for part in parts %}
                {{ part }}_excl_tax,
                case
                    when {{ part }}_excl_tax <> 0 and not is_limited
                        then cast({{ half_even(part ~ '_excl_tax', digits) }} as decimal(38, 4))
                    else 0
                end as {{ part }}_half_even,
            {% endfor %}
            cast({{ half_even('total_excl_tax', digits) }} as decimal(38, 4)) as session_half_even
        from totals
        where is_allowed and minor_digits = {{ digits }}
        {% if not loop.last %}

            union all

        {% endif %}
    {% endfor %}

),

to_nearest as (

    select
        *,
        {% for part in parts %}
            {{ minor_half_up(part ~ '_excl_tax', part ~ '_half_even', 'minor_digits') }} as {{ part }}_half_up,
        {% endfor %}
        {{ minor_half_up('total_excl_tax', 'session_half_even', 'minor_digits') }} as session_half_up
    from to_even

),

rounded as (

    select
        cdr_key,
        reading,
        total_excl_tax,
        session_half_even,
        session_half_up,
        {% for mode in ['half_even', 'half_up'] %}
            case
                when not is_limited
                    then
                        fixed_{{ mode }} + energy_{{ mode }} + time_{{ mode }} + parking_{{ mode }}
                        + reservation_{{ mode }}
            end as part_{{ mode }},
        {% endfor %}
        case when not is_limited and minor_digits = 2 then lines_half_up_excl_tax end as line_half_up,
        case when not is_limited and minor_digits = 2 then lines_half_even_excl_tax end as line_half_even
    from to_nearest

),

-- Of one type: among decimals of 38 digits with different places DuckDB keeps the fewest. Null is left out of least
-- and greatest.
wide as (

    select
        cdr_key,
        reading,
        cast(total_excl_tax as decimal(38, 16)) as total_excl_tax,
    {% for rounding in roundings %}
        cast({{ rounding }} as decimal(38, 16)) as {{ rounding }}{{ ',' if not loop.last }}
    {% endfor %}
    from rounded

),

bounds as (

    select
        *,
        least(total_excl_tax, {{ roundings | join(', ') }}) as min_excl_tax,
        greatest(total_excl_tax, {{ roundings | join(', ') }}) as max_excl_tax
    from wide

)

select
    cdr_key,
    reading,
    min_excl_tax,
    max_excl_tax,
{% for side in ['min', 'max'] %}
    case
        when {{ side }}_excl_tax = total_excl_tax then reading
        {% for rounding in roundings %}
            when {{ side }}_excl_tax = {{ rounding }}
                then case when reading = 'base' then '' else reading || '+' end || '{{ rounding }}'
        {% endfor %}
    end as reading_{{ side }}{{ ',' if not loop.last }}
{% endfor %}
from bounds
