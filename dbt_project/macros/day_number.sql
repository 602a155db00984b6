{# Days since 1970-01-01 of a local clock, given in microseconds as if it were UTC. #}
{% macro day_number(local_us) -%}
    cast(({{ local_us }} - ({{ local_us }} % 86400000000 + 86400000000) % 86400000000) / 86400000000 as integer)
{%- endmacro %}
