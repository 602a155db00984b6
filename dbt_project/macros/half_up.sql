{#
    The same with halves away from zero, from what half_even made of it: only an exact half is rounded again.
#}
{% macro half_up(amount, half_even, places) -%}
    case
        when abs({{ half_even }} - {{ amount }}) = {{ '0.5' if places == 0 else '0.' ~ '0' * places ~ '5' }}
            then cast(round({{ amount }}, {{ places }}) as decimal(30, {{ places }}))
        else {{ half_even }}
    end
{%- endmacro %}
