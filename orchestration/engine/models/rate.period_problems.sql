with

period_contexts as (

    select
        record_id,
        period_no,
        sorted_no,
        started_us,
        ended_us,
        cdr_started_us,
        cdr_ended_us,
        is_reservation,
        is_charging,
        energy_kwh,
        time_hours,
        parking_hours,
        reservation_hours,
        tariff_state,
        tariff_index
    from "evsettle"."rate"."period_contexts"

),

sent_periods as (

    select
        record_id,
        period_no,
        tariff_id,
        other_dimensions,
        unknown_dimensions,
        dimension_problems
    from "evsettle"."ingest"."sent_periods"

),

session_tariffs as (

    select
        cdr_key,
        record_id
    from "evsettle"."rate"."session_tariffs"

),

tariffs_in_force as (

    select
        cdr_key,
        tariff_index,
        tariff_id
    from "evsettle"."inspect"."tariffs_in_force"

),

-- Of every record in the house: those in work are picked where the problems are read.
odd_periods as (

    select
        record_id,
        period_no,
        other_dimensions,
        unknown_dimensions,
        dimension_problems
    from sent_periods
    where other_dimensions is not null or unknown_dimensions is not null or dimension_problems is not null

),

-- The tariff that the period names, and the one that would apply.
untariffed as (

    select
        period_contexts.record_id,
        period_contexts.tariff_state,
        sent_periods.tariff_id,
        tariffs_in_force.tariff_id as used_tariff_id
    from period_contexts
    inner join sent_periods
        on period_contexts.record_id = sent_periods.record_id and period_contexts.period_no = sent_periods.period_no
    inner join session_tariffs on period_contexts.record_id = session_tariffs.record_id
    left join tariffs_in_force
        on
            session_tariffs.cdr_key = tariffs_in_force.cdr_key
            and period_contexts.tariff_index = tariffs_in_force.tariff_index
    where period_contexts.tariff_state in ('unknown', 'not_in_force', 'not_approved')

),

problems as (

    select
        record_id,
        'SCHEMA_REQUIRED_MISSING' as rule_id,
        'period ' || cast(period_no as varchar) as detail,
        'reject' as severity,
        true as is_blocking,
        'Period ' || cast(period_no as varchar) || ' has no start.' as message
    from period_contexts
    where started_us is null

    union all

    select
        record_id,
        'TIME_PERIOD_ORDER' as rule_id,
        'period ' || cast(period_no as varchar) as detail,
        'reject' as severity,
        true as is_blocking,
        'Period ' || cast(period_no as varchar) || ' lies wholly outside the session.' as message
    from period_contexts
    where
        started_us > cdr_ended_us
        -- The lead of a reservation may come before the session's start.
        or (is_charging and not is_reservation and started_us < cdr_started_us and ended_us <= cdr_started_us)

    union all

    select
        record_id,
        'TIME_PERIOD_ORDER' as rule_id,
        'period ' || cast(period_no as varchar) as detail,
        'warn' as severity,
        false as is_blocking,
        'Period ' || cast(period_no as varchar) || ' begins before the session; it is priced as sent.' as message
    from period_contexts
    where is_charging and not is_reservation and started_us < cdr_started_us and ended_us > cdr_started_us

    union all

    select
        record_id,
        'TIME_PERIOD_UNSORTED' as rule_id,
        'session' as detail,
        'warn' as severity,
        false as is_blocking,
        'The charging periods are not in order of time; they were sorted by their start.' as message
    from period_contexts
    where sorted_no <> period_no
    group by record_id

    union all

    select
        record_id,
        'DIMENSION_NOT_BILLABLE' as rule_id,
        'period ' || cast(period_no as varchar) as detail,
        'reject' as severity,
        true as is_blocking,
        'Period ' || cast(period_no as varchar) || ' has a dimension that this OCPI version does not know: '
        || unknown_dimensions || '.' as message
    from odd_periods
    where unknown_dimensions is not null

    union all

    select
        record_id,
        'DIMENSION_NOT_BILLABLE' as rule_id,
        min(other_dimensions) as detail,
        'warn' as severity,
        false as is_blocking,
        'Dimensions that are not billed were left out: ' || min(other_dimensions) || '.' as message
    from odd_periods
    where other_dimensions is not null
    group by record_id

    union all

    select
        record_id,
        'SCHEMA_TYPE_INVALID' as rule_id,
        'period ' || cast(period_no as varchar) as detail,
        'reject' as severity,
        true as is_blocking,
        'Period ' || cast(period_no as varchar) || ': ' || dimension_problems || '.' as message
    from odd_periods
    where dimension_problems is not null

    union all

    select
        record_id,
        'SCHEMA_TYPE_INVALID' as rule_id,
        'size of period ' || cast(period_no as varchar) as detail,
        'reject' as severity,
        true as is_blocking,
        'Period ' || cast(period_no as varchar) || ' has a volume of a million or more, which cannot be priced exactly.'
            as message
    from period_contexts
    where
        abs(energy_kwh) >= 1000000
        or abs(time_hours) >= 1000000
        or abs(parking_hours) >= 1000000
        or abs(reservation_hours) >= 1000000

    union all

    -- Energy flows both ways, time does not.
    select
        record_id,
        'SCHEMA_TYPE_INVALID' as rule_id,
        'sign of period ' || cast(period_no as varchar) as detail,
        'reject' as severity,
        true as is_blocking,
        'Period ' || cast(period_no as varchar) || ' has a time below zero, which nobody can charge, park or reserve.'
            as message
    from period_contexts
    where time_hours < 0 or parking_hours < 0 or reservation_hours < 0

    union all

    select
        record_id,
        'TARIFF_REF_MISSING' as rule_id,
        'session' as detail,
        'hold' as severity,
        true as is_blocking,
        'The CDR carries no tariff and its periods name none.' as message
    from period_contexts
    where tariff_state = 'none'
    group by record_id

    union all

    select
        record_id,
        'TARIFF_REF_MISSING' as rule_id,
        'period ' || cast(period_no as varchar) as detail,
        'hold' as severity,
        false as is_blocking,
        'Period ' || cast(period_no as varchar) || ' names none of the CDR''s tariffs, so it costs nothing.' as message
    from period_contexts
    where tariff_state = 'not_named'

    union all

    select
        record_id,
        'TARIFF_UNKNOWN' as rule_id,
        coalesce(lower(tariff_id), 'session') as detail,
        'hold' as severity,
        true as is_blocking,
        'Tariff ' || coalesce(min(tariff_id), min(used_tariff_id), 'of the CDR')
        || ' is not in the CDR and not known, or cannot be read.' as message
    from untariffed
    where tariff_state = 'unknown'
    group by record_id, lower(tariff_id)

    union all

    select
        record_id,
        'TARIFF_NOT_IN_FORCE' as rule_id,
        coalesce(lower(used_tariff_id), 'session') as detail,
        'hold' as severity,
        true as is_blocking,
        'Tariff ' || coalesce(min(used_tariff_id), 'without an id')
        || ' is not in force at the start of the session.' as message
    from untariffed
    where tariff_state = 'not_in_force'
    group by record_id, lower(used_tariff_id)

    union all

    select
        record_id,
        'TARIFF_NOT_APPROVED' as rule_id,
        coalesce(lower(used_tariff_id), 'session') as detail,
        'hold' as severity,
        true as is_blocking,
        'Tariff ' || coalesce(min(used_tariff_id), 'without an id')
        || ' is not approved by two people, so it prices nothing.' as message
    from untariffed
    where tariff_state = 'not_approved'
    group by record_id, lower(used_tariff_id)

)

select
    record_id,
    rule_id,
    detail,
    severity,
    is_blocking,
    message
from problems
