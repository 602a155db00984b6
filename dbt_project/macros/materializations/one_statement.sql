{#
    Tables and views of DuckDB, replaced in one statement.

    dbt-duckdb builds beside the old relation and swaps names: eight more statements a model, which on eighty models is
    most of what a small run takes. DuckDB's `create or replace` is transactional, so readers see the old rows or the new
    ones, and a failure leaves the old ones. Contracts are held as before: names and types by
    get_assert_columns_equivalent, not-null by the table. Other engines keep their own materializations.
#}
{% materialization table, adapter='duckdb' %}
    {%- set target_relation = this.incorporate(type='table') -%}
    {{ run_hooks(pre_hooks, inside_transaction=True) }}
    {% call statement('main') %}
        {{ drop_other_type(target_relation) }}
        {{ create_or_replace_table(target_relation) }}
    {% endcall %}
    {{ run_hooks(post_hooks, inside_transaction=True) }}
    {% do adapter.commit() %}
    {{ return({'relations': [target_relation]}) }}
{% endmaterialization %}

{% materialization view, adapter='duckdb' %}
    {%- set target_relation = this.incorporate(type='view') -%}
    {{ run_hooks(pre_hooks, inside_transaction=True) }}
    {% call statement('main') %}
        {{ assert_contract(target_relation, sql) }}
        {{ drop_other_type(target_relation) }}
        create or replace view {{ target_relation }} as (
            {{ sql }}
        );
        {{ comment_engine('view', target_relation) }}
    {% endcall %}
    {{ run_hooks(post_hooks, inside_transaction=True) }}
    {% do adapter.commit() %}
    {{ return({'relations': [target_relation]}) }}
{% endmaterialization %}

{% macro create_or_replace_table(relation) %}
    {{ assert_contract(relation, compiled_code) }}
    create or replace table {{ relation }} {{ get_table_columns_and_constraints() }};
    insert into {{ relation }} {{ get_column_names() }} ({{ get_select_subquery(compiled_code) }});
    {{ comment_engine('table', relation) }}
{% endmacro %}

{# A model that was a view and is a table now, or the other way round. #}
{% macro drop_other_type(relation) %}
    {%- set existing = load_cached_relation(relation) -%}
    {%- if existing is not none and existing.type != relation.type %}
        drop {{ existing.type }} {{ existing }};
    {%- endif %}
{% endmacro %}

{# Which version made a relation: of the same one a run makes no view again, and asks no contract again. #}
{% macro comment_engine(kind, relation) %}
    {%- if env_var('EVSETTLE_ENGINE', '') %}
        comment on {{ kind }} {{ relation }} is '{{ env_var('EVSETTLE_ENGINE') }}';
    {%- endif %}
{% endmacro %}

{#
    Names and types as the contract says, for which the engine has to plan the whole statement once more. Of a relation
    that this very version made they were asked then (orchestration/stage_models.py says which), and types come of code.
#}
{% macro assert_contract(relation, sql) %}
    {%- if relation.schema ~ '.' ~ relation.identifier not in env_var('EVSETTLE_HELD', '').split(',') -%}
        {{ get_assert_columns_equivalent(sql) }}
    {%- endif -%}
{% endmacro %}
