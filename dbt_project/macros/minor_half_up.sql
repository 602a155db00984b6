{# An amount at the decimals of its currency's minor unit, halves away from zero, from what half_even made of it. #}
{% macro minor_half_up(amount, half_even, digits) -%}
    case
        when {{ digits }} = 2 and abs({{ half_even }} - {{ amount }}) = 0.005
            then cast(round({{ amount }}, 2) as decimal(38, 4))
        when {{ digits }} = 0 and abs({{ half_even }} - {{ amount }}) = 0.5
            then cast(round({{ amount }}, 0) as decimal(38, 4))
        when {{ digits }} = 3 and abs({{ half_even }} - {{ amount }}) = 0.0005
            then cast(round({{ amount }}, 3) as decimal(38, 4))
        else {{ half_even }}
    end
{%- endmacro %}
