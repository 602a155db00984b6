{# Whole seconds from one instant to another. #}
{% macro seconds_between(from_column, to_column) -%}
    {{ return(adapter.dispatch('seconds_between', 'evsettle')(from_column, to_column)) }}
{%- endmacro %}

{% macro default__seconds_between(from_column, to_column) -%}
    date_diff('second', {{ from_column }}, {{ to_column }})
{%- endmacro %}

{% macro spark__seconds_between(from_column, to_column) -%}
    (unix_timestamp({{ to_column }}) - unix_timestamp({{ from_column }}))
{%- endmacro %}
