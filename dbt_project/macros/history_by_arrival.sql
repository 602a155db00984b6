{# What was known of each thing and from when, by the order in which its records came: three CTEs, the last one `held`,
   with a row for each record that said something new, until when that was known, and whether it still is.

   keyed has record_id, <key>, content_sha256, arrival_seq, received_at and, where records say how old they are,
   said_at. What came before in the same words is no news, even when something else came between: a file sent again
   changes nothing. Nor is what is older than what came before: it was overtaken on its way. Of records that arrive
   together the place in a file says nothing. #}
{% macro history_by_arrival(key, said_at=none, keyed='keyed') -%}
told_again as (

    select {{ key }}
    from {{ keyed }}
    group by {{ key }}
    having count(*) > 1

),

-- Nearly all is told once, and has no order to be found.
in_order as (

    select
        {{ keyed }}.record_id,
        {{ keyed }}.{{ key }},
        {{ keyed }}.content_sha256,
        {{ keyed }}.received_at,
        row_number() over (partition by {{ keyed }}.{{ key }} order by {{ _arrival_order(said_at) }}) as arrival_no,
        {% if said_at -%}
        {{ said_at }} < max({{ said_at }}) over (
            partition by {{ keyed }}.{{ key }}
            order by {{ _arrival_order(said_at) }}
            rows between unbounded preceding and 1 preceding
        ) as is_overtaken
        {%- else -%}
        false as is_overtaken
        {%- endif %}
    from {{ keyed }}
    inner join told_again on {{ keyed }}.{{ key }} = told_again.{{ key }}

),

compared as (

    select
        record_id,
        {{ key }},
        received_at,
        arrival_no,
        row_number() over (partition by {{ key }}, content_sha256 order by arrival_no) > 1 as is_repetition
    from in_order
    where not coalesce(is_overtaken, false)

),

held as (

    select
        record_id,
        lead(received_at) over (partition by {{ key }} order by arrival_no) as known_to,
        lead(record_id) over (partition by {{ key }} order by arrival_no) is null as is_latest
    from compared
    where not is_repetition
    union all
    select
        {{ keyed }}.record_id,
        cast(null as timestamptz) as known_to,
        true as is_latest
    from {{ keyed }}
    left join told_again on {{ keyed }}.{{ key }} = told_again.{{ key }}
    where told_again.{{ key }} is null

)
{%- endmacro %}

{% macro _arrival_order(said_at) -%}
arrival_seq asc, {% if said_at %}{{ said_at }} asc nulls first, {% endif %}content_sha256 asc, record_id asc
{%- endmacro %}
