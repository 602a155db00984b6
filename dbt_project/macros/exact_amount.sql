{#
    A sum of money with its sign (-1 for a credit), 0 where nothing was added. Division (thirds of an hour, net out of gross)
    leaves a residue in the 16th place: at 12 places halves of a cent are halves again. Rounding 38 digits is dear, so
    only where there was a division.
#}
{% macro exact_amount(amount, sign, is_divided) -%}
    case
        when {{ amount }} is null then cast(0 as decimal(38, 16))
        when {{ is_divided }} and {{ amount }} <> 0
            then cast({{ sign }} * cast({{ amount }} as decimal(38, 12)) as decimal(38, 16))
        else cast({{ sign }} * {{ amount }} as decimal(38, 16))
    end
{%- endmacro %}
