{# A text as one word of a command line, whatever is in it. #}
{% macro shell_word(text) -%}
    '''' || replace({{ text }}, '''', '''"''"''') || ''''
{%- endmacro %}
