{#
    Round an amount once, by a contract's policy: mode half-up (away from zero, so that a charge and its
    credit still net to nothing) or half-even, scale 0 to 4 decimals. This is the only rounding rule of money.
    The scale is a column, and neither engine rounds a decimal to a column's scale: hence the branches.
    A policy outside them gives null, and a null amount fails the contract of the model that asked.
#}
{% macro round_money(amount, mode, scale) -%}
    {{ return(adapter.dispatch('round_money', 'evsettle')(amount, mode, scale)) }}
{%- endmacro %}

{% macro default__round_money(amount, mode, scale) -%}
    case
        {%- for digits in range(5) %}
        when {{ mode }} = 'half-up' and {{ scale }} = {{ digits }}
            then cast(round({{ amount }}, {{ digits }}) as decimal(18, 4))
        when {{ mode }} = 'half-even' and {{ scale }} = {{ digits }}
            then cast(round_even({{ amount }}, {{ digits }}) as decimal(18, 4))
        {%- endfor %}
    end
{%- endmacro %}

{% macro spark__round_money(amount, mode, scale) -%}
    case
        {%- for digits in range(5) %}
        when {{ mode }} = 'half-up' and {{ scale }} = {{ digits }}
            then cast(round({{ amount }}, {{ digits }}) as decimal(18, 4))
        when {{ mode }} = 'half-even' and {{ scale }} = {{ digits }}
            then cast(bround({{ amount }}, {{ digits }}) as decimal(18, 4))
        {%- endfor %}
    end
{%- endmacro %}
