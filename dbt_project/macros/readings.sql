{#
    The ways to read a session and its tariff that OCPI leaves open, and `split`, which is priced to be compared with:
    number, name, whether an honest partner may read so. docs/pricing.md says what each one means. The price of one
    record under one reading has the key record_id * 16 + number.
#}
{% macro readings() -%}
    {{ return([
        (0, 'base', true),
        (1, 'clock_before_change', true),
        (2, 'clock_after_change', true),
        (3, 'step_of_last_tariff', true),
        (4, 'step_each_duration', true),
        (5, 'step_each_period', true),
        (8, 'split', false),
    ]) }}
{%- endmacro %}

{# The name of the reading in a price_id: a join of a million lines with seven rows costs more. #}
{% macro reading_name(price_id) -%}
    case {{ price_id }} % 16
        {%- for number, name, is_allowed in readings() %}
        when {{ number }} then '{{ name }}'
        {%- endfor %}
    end
{%- endmacro %}
