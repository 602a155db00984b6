{{ config(meta={
    "dagster": {"ref": {"name": "settlements"}},
    "description": "Every statement is paid in one settlement: what is due and carried is what stands on statements, undisputed."
}) }}
{#
    Every statement is paid in one settlement, and what is due and carried on comes to what stands on them undisputed.
    Without it a statement whose terms are not found could be in none, and nobody would pay it.
#}
with

statements as (

    select
        partner,
        currency,
        sum(
            case when direction = 'receivable' then 1 else -1 end
            * case
                when amount_incl_tax is null then amount_excl_tax - disputed_excl_tax
                else amount_incl_tax - disputed_incl_tax
            end
        ) as amount,
        count(*) as statements
    from {{ ref('statement_balances') }}
    group by partner, currency

),

settlements as (

    select
        partner,
        currency,
        sum(due + carried_out - carried_in) as amount,
        sum(statements) as statements
    from {{ ref('settlements') }}
    group by partner, currency

)

select
    statements.partner,
    statements.currency,
    statements.amount,
    settlements.amount as settled_amount,
    statements.statements,
    settlements.statements as settled_statements
from statements
left join settlements on statements.partner = settlements.partner and statements.currency = settlements.currency
where
    statements.amount is distinct from settlements.amount
    or statements.statements is distinct from settlements.statements
