{#
    Minute of the day, and days since 1970-01-01, of a local clock in microseconds as if it were UTC.
    % keeps the sign of the dividend: stamps before 1970 need the second one.
#}
{% macro minute_of_day(local_us) -%}
    cast(
        (({{ local_us }} % 86400000000 + 86400000000) % 86400000000
        - (({{ local_us }} % 86400000000 + 86400000000) % 86400000000) % 60000000) / 60000000 as integer
    )
{%- endmacro %}

{% macro day_number(local_us) -%}
    cast(({{ local_us }} - ({{ local_us }} % 86400000000 + 86400000000) % 86400000000) / 86400000000 as integer)
{%- endmacro %}
