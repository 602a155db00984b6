with

cases as (

    select
        tax_cases.cdr_key,
        tax_cases.supplied_at,
        tax_cases.supplier_country,
        tax_cases.customer_country,
        tax_cases.customer_regime,
        tax_cases.site_country,
        tax_cases.supplier_vat_id,
        tax_cases.customer_vat_id,
        tax_cases.is_customer_vat_id_valid
    from {{ ref('tax_cases') }} as tax_cases
    inner join {{ ref('work') }} as work on tax_cases.cdr_key = work.cdr_key

),

decisions as (

    select
        supplier_country,
        customer_country,
        customer_regime,
        site_country,
        starts_at,
        ends_at,
        decision_id,
        category,
        rate_percent,
        note,
        answers
    from {{ ref('tax_decisions') }}

),

-- Without any rule of tax nothing can be decided, and nothing is asked.
known as (

    select count(*) > 0 as has_rules
    from {{ ref('tax_rules') }}

)

select
    cases.cdr_key,
    cases.supplier_country,
    cases.customer_country,
    cases.customer_regime,
    cases.site_country,
    cases.supplier_vat_id,
    cases.customer_vat_id,
    cases.is_customer_vat_id_valid,
    known.has_rules,
    decisions.answers,
    case when decisions.answers = 1 and decisions.rate_percent is not null then decisions.decision_id end
        as decision_id,
    case when decisions.answers = 1 and decisions.rate_percent is not null then decisions.category end as category,
    case when decisions.answers = 1 then decisions.rate_percent end as rate_percent,
    case when decisions.answers = 1 then decisions.note end as note
from cases
cross join known
left join decisions
    on
        cases.supplier_country = decisions.supplier_country
        and coalesce(cases.customer_country, '') = coalesce(decisions.customer_country, '')
        and coalesce(cases.customer_regime, '') = coalesce(decisions.customer_regime, '')
        and coalesce(cases.site_country, '') = coalesce(decisions.site_country, '')
        and cases.supplied_at >= decisions.starts_at
        and (decisions.ends_at is null or cases.supplied_at < decisions.ends_at)
