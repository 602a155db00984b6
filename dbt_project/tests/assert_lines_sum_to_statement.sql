{{ config(meta={
    "dagster": {"ref": {"name": "statements"}},
    "description": "A statement is the sum of its lines, and its lines are the sessions that settle on it, each once."
}) }}
{#
    A statement's total is the sum of its lines, and its lines are the sessions that settle on it, each once.
    Without it a join in statement_lines could drop a billed session and the partner would simply pay less.
#}
with

lines as (

    select
        statement_id,
        sum(amount_excl_tax) as amount_excl_tax,
        count(case when kind = 'session' then cdr_key end) as sessions,
        count(distinct case when kind = 'session' then cdr_key end) as distinct_sessions
    from {{ ref('statement_lines') }}
    group by statement_id

),

statements as (

    select
        statement_id,
        amount_excl_tax,
        sessions
    from {{ ref('statements') }}

),

settled as (

    select
        statement_id,
        count(*) as sessions
    from {{ ref('cdr_outcomes') }}
    where state in ('valid', 'adjusted') and statement_id is not null
    group by statement_id

)

select
    coalesce(statements.statement_id, settled.statement_id, lines.statement_id) as statement_id,
    statements.amount_excl_tax,
    lines.amount_excl_tax as lines_amount_excl_tax,
    statements.sessions,
    lines.sessions as lines_sessions,
    settled.sessions as settled_sessions
from settled
full outer join lines on settled.statement_id = lines.statement_id
full outer join statements on coalesce(settled.statement_id, lines.statement_id) = statements.statement_id
where
    statements.amount_excl_tax is distinct from lines.amount_excl_tax
    or statements.sessions is distinct from lines.sessions
    or lines.sessions is distinct from lines.distinct_sessions
    or lines.sessions is distinct from coalesce(settled.sessions, 0)
