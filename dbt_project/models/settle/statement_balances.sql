with

statements as (

    select
        statement_id,
        partner,
        period,
        direction,
        currency,
        status,
        amount_excl_tax,
        tax,
        amount_incl_tax
    from {{ ref('statements') }}

),

-- Disputed before it was billed, a session is not on a statement at all.
disputed as (

    select
        statement_id,
        count(*) as disputes_open,
        sum(withheld_excl_tax) as disputed_excl_tax,
        -- Undecided on one line is undecided on the document: unknown, not zero.
        case when count(*) = count(withheld_tax) then sum(withheld_tax) end as disputed_tax
    from {{ ref('disputes') }}
    where withheld_excl_tax is not null
    group by statement_id

),

sums as (

    select
        statements.statement_id,
        statements.partner,
        statements.period,
        statements.direction,
        statements.currency,
        statements.status,
        statements.amount_excl_tax,
        statements.amount_incl_tax,
        coalesce(disputed.disputes_open, 0) as disputes_open,
        coalesce(disputed.disputed_excl_tax, 0) as disputed_excl_tax,
        case
            when disputed.statement_id is null then 0
            else disputed.disputed_excl_tax + disputed.disputed_tax
        end as disputed_incl_tax
    from statements
    left join disputed on statements.statement_id = disputed.statement_id

)

select
    statement_id,
    partner,
    period,
    direction,
    currency,
    status,
    cast(disputes_open as bigint) as disputes_open,
    amount_excl_tax,
    cast(disputed_excl_tax as decimal(38, 8)) as disputed_excl_tax,
    cast(amount_excl_tax - disputed_excl_tax as decimal(38, 8)) as payable_excl_tax,
    amount_incl_tax,
    cast(disputed_incl_tax as decimal(38, 8)) as disputed_incl_tax,
    cast(amount_incl_tax - disputed_incl_tax as decimal(38, 8)) as payable_incl_tax
from sums
