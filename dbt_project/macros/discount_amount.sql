{#
    What a discount of so many percent takes off a net price: against the price's sign, for credits too.
    Every discount is a share of the tariff's price, not of what another one left of it; each is cast on its own, so
    that the lines that a person sees add up to the expected price to the last digit.
#}
{% macro discount_amount(price, percent) -%}
    cast(-cast({{ price }} as decimal(38, 16)) * {{ percent }} * 0.01 as decimal(38, 16))
{%- endmacro %}
