{{ config(meta={
    "dagster": {"ref": {"name": "statements"}},
    "description": "Every session on a statement has passed all three gates in its counting revision."
}) }}
{#
    A session on a statement has the pass of all three gates for its counting revision, and is billable.
    Without it a line could appear that some gate held, or that no gate has seen.
#}
with

passes as (

    select
        outcomes.cdr_key,
        count(distinct verdicts.gate) as gates_passed
    from {{ ref('cdr_outcomes') }} as outcomes
    inner join {{ ref('verdicts') }} as verdicts
        on
            outcomes.cdr_key = verdicts.cdr_key
            and outcomes.revision = verdicts.revision
            and verdicts.verdict = 'pass'
    group by outcomes.cdr_key

),

billable as (

    select cdr_key
    from {{ ref('cdrs_billable') }}

),

statements as (

    -- What is sealed had them then; a later finding opens a case and rewrites nothing.
    select statement_id
    from {{ ref('statements') }}
    where status <> 'sealed'

)

select
    lines.statement_id,
    lines.line_no,
    lines.cdr_key,
    passes.gates_passed
from {{ ref('statement_lines') }} as lines
inner join statements on lines.statement_id = statements.statement_id
left join passes on lines.cdr_key = passes.cdr_key
left join billable on lines.cdr_key = billable.cdr_key
where
    lines.kind = 'session'
    and (coalesce(passes.gates_passed, 0) <> 3 or billable.cdr_key is null)
