{#
    Incremental models, in one of two ways.

    replace_work: replace all rows of the keys in inspect.work, or in the table that meta.work names.

    Stock delete+insert deletes only keys that the new rows hold, so a CDR that now yields no row would keep its old ones.
    Models emit only keys in work; this deletes by work, then inserts, in one transaction and without a copy between: an
    incremental model may not read itself.

    replace_keys: of what stays once it came, such as the records of a file. The model emits all rows of the keys, by
    meta.key, that are touched, and these replace what stood under them; where everything is touched it emits all, and
    the table is made anew, because a key may be gone then.
#}
{% materialization incremental, adapter='duckdb' %}
    {%- set target_relation = this.incorporate(type='table') -%}
    {%- set strategy = config.get('incremental_strategy') -%}
    {%- if strategy not in ('replace_work', 'replace_keys') -%}
        {%- do exceptions.raise_compiler_error("incremental_strategy must be replace_work, which replaces the keys in inspect.work, or replace_keys, which replaces those that the model emits") -%}
    {%- endif -%}
    {%- set existing = load_cached_relation(this) -%}
    {%- set is_kept = existing is not none and existing.is_table and not should_full_refresh() -%}
    {%- if strategy == 'replace_keys' and (is_kept or is_anything_touched()) -%}
        {%- set is_everything = is_anything_touched('everything') -%}
        {%- if not is_kept and not is_everything -%}
            {%- do exceptions.raise_compiler_error(
                target_relation ~ " is not there, and only some of its keys are touched: the ledger rebuilds the warehouse"
            ) -%}
        {%- endif -%}
        {%- set is_kept = is_kept and not is_everything -%}
    {%- endif -%}
    {{ run_hooks(pre_hooks, inside_transaction=True) }}
    {% call statement('main') %}
        {{ assert_contract(target_relation, compiled_code) }}
        {% if not is_kept %}
            {{ drop_other_type(target_relation) }}
            create or replace table {{ target_relation }} {{ get_table_columns_and_constraints() }};
            {{ insert_in_ranges(target_relation) }}
        {% else %}
            {{ assert_columns_kept(target_relation) }}
            {% if strategy == 'replace_keys' %}
                {{ replace_keys(target_relation, config.get('meta', {})['key']) }}
            {% else %}
                delete from {{ target_relation }}
                where cdr_key in (select work.cdr_key from {{ target.database }}.{{ work_table() }} as work);
                {{ insert_in_ranges(target_relation) }}
            {% endif %}
        {% endif %}
        {{ comment_engine('table', target_relation) }}
    {% endcall %}
    {{ run_hooks(post_hooks, inside_transaction=True) }}
    {% do adapter.commit() %}
    {{ return({'relations': [target_relation]}) }}
{% endmaterialization %}

{% macro replace_keys(relation, key) %}
    {%- set emitted = relation.identifier ~ "_emitted" %}
    create or replace temp table {{ emitted }} as {{ get_select_subquery(compiled_code) }};
    delete from {{ relation }}
    where {{ key }} in (select emitted.{{ key }} from {{ emitted }} as emitted);
    insert into {{ relation }} {{ get_column_names() }} (select * from {{ emitted }});
    drop table {{ emitted }};
{% endmacro %}

{% macro is_anything_touched(kind=none) %}
    {%- set found = run_query(
        "select 1 from " ~ target.database ~ ".ingest.raw_touched"
        ~ (" where kind = '" ~ kind ~ "'" if kind else "") ~ " limit 1"
    ) -%}
    {{- return(found.rows | length > 0) -}}
{% endmacro %}

{% macro work_table() %}
    {{- return(config.get('meta', {}).get('work', 'inspect.work')) -}}
{% endmacro %}

{#
    All rows at once, or, where meta.rows_at_a_time says so, by ranges of the key with about so many of work: a model that
    joins many tables on it holds all their rows of a range in memory, and of a million sessions that is more than it may.
#}
{% macro insert_in_ranges(relation) %}
    {%- set rows = config.get('meta', {}).get('rows_at_a_time') -%}
    {%- set bounds = [] -%}
    {%- if rows -%}
        {%- set found = run_query(
            "select cdr_key from (select cdr_key, row_number() over (order by cdr_key) as no from "
            ~ relation.database ~ "." ~ work_table() ~ ") where no % " ~ rows ~ " = 0 order by cdr_key"
        ) -%}
        {%- for row in found.rows %}{% do bounds.append("'" ~ (row[0] | replace("'", "''")) ~ "'") %}{% endfor -%}
    {%- endif %}
    {%- for bound in bounds + [none] %}
        insert into {{ relation }} {{ get_column_names() }} (
            {{ get_select_subquery(compiled_code) }}
            where true
            {%- if not loop.first %} and cdr_key > {{ bounds[loop.index0 - 1] }}{% endif %}
            {%- if bound is not none %} and cdr_key <= {{ bound }}{% endif %}
        );
    {%- endfor %}
{% endmacro %}

{# The table as it is still has the columns of the contract; an older version's does not, and must not be cast silently. #}
{% macro assert_columns_kept(relation) %}
    {%- if relation.schema ~ '.' ~ relation.identifier in env_var('EVSETTLE_HELD', '').split(',') -%}
        {{- return('') -}}
    {%- endif -%}
    {%- set contract = get_empty_schema_sql(model['columns']) -%}
    {%- set differing = run_query(
        "select distinct column_name from ("
        ~ "(select column_name, column_type from (describe " ~ relation ~ ")"
        ~ " except select column_name, column_type from (describe " ~ contract ~ "))"
        ~ " union all "
        ~ "(select column_name, column_type from (describe " ~ contract ~ ")"
        ~ " except select column_name, column_type from (describe " ~ relation ~ "))"
        ~ ") as differing order by column_name"
    ) -%}
    {%- if differing.rows -%}
        {%- do exceptions.raise_compiler_error(
            relation ~ " was built by another version (" ~ differing.columns[0].values() | join(', ')
            ~ " differ): the ledger rebuilds the warehouse"
        ) -%}
    {%- endif -%}
{% endmacro %}
