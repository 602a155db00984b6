with

work as (

    select cdr_key
    from {{ ref('work') }}

),

cdrs as (

    select
        cdr_key,
        excess_precision
    from {{ ref('cdrs') }}

),

period_facts as (

    select
        cdr_key,
        billable_period_count,
        period_count,
        odd_dimension_period_count,
        odd_dimensions
    from {{ ref('period_facts') }}

)

select
    cdrs.cdr_key,
    cast(coalesce(period_facts.period_count, 0) as integer) as period_count,
    period_facts.odd_dimensions,
    cdrs.excess_precision,
    cast(case when cdrs.excess_precision is null then 1 else 0 end as smallint) as num_precision_excess,
    cast(case when coalesce(period_facts.billable_period_count, 0) > 0 then 1 else 0 end as smallint) as periods_empty,
    cast(case
        when period_facts.period_count is null then null
        when period_facts.odd_dimension_period_count = 0 then 1
        else 0
    end as smallint) as dimension_not_billable
from cdrs
inner join work on cdrs.cdr_key = work.cdr_key
left join period_facts on cdrs.cdr_key = period_facts.cdr_key
