{#
    One side of an amount (net or gross) after a minimum ('<') or maximum ('>') price.
    Its own limit decides where there is one. Without one it follows the other side, when that side's limit
    moved it, in the ratio of the two amounts; null where that ratio is not known or is no tax ratio.
#}
{% macro limited_amount(amount, other_amount, own_limit, other_limit, comparison) -%}
    case
        when {{ own_limit }} is not null
            then case when {{ amount }} {{ comparison }} {{ own_limit }} then {{ own_limit }} else {{ amount }} end
        when {{ other_limit }} is null then {{ amount }}
        when not ({{ other_amount }} {{ comparison }} {{ other_limit }}) then {{ amount }}
        when
            abs({{ amount }}) < 100000000
            and abs({{ amount }}) < abs({{ other_amount }}) * 1000
            and abs({{ other_limit }}) < 100000000
            then
                cast({{ other_limit }} as decimal(18, 8)) * cast(
                    {{ decimal_division(amount, other_amount, whole=9, divisor_places=14, places=15) }} as decimal(20, 15)
                )
    end
{%- endmacro %}
