{{ config(meta={
    "dagster": {"ref": {"name": "invoice_reconciliation"}},
    "description": "What is compared adds up to our statements on one side and to the partners' invoices on the other."
}) }}
{#
    A comparison that loses a line of either side, or counts one twice, would call two different totals equal.
    Fails with each partner, period, direction and currency whose sums are not those of the two sides.
#}
with

compared as (

    select distinct
        partner,
        period,
        direction,
        currency
    from {{ ref('invoice_reconciliation') }}

),

sides as (

    select
        partner,
        period,
        direction,
        currency,
        sum(coalesce(our_excl_tax, 0)) as ours,
        0 as our_statements
    from {{ ref('invoice_reconciliation') }}
    group by partner, period, direction, currency

    union all

    select
        statements.partner,
        statements.period,
        statements.direction,
        statements.currency,
        0 as ours,
        sum(statements.amount_excl_tax) as our_statements
    from {{ ref('statements') }} as statements
    inner join compared
        on
            statements.partner = compared.partner
            and statements.period = compared.period
            and statements.direction = compared.direction
            and statements.currency = compared.currency
    group by statements.partner, statements.period, statements.direction, statements.currency

),

theirs as (

    select
        invoice_key,
        sum(amount_excl_tax) as excl_tax,
        sum(stated_excl_tax) as stated_excl_tax
    from (
        select
            invoice_key,
            coalesce(their_excl_tax, 0) as amount_excl_tax,
            0 as stated_excl_tax
        from {{ ref('invoice_reconciliation') }}
        where invoice_key is not null
        union all
        select
            invoice_key,
            0 as amount_excl_tax,
            stated_excl_tax
        from {{ ref('invoice_documents') }}
        where is_home
    ) as told
    group by invoice_key
    having bool_and(stated_excl_tax is not null)

)

select
    partner,
    period,
    direction || ' ' || currency as side,
    sum(ours) as compared_excl_tax,
    sum(our_statements) as stated_excl_tax
from sides
group by partner, period, direction, currency
having sum(ours) <> sum(our_statements)

union all

select
    invoice_key as partner,
    null as period,
    'invoice' as side,
    excl_tax as compared_excl_tax,
    stated_excl_tax
from theirs
where excl_tax <> stated_excl_tax
