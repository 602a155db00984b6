{#
    Incremental strategy: replace all rows of the keys in inspect.work.
    Stock delete+insert deletes only keys that the new rows hold, so a CDR that now yields no
    row would keep its old ones. Models emit only keys in work; this deletes by work, then inserts.
#}
{% macro get_incremental_replace_work_sql(arg_dict) %}
    delete from {{ arg_dict['target_relation'] }}
    where cdr_key in (select work.cdr_key from {{ target.database }}.inspect.work as work);

    insert into {{ arg_dict['target_relation'] }} ({{ arg_dict['dest_columns'] | map(attribute='quoted') | join(', ') }})
    select {{ arg_dict['dest_columns'] | map(attribute='quoted') | join(', ') }}
    from {{ arg_dict['temp_relation'] }}
{% endmacro %}
