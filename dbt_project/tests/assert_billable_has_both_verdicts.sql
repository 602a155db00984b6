{{ config(meta={
    "dagster": {"ref": {"name": "cdrs_billable"}},
    "description": "Each billable CDR has passed gate 1 and gate 2 in its counting revision: no verdict, no billing."
}) }}
{#
    No verdict, no billing: each billable CDR has a pass of gate 1 and of gate 2 for its counting revision.
    Without it an outer join in cdrs_billable would bill what no gate has looked at.
#}
with

passes as (

    select
        cdr_key,
        revision,
        gate
    from {{ source('inspect', 'gate_verdicts') }}
    where verdict = 'pass'

    union all

    select
        cdr_key,
        revision,
        gate
    from {{ source('reconcile', 'gate_verdicts') }}
    where verdict = 'pass'

)

select
    billable.cdr_key,
    billable.revision,
    count(distinct passes.gate) as gates_passed
from {{ ref('cdrs_billable') }} as billable
left join passes on billable.cdr_key = passes.cdr_key and billable.revision = passes.revision
group by billable.cdr_key, billable.revision
having count(distinct passes.gate) <> 2
