{# Whether two values differ, unknown ones too: two unknowns are the same, one unknown is another than any value. #}
{% macro differs(one, other) -%}
    coalesce({{ one }} <> {{ other }}, ({{ one }} is null) <> ({{ other }} is null))
{%- endmacro %}
