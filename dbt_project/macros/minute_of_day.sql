{#
    Minute of the day of a local clock, given in microseconds as if it were UTC.
    % keeps the sign of the dividend: stamps before 1970 need the second one.
#}
{% macro minute_of_day(local_us) -%}
    cast(
        (({{ local_us }} % 86400000000 + 86400000000) % 86400000000
        - (({{ local_us }} % 86400000000 + 86400000000) % 86400000000) % 60000000) / 60000000 as integer
    )
{%- endmacro %}
