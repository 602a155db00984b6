{#
    Gross of an amount as the tariff prices it. N/A: there is no tax, a rate is ignored. Otherwise an absent
    rate on an amount that is not zero leaves it unknown: the spec says both "no VAT is applicable" and "not known
    beforehand", and we do not guess. The casts keep 14 + 6 places so that the product fits 38 digits.
#}
{% macro amount_incl_tax(amount, tax_percent, tax_included) -%}
    case
        when {{ tax_included }} in ('YES', 'N/A') or {{ amount }} = 0 then {{ amount }}
        else
            {{ amount }} + cast(
                cast({{ amount }} as decimal(38, 14)) * cast({{ tax_percent }} as decimal(18, 6)) * 0.01
                as decimal(38, 16)
            )
    end
{%- endmacro %}
