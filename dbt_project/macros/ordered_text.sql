{# The texts of a group one after another, in the order of a column that is unique in it. #}
{% macro ordered_text(text, order_by) -%}
    {{ return(adapter.dispatch('ordered_text', 'evsettle')(text, order_by)) }}
{%- endmacro %}

{% macro default__ordered_text(text, order_by) -%}
    string_agg({{ text }}, '' order by {{ order_by }})
{%- endmacro %}

{% macro spark__ordered_text(text, order_by) -%}
    array_join(sort_array(collect_list(named_struct('position', {{ order_by }}, 'text', {{ text }}))).text, '')
{%- endmacro %}
