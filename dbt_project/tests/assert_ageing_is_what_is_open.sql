{{ config(meta={
    "dagster": {"ref": {"name": "ageing"}},
    "description": "By the standing of its disputes, each sum due adds up to what is open of it."
}) }}
{#
    By the standing of its disputes, each sum due adds up to what is open of it.
    Without it a disputed amount could vanish from the ageing, or be asked for beside it.
#}
with

due as (

    select
        due_id,
        open_amount
    from {{ ref('amounts_due') }}
    where status <> 'paid'

),

aged as (

    select
        due_id,
        sum(amount) as amount
    from {{ ref('ageing') }}
    group by due_id

)

select
    due.due_id,
    due.open_amount,
    aged.amount
from due
left join aged on due.due_id = aged.due_id
where coalesce(aged.amount, 0) <> due.open_amount
