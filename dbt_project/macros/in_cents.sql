{# An amount as books, documents and banks hold it: two decimals, half away from zero. #}
{% macro in_cents(amount) -%}
    cast({{ round_money(amount, "'half-up'", '2') }} as decimal(18, 2))
{%- endmacro %}
