{#
    Exact quotient of two decimals, null where the divisor is zero; `/` gives DOUBLE on DuckDB.
    whole: digits before the point that the numerator may have. divisor_places, places: decimals of the divisor
    and of the quotient. whole + divisor_places + places may not exceed 38, which is all a decimal holds.
#}
{% macro decimal_division(numerator, denominator, whole=14, divisor_places=8, places=16) -%}
    {{ return(adapter.dispatch('decimal_division', 'evsettle')(numerator, denominator, whole, divisor_places, places)) }}
{%- endmacro %}

{% macro default__decimal_division(numerator, denominator, whole, divisor_places, places) -%}
    decimal_division(
        cast({{ numerator }} as decimal({{ whole + 16 }}, 16)),
        nullif(cast({{ denominator }} as decimal(38, {{ divisor_places }})), 0),
        {{ places }}
    )
{%- endmacro %}

{% macro spark__decimal_division(numerator, denominator, whole, divisor_places, places) -%}
    cast(
        cast({{ numerator }} as decimal({{ whole + 16 }}, 16))
        / nullif(cast({{ denominator }} as decimal({{ divisor_places + 8 }}, {{ divisor_places }})), 0)
        as decimal(38, {{ places }})
    )
{%- endmacro %}
