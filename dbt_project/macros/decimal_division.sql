{#
    Exact quotient of two decimals with 16 places, null where the divisor is zero.
    `/` gives DOUBLE on DuckDB. The numerator must stay below 10^14 and the divisor is read with
    8 places: 14 + 8 + 16 = 38 digits is all a decimal holds.
#}
{% macro decimal_division(numerator, denominator) -%}
    {{ return(adapter.dispatch('decimal_division', 'evsettle')(numerator, denominator)) }}
{%- endmacro %}

{% macro default__decimal_division(numerator, denominator) -%}
    decimal_division(cast({{ numerator }} as decimal(30, 16)), nullif(cast({{ denominator }} as decimal(24, 8)), 0), 16)
{%- endmacro %}

{% macro spark__decimal_division(numerator, denominator) -%}
    cast(
        cast({{ numerator }} as decimal(30, 16)) / nullif(cast({{ denominator }} as decimal(8, 8)), 0) as decimal(38, 16)
    )
{%- endmacro %}
