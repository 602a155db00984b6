{#
    Whether a row of a file in master was known at a time: the file said it by then, and had not taken it back. Without
    a time (a price that no run asks for) everything that was ever said counts until it was taken back.
#}
{% macro is_known(row, as_of) -%}
    ({{ as_of }} is null or {{ row }}.known_from <= {{ as_of }})
    and ({{ row }}.known_to is null or {{ as_of }} is null or {{ row }}.known_to > {{ as_of }})
{%- endmacro %}
