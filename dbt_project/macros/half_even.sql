{#
    A decimal at fewer places, halves to even. On DuckDB a quotient by one takes half the time of a cast or of round(),
    which divide 128 bits in another way.
#}
{% macro half_even(amount, places) -%}
    {{ return(adapter.dispatch('half_even', 'evsettle')(amount, places)) }}
{%- endmacro %}

{% macro default__half_even(amount, places) -%}
    decimal_division({{ amount }}, cast(1 as decimal(1, 0)), {{ places }})
{%- endmacro %}

{% macro spark__half_even(amount, places) -%}
    bround({{ amount }}, {{ places }})
{%- endmacro %}
