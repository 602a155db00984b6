with

contexts as (

    select
        statement_id,
        partner,
        period,
        direction,
        currency,
        contract_version
    from {{ ref('statement_contexts') }}

),

terms as (

    select
        partner,
        contract_version,
        cap_monthly,
        credit_limit
    from {{ ref('settlement_terms') }}
    where cap_monthly is not null or credit_limit is not null

),

bounds as (

    select
        period,
        starts_on,
        substring(cast(starts_on as varchar), 1, 7) as month
    from {{ ref('billing_periods') }}

),

-- Where a home has no rule of tax its documents bear none.
statements as (

    select
        statements.statement_id,
        statements.partner,
        statements.direction,
        statements.currency,
        statements.status,
        statements.amount_excl_tax,
        coalesce(statements.amount_incl_tax, statements.amount_excl_tax) as amount,
        bounds.starts_on,
        bounds.month
    from {{ ref('statements') }} as statements
    inner join bounds on statements.period = bounds.period

),

capped as (

    select
        contexts.statement_id,
        contexts.partner,
        contexts.direction,
        contexts.currency,
        terms.cap_monthly,
        case when contexts.direction = 'receivable' then terms.credit_limit end as credit_limit,
        bounds.starts_on,
        bounds.month
    from contexts
    inner join terms
        on contexts.partner = terms.partner and contexts.contract_version = terms.contract_version
    inner join bounds on contexts.period = bounds.period

),

-- With the statements before it: of a month that is billed by the week, the week that passes the cap is told.
together as (

    select
        capped.statement_id,
        sum(case when statements.month = capped.month then statements.amount_excl_tax else 0 end) as month_excl_tax,
        sum(case when statements.status <> 'sealed' then statements.amount else 0 end) as drafted
    from capped
    inner join statements
        on
            capped.partner = statements.partner
            and capped.direction = statements.direction
            and capped.currency = statements.currency
            and capped.starts_on >= statements.starts_on
    group by capped.statement_id

),

unpaid as (

    select
        partner,
        currency,
        sum(open_amount) as open_amount
    from {{ ref('open_items') }}
    where direction = 'receivable'
    group by partner, currency

)

select
    capped.statement_id,
    capped.cap_monthly,
    cast(together.month_excl_tax as decimal(38, 8)) as month_excl_tax,
    capped.credit_limit,
    cast(together.drafted + coalesce(unpaid.open_amount, 0) as decimal(38, 8)) as owed
from capped
inner join together on capped.statement_id = together.statement_id
left join unpaid on capped.partner = unpaid.partner and capped.currency = unpaid.currency
