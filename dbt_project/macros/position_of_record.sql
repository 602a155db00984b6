{# The position in a record_id, which is (file_seq << 32) | position. #}
{% macro position_of_record(record_id) -%}
    cast({{ record_id }} & 4294967295 as integer)
{%- endmacro %}
