{# The file_seq in a record_id, which is (file_seq << 32) | position. #}
{% macro file_of_record(record_id) -%}
    {{ return(adapter.dispatch('file_of_record', 'evsettle')(record_id)) }}
{%- endmacro %}

{% macro default__file_of_record(record_id) -%}
    ({{ record_id }} >> 32)
{%- endmacro %}

{% macro spark__file_of_record(record_id) -%}
    shiftright({{ record_id }}, 32)
{%- endmacro %}
