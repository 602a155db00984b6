{# Of all records in CTE `named`, by record_id and key, those that this run must look at, as CTE `touched_records`: all of
   a key of which one is touched, and every one where everything is. Before it come the CTEs
   `everything`, `touched` and `in_touch`. #}
{% macro touched_keys(key) -%}
everything as (

    select kind
    from {{ ref('touched') }}
    where kind = 'everything'

),

-- Each is asked by itself: DuckDB 2.0 stands still over one CTE that a filter asks twice, once the table is large.
touched as (

    select id
    from {{ ref('touched') }}
    where kind = 'evidence'

),

in_touch as (

    select named.{{ key }}
    from named
    inner join touched on cast(named.record_id as varchar) = touched.id

),

touched_records as (

    select
        record_id,
        {{ key }}
    from named
    where
        exists (select 1 from everything)
        or {{ key }} in (select in_touch.{{ key }} from in_touch)

)
{%- endmacro %}
