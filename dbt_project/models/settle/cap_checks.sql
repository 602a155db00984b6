with

currencies as (

    select
        statement_id,
        currency
    from {{ ref('statement_contexts') }}

),

caps as (

    select
        caps.statement_id,
        caps.cap_monthly,
        caps.month_excl_tax,
        caps.credit_limit,
        caps.owed,
        currencies.currency,
        coalesce(caps.month_excl_tax > caps.cap_monthly, false) as is_over_month
    from {{ ref('statement_caps') }} as caps
    inner join currencies on caps.statement_id = currencies.statement_id
    where caps.cap_monthly is not null or caps.credit_limit is not null

)

select
    statement_id,
    'CAP_EXCEEDED' as rule_id,
    cast(
        case when is_over_month or coalesce(owed > credit_limit, false) then 0 else 1 end as smallint
    ) as flag,
    case
        when is_over_month or credit_limit is null then {{ money_text('month_excl_tax') }} || ' net in the month'
        else {{ money_text('owed') }} || ' unpaid and drafted'
    end as observed,
    case
        when is_over_month or credit_limit is null
            then 'at most ' || {{ money_text('cap_monthly') }} || ' (caps.monthly)'
        else 'at most ' || {{ money_text('credit_limit') }} || ' (caps.credit_limit)'
    end as expected
from caps
