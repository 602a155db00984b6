with

work as (

    select cdr_key
    from "evsettle"."inspect"."work"

),

cdrs as (

    select
        cdr_key,
        record_id,
        started_at,
        ended_at
    from "evsettle"."inspect"."cdrs"

),

period_contexts as (

    select record_id
    from "evsettle"."rate"."period_contexts"

),

period_problems as (

    select
        record_id,
        rule_id,
        detail,
        severity,
        is_blocking,
        message
    from "evsettle"."rate"."period_problems"

),

tariff_problems as (

    select
        record_id,
        rule_id,
        detail,
        severity,
        is_blocking,
        message
    from "evsettle"."rate"."tariff_problems"

),

work_cdrs as (

    select
        cdrs.record_id,
        cdrs.started_at,
        cdrs.ended_at
    from cdrs
    inner join work on cdrs.cdr_key = work.cdr_key

),

problems as (

    select
        work_cdrs.record_id,
        'SCHEMA_REQUIRED_MISSING' as rule_id,
        'start or end' as detail,
        'reject' as severity,
        true as is_blocking,
        'The CDR has no start or no end, so its last period has no length.' as message
    from work_cdrs
    where work_cdrs.started_at is null or work_cdrs.ended_at is null

    union all

    select
        work_cdrs.record_id,
        'TIME_END_BEFORE_START' as rule_id,
        'session' as detail,
        'reject' as severity,
        true as is_blocking,
        'The session ends before it starts.' as message
    from work_cdrs
    where work_cdrs.ended_at < work_cdrs.started_at

    union all

    select
        work_cdrs.record_id,
        'PERIODS_EMPTY' as rule_id,
        'session' as detail,
        'hold' as severity,
        true as is_blocking,
        'The CDR has no charging period, so nothing in it can be priced.' as message
    from work_cdrs
    where work_cdrs.record_id not in (select period_contexts.record_id from period_contexts)

    union all

    select
        record_id,
        rule_id,
        detail,
        severity,
        is_blocking,
        message
    from period_problems

    union all

    select
        record_id,
        rule_id,
        detail,
        severity,
        is_blocking,
        message
    from tariff_problems

)

select
    work_cdrs.record_id,
    problems.rule_id,
    problems.detail,
    problems.severity,
    problems.is_blocking,
    problems.message
from problems
inner join work_cdrs on problems.record_id = work_cdrs.record_id
