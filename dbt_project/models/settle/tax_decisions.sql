{%- set rule_text -%}
    supplier_country || '|' || coalesce(customer_country, '') || '|' || coalesce(customer_regime, '') || '|'
    || coalesce(site_country, '') || '|' || coalesce(cast(valid_from as varchar), '') || '|' || category || '|'
    || cast(coalesce(rate_percent, 0) as varchar)
{%- endset -%}
with

run as (

    select max(as_of) as as_of
    from {{ ref('settlement_run') }}

),

local_days as (

    select
        day,
        starts_at
    from {{ ref('local_days') }}

),

-- What this run knows; a rate begins at midnight of the network's zone, beyond the calendar at midnight UTC.
rules as (

    select
        upper(tax_rules.supplier_country) as supplier_country,
        upper(tax_rules.customer_country) as customer_country,
        lower(tax_rules.customer_regime) as customer_regime,
        upper(tax_rules.site_country) as site_country,
        upper(coalesce(tax_rules.category, 'S')) as category,
        tax_rules.rate_percent,
        tax_rules.note,
        tax_rules.valid_from,
        coalesce(
            local_days.starts_at, cast(coalesce(tax_rules.valid_from, cast('1970-01-01' as date)) as timestamptz)
        ) as starts_at,
        case when tax_rules.supplier_country is null then 0 else 1 end
        + case when tax_rules.customer_country is null then 0 else 1 end
        + case when tax_rules.customer_regime is null then 0 else 1 end
        + case when tax_rules.site_country is null then 0 else 1 end as conditions
    from {{ ref('tax_rules') }} as tax_rules
    cross join run
    left join local_days on tax_rules.valid_from = local_days.day
    where {{ is_known('tax_rules', 'run.as_of') }}

),

-- A rule holds until the next one with the same conditions.
spans as (

    select
        rules.supplier_country,
        rules.customer_country,
        rules.customer_regime,
        rules.site_country,
        rules.category,
        rules.rate_percent,
        rules.note,
        rules.valid_from,
        rules.conditions,
        rules.starts_at,
        min(later.starts_at) as ends_at
    from rules
    left join rules as later
        on
            coalesce(rules.supplier_country, '') = coalesce(later.supplier_country, '')
            and coalesce(rules.customer_country, '') = coalesce(later.customer_country, '')
            and coalesce(rules.customer_regime, '') = coalesce(later.customer_regime, '')
            and coalesce(rules.site_country, '') = coalesce(later.site_country, '')
            and rules.starts_at < later.starts_at
    group by
        rules.supplier_country,
        rules.customer_country,
        rules.customer_regime,
        rules.site_country,
        rules.category,
        rules.rate_percent,
        rules.note,
        rules.valid_from,
        rules.conditions,
        rules.starts_at

),

cases as (

    select
        supplier_country,
        customer_country,
        customer_regime,
        site_country
    from {{ ref('tax_cases') }}
    where supplier_country is not null

    union

    -- A fee is supplied where the customer is, wherever the chargers stand.
    select
        supplier_country,
        customer_country,
        customer_regime,
        customer_country as site_country
    from {{ ref('tax_cases') }}
    where supplier_country is not null

),

matches as (

    select
        cases.supplier_country,
        cases.customer_country,
        cases.customer_regime,
        cases.site_country,
        spans.category,
        spans.rate_percent,
        spans.note,
        spans.valid_from,
        spans.conditions,
        spans.starts_at,
        spans.ends_at
    from cases
    inner join spans
        on
            (spans.supplier_country is null or cases.supplier_country = spans.supplier_country)
            and (spans.customer_country is null or cases.customer_country = spans.customer_country)
            and (spans.customer_regime is null or cases.customer_regime = spans.customer_regime)
            and (spans.site_country is null or cases.site_country = spans.site_country)

),

moments as (

    select
        supplier_country,
        customer_country,
        customer_regime,
        site_country,
        starts_at
    from matches

    union

    select
        supplier_country,
        customer_country,
        customer_regime,
        site_country,
        ends_at as starts_at
    from matches
    where ends_at is not null

),

intervals as (

    select
        supplier_country,
        customer_country,
        customer_regime,
        site_country,
        starts_at,
        lead(starts_at) over (
            partition by supplier_country, customer_country, customer_regime, site_country
            order by starts_at
        ) as ends_at
    from moments

),

-- The rule with the most conditions decides.
ranked as (

    select
        intervals.supplier_country,
        intervals.customer_country,
        intervals.customer_regime,
        intervals.site_country,
        intervals.starts_at,
        intervals.ends_at,
        matches.category,
        matches.rate_percent,
        matches.note,
        matches.valid_from,
        matches.conditions,
        max(matches.conditions) over (
            partition by
                intervals.supplier_country,
                intervals.customer_country,
                intervals.customer_regime,
                intervals.site_country,
                intervals.starts_at
        ) as most_conditions
    from intervals
    inner join matches
        on
            intervals.supplier_country = matches.supplier_country
            and coalesce(intervals.customer_country, '') = coalesce(matches.customer_country, '')
            and coalesce(intervals.customer_regime, '') = coalesce(matches.customer_regime, '')
            and coalesce(intervals.site_country, '') = coalesce(matches.site_country, '')
            and intervals.starts_at >= matches.starts_at
            and (matches.ends_at is null or intervals.starts_at < matches.ends_at)

),

-- Two rules that say as much about a case and differ decide nothing.
decided as (

    select
        supplier_country,
        customer_country,
        customer_regime,
        site_country,
        starts_at,
        ends_at,
        min(category) as category,
        min(rate_percent) as rate_percent,
        min(note) as note,
        min(valid_from) as valid_from,
        count(distinct category || '|' || cast(coalesce(rate_percent, 0) as varchar)) as answers
    from ranked
    where conditions = most_conditions
    group by supplier_country, customer_country, customer_regime, site_country, starts_at, ends_at

)

select
    supplier_country,
    customer_country,
    customer_regime,
    site_country,
    starts_at,
    ends_at,
    {{ sha256_text(rule_text) }} as decision_id,
    category,
    -- Only a standard or reduced rate adds tax to the document; every other category is at nil there.
    cast(case when category = 'S' then rate_percent else 0 end as decimal(18, 8)) as rate_percent,
    note,
    valid_from,
    cast(answers as integer) as answers
from decided
