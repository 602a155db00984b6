{#
    A net amount in the statement's currency: by the rate of its line, exactly, or as it is where there is none.
    rate: what carries fx_numerator and fx_denominator.
#}
{% macro exchanged(amount, rate) -%}
    case
        when {{ rate }}.fx_numerator is null then cast({{ amount }} as decimal(38, 16))
        else {{ decimal_division('cast(' ~ amount ~ ' as decimal(30, 16)) * ' ~ rate ~ '.fx_numerator', rate ~ '.fx_denominator') }}
    end
{%- endmacro %}
