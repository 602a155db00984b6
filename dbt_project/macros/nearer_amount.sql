{# Of two readings of one amount the one that is nearer to what was stated, whatever the signs; else the second. #}
{% macro nearer_amount(stated, first, second) -%}
    case when abs(abs({{ stated }}) - abs({{ first }})) < abs(abs({{ stated }}) - abs({{ second }})) then {{ first }} else {{ second }} end
{%- endmacro %}
