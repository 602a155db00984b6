with

statements as (

    select
        statement_id,
        period
    from {{ ref('statements') }}
    -- What is payable the partner issues; what corrects a sealed period has no day of its own.
    where status <> 'sealed' and direction = 'receivable' and adjustment_no = 0 and tax is not null

),

lines as (

    select
        statement_id,
        cdr_key
    from {{ ref('statement_lines') }}
    where cdr_key is not null

),

cases as (

    select
        cdr_key,
        supplier_country,
        customer_country
    from {{ ref('tax_cases') }}

),

bounds as (

    select
        period,
        {{ add_days('ends_on', '-1') }} as last_on
    from {{ ref('period_bounds') }}

),

run as (

    select max(as_of) as as_of
    from {{ ref('settlement_run') }}

),

local_days as (

    select
        day,
        starts_at,
        lead(starts_at) over (order by day) as ends_at
    from {{ ref('local_days') }}

),

today as (

    select local_days.day
    from run
    inner join local_days on run.as_of >= local_days.starts_at and run.as_of < local_days.ends_at

),

deadlines as (

    select
        country,
        valid_from,
        valid_to,
        day_of_next_month,
        days_after,
        source
    from {{ ref('issue_deadlines') }}

),

members (country) as (

    values
    ('AT'), ('BE'), ('BG'), ('CY'), ('CZ'), ('DE'), ('DK'), ('EE'), ('ES'), ('FI'), ('FR'), ('GR'), ('HR'), ('HU'),
    ('IE'), ('IT'), ('LT'), ('LU'), ('LV'), ('MT'), ('NL'), ('PL'), ('PT'), ('RO'), ('SE'), ('SI'), ('SK')

),

supplies as (

    select
        statements.statement_id,
        min(bounds.last_on) as last_on,
        min(cases.supplier_country) as supplier_country,
        min(cases.customer_country) as customer_country
    from statements
    inner join bounds on statements.period = bounds.period
    inner join lines on statements.statement_id = lines.statement_id
    inner join cases on lines.cdr_key = cases.cdr_key
    group by statements.statement_id

),

ruled as (

    select
        supplies.statement_id,
        supplies.last_on,
        case when unions.country is null then nationals.day_of_next_month else unions.day_of_next_month end
            as day_of_next_month,
        case when unions.country is null then nationals.days_after else unions.days_after end as days_after,
        coalesce(unions.source, nationals.source) as source
    from supplies
    left join deadlines as nationals
        on
            supplies.supplier_country = nationals.country
            and supplies.last_on >= nationals.valid_from
            and (nationals.valid_to is null or supplies.last_on < nationals.valid_to)
    left join members as suppliers on supplies.supplier_country = suppliers.country
    left join members as customers on supplies.customer_country = customers.country
    left join deadlines as unions
        on
            unions.country = 'EU'
            and suppliers.country <> customers.country
            and supplies.last_on >= unions.valid_from
            and (unions.valid_to is null or supplies.last_on < unions.valid_to)

),

-- The month after the last day begins on the first first of a month that comes then.
next_months as (

    select
        ruled.statement_id,
        min(local_days.day) as starts_on
    from ruled
    inner join local_days on ruled.last_on < local_days.day and extract(day from local_days.day) = 1
    group by ruled.statement_id

)

select
    ruled.statement_id,
    ruled.last_on,
    cast(
        case
            when ruled.days_after is not null then {{ add_days('ruled.last_on', 'ruled.days_after') }}
            else {{ add_days('next_months.starts_on', 'ruled.day_of_next_month - 1') }}
        end as date
    ) as issue_due_on,
    ruled.source,
    today.day as issued_on
from ruled
cross join today
left join next_months on ruled.statement_id = next_months.statement_id
where ruled.source is not null
