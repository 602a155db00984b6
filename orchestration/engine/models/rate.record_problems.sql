with

session_tariffs as (

    select
        record_id,
        cdr_key,
        started_us,
        ended_us
    from "evsettle"."rate"."session_tariffs"

),

tariffs_in_force as (

    select
        cdr_key,
        tariff_id,
        has_rival
    from "evsettle"."inspect"."tariffs_in_force"

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

problems as (

    select
        session_tariffs.record_id,
        'SCHEMA_REQUIRED_MISSING' as rule_id,
        'start or end' as detail,
        'reject' as severity,
        true as is_blocking,
        'The CDR has no start or no end, so its last period has no length.' as message
    from session_tariffs
    where session_tariffs.started_us is null or session_tariffs.ended_us is null

    union all

    select
        session_tariffs.record_id,
        'TIME_END_BEFORE_START' as rule_id,
        'session' as detail,
        'reject' as severity,
        true as is_blocking,
        'The session ends before it starts.' as message
    from session_tariffs
    where session_tariffs.ended_us < session_tariffs.started_us

    union all

    select
        session_tariffs.record_id,
        'PERIODS_EMPTY' as rule_id,
        'session' as detail,
        'hold' as severity,
        true as is_blocking,
        'The CDR has no charging period, so nothing in it can be priced.' as message
    from session_tariffs
    where session_tariffs.record_id not in (select period_contexts.record_id from period_contexts)

    union all

    select
        session_tariffs.record_id,
        'TARIFF_OVERLAP' as rule_id,
        lower(coalesce(tariffs_in_force.tariff_id, 'without an id')) as detail,
        'hold' as severity,
        false as is_blocking,
        'Tariff ' || coalesce(tariffs_in_force.tariff_id, 'without an id')
        || ' is there more than once with different prices for the start of the session; the first was used.' as message
    from tariffs_in_force
    inner join session_tariffs on tariffs_in_force.cdr_key = session_tariffs.cdr_key
    where tariffs_in_force.has_rival

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
    session_tariffs.record_id,
    problems.rule_id,
    problems.detail,
    problems.severity,
    problems.is_blocking,
    problems.message
from problems
inner join session_tariffs on problems.record_id = session_tariffs.record_id
