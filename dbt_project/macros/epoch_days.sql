{# A date as days since 1970-01-01. #}
{% macro epoch_days(day) -%}
    {{ return(adapter.dispatch('epoch_days', 'evsettle')(day)) }}
{%- endmacro %}

{% macro default__epoch_days(day) -%}
    date_diff('day', date '1970-01-01', {{ day }})
{%- endmacro %}

{% macro spark__epoch_days(day) -%}
    datediff({{ day }}, date '1970-01-01')
{%- endmacro %}
