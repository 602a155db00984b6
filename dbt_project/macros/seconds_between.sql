{# From the second of one instant to the second of another. Integers: date_diff of instants with a zone costs forty times as much. #}
{% macro seconds_between(from_column, to_column) -%}
    {{ return(adapter.dispatch('seconds_between', 'evsettle')(from_column, to_column)) }}
{%- endmacro %}

{% macro default__seconds_between(from_column, to_column) -%}
    (epoch_us({{ to_column }}) // 1000000 - epoch_us({{ from_column }}) // 1000000)
{%- endmacro %}

{% macro spark__seconds_between(from_column, to_column) -%}
    (unix_timestamp({{ to_column }}) - unix_timestamp({{ from_column }}))
{%- endmacro %}
