{{ config(materialized='incremental', incremental_strategy='replace_work') }}

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
        -- Currencies whose minor unit is not the hundredth (ISO 4217).
        case
            when currency in (
                'BIF', 'CLP', 'DJF', 'GNF', 'ISK', 'JPY', 'KMF', 'KRW', 'PYG', 'RWF', 'UGX', 'UYI', 'VND', 'VUV',
                'XAF', 'XOF', 'XPF'
            ) then 0
            when currency in ('BHD', 'IQD', 'JOD', 'KWD', 'LYD', 'OMR', 'TND') then 3
            else 2
        end as minor_digits
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
rounded as (

    select
        cdr_key,
        reading,
        total_excl_tax,
        {{ round_money('total_excl_tax', "'half-up'", 'minor_digits') }} as session_half_up,
        {{ round_money('total_excl_tax', "'half-even'", 'minor_digits') }} as session_half_even,
    {% for mode in ['half_up', 'half_even'] %}
        case when not is_limited and minor_digits = 2 then lines_{{ mode }}_excl_tax end as line_{{ mode }},
        case
            when not is_limited
                then
            {% for part in parts %}
                    {{ round_money(part ~ '_excl_tax', "'" ~ mode | replace('_', '-') ~ "'", 'minor_digits') }}
                    {{ '+' if not loop.last }}
            {% endfor %}
        end as part_{{ mode }}{{ ',' if not loop.last }}
    {% endfor %}
    from totals
    where is_allowed

),

-- Null is left out of least and greatest.
bounds as (

    select
        *,
        least(total_excl_tax, {{ roundings | join(', ') }}) as min_excl_tax,
        greatest(total_excl_tax, {{ roundings | join(', ') }}) as max_excl_tax
    from rounded

),

named as (

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

),

-- Nearly every session has one reading, and nothing is gathered.
several as (

    select
        cdr_key,
        min(min_excl_tax) as min_excl_tax,
        max(max_excl_tax) as max_excl_tax
    from named
    where
        cdr_key in (
            select others.cdr_key
            from named as others
            where others.reading <> 'base'
        )
    group by cdr_key

),

lowest as (

    select
        several.cdr_key,
        min(named.reading_min) as reading_min
    from several
    inner join named on several.cdr_key = named.cdr_key and several.min_excl_tax = named.min_excl_tax
    group by several.cdr_key

),

highest as (

    select
        several.cdr_key,
        min(named.reading_max) as reading_max
    from several
    inner join named on several.cdr_key = named.cdr_key and several.max_excl_tax = named.max_excl_tax
    group by several.cdr_key

),

cut_prices as (

    select
        cdr_key,
        total_excl_tax
    from totals
    where reading = 'split'

)

select
    named.cdr_key,
    coalesce(lowest.reading_min, named.reading_min) as reading_min,
    coalesce(highest.reading_max, named.reading_max) as reading_max,
    cast(coalesce(several.min_excl_tax, named.min_excl_tax) as decimal(38, 16)) as min_excl_tax,
    cast(coalesce(several.max_excl_tax, named.max_excl_tax) as decimal(38, 16)) as max_excl_tax,
    cut_prices.total_excl_tax as split_excl_tax
from named
left join several on named.cdr_key = several.cdr_key
left join lowest on named.cdr_key = lowest.cdr_key
left join highest on named.cdr_key = highest.cdr_key
left join cut_prices on named.cdr_key = cut_prices.cdr_key
where named.reading = 'base'
