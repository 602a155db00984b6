{#
    Net of an amount as the tariff prices it. tax_included YES: prices are gross, net = gross / (1 + rate),
    unknown without a rate unless the amount is zero. NO, N/A and versions before 2.3.0 (null): it is net already.
#}
{% macro amount_excl_tax(amount, tax_percent, tax_included) -%}
    case
        when {{ tax_included }} = 'YES' and {{ amount }} <> 0
            then {{ decimal_division(amount, '1 + ' ~ tax_percent ~ ' * 0.01') }}
        else {{ amount }}
    end
{%- endmacro %}
