{#
    The dimension of a tariff's component that prices a part (part_name says which part a number is).
#}
{% macro part_dimension(part_no) -%}
    case {{ part_no }}
        when 4 then 'ENERGY'
        when 2 then 'TIME'
        when 5 then 'TIME'
        when 6 then 'PARKING_TIME'
        when 7 then 'LIMIT'
        else 'FLAT'
    end
{%- endmacro %}
