{{ config(materialized='incremental', incremental_strategy='replace_work') }}

with

session_tariffs as (

    select
        record_id,
        cdr_key
    from {{ ref('session_tariffs') }}

),

record_problems as (

    select
        record_id,
        rule_id,
        detail,
        severity,
        is_blocking,
        message
    from {{ ref('record_problems') }}

),

crossed_periods as (

    select
        record_id,
        period_no
    from {{ ref('crossed_periods') }}

),

price_totals as (

    select
        cdr_key,
        reading,
        -- What may be known without tax must be told from what may be known with it.
        coalesce(total_excl_tax, total_incl_tax) as total
    from {{ ref('price_totals') }}
    where is_priced

),

-- `evsettle price` knows no rules and takes the default of this one.
rules as (

    select coalesce(max(tolerance), 0.02) as moved_limit
    from {{ ref('rules') }}
    where rule_id = 'PERIOD_TOU_MISSING'

),

cut_prices as (

    select
        split.cdr_key,
        base.total,
        split.total as cut_total,
        abs(split.total - base.total) > rules.moved_limit as is_moved
    from price_totals as split
    cross join rules
    inner join price_totals as base on split.cdr_key = base.cdr_key and base.reading = 'base'
    where split.reading = 'split'

)

select
    session_tariffs.cdr_key,
    'base' as reading,
    record_problems.rule_id,
    record_problems.detail,
    record_problems.severity,
    record_problems.is_blocking,
    record_problems.message
from record_problems
inner join session_tariffs on record_problems.record_id = session_tariffs.record_id

union all

select
    session_tariffs.cdr_key,
    'base' as reading,
    'PERIOD_TOU_MISSING' as rule_id,
    'period ' || cast(crossed_periods.period_no as varchar) as detail,
    case when cut_prices.is_moved then 'hold' else 'warn' end as severity,
    false as is_blocking,
    'Period ' || cast(crossed_periods.period_no as varchar)
    || ' crosses a boundary of its tariff. Cut at its boundaries the session costs '
    || cast(cast(cut_prices.cut_total as decimal(38, 4)) as varchar) || ', as sent '
    || cast(cast(cut_prices.total as decimal(38, 4)) as varchar) || '.' as message
from crossed_periods
inner join session_tariffs on crossed_periods.record_id = session_tariffs.record_id
inner join cut_prices on session_tariffs.cdr_key = cut_prices.cdr_key
