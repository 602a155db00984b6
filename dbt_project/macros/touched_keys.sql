{# Of all records in CTE `named`, by record_id and key, those that this run must look at, as CTE `touched_records`: all of
   a key of which one is touched, and every one where everything is. Before it come the CTEs `touched` and `in_touch`. #}
{% macro touched_keys(key) -%}
touched as (

    select
        kind,
        id
    from {{ ref('touched') }}

),

in_touch as (

    select named.{{ key }}
    from named
    inner join touched on touched.kind = 'evidence' and touched.id = cast(named.record_id as varchar)

),

touched_records as (

    select
        record_id,
        {{ key }}
    from named
    where
        exists (select 1 from touched where touched.kind = 'everything')
        or {{ key }} in (select in_touch.{{ key }} from in_touch)

)
{%- endmacro %}
