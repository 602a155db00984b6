{#
    What a part_no stands for. Parts are numbered in the order in which a price is read: 1 the fee of a reservation,
    2 its time, 3 the fee of the session, 4 energy, 5 time, 6 parking, 7 a limit. A number takes a tenth of a text's
    time in grouping and joining a million lines, so the name comes last.
#}
{% macro part_name(part_no) -%}
    case {{ part_no }}
        when 3 then 'fixed'
        when 4 then 'energy'
        when 5 then 'time'
        when 6 then 'parking'
        when 7 then 'limit'
        else 'reservation'
    end
{%- endmacro %}
