{#
    One side of an amount (net or gross) after a minimum ('<') or maximum ('>') price.
    Its own limit decides where there is one. Without one it follows the other side, when that side's limit
    moved it, in the ratio of the two amounts; null where that ratio is not known.
#}
{% macro limited_amount(amount, other_amount, own_limit, other_limit, comparison) -%}
    case
        when {{ own_limit }} is not null
            then case when {{ amount }} {{ comparison }} {{ own_limit }} then {{ own_limit }} else {{ amount }} end
        when {{ other_limit }} is null then {{ amount }}
        when not ({{ other_amount }} {{ comparison }} {{ other_limit }}) then {{ amount }}
        when abs({{ amount }}) < 10000000 and abs({{ other_limit }}) < 10000000
            then {{ decimal_division(
                'cast(' ~ other_limit ~ ' as decimal(15, 8)) * cast(' ~ amount ~ ' as decimal(17, 10))', other_amount
            ) }}
    end
{%- endmacro %}
