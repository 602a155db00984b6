{# An amount with its currency, as people read it: 12.50 EUR. #}
{% macro money_text(amount, currency='currency') -%}
    cast(cast({{ amount }} as decimal(18, 2)) as varchar) || ' ' || {{ currency }}
{%- endmacro %}
