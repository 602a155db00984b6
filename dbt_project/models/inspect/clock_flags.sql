with

work as (

    select cdr_key
    from {{ ref('work') }}

),

cdrs as (

    select
        cdr_key,
        started_at,
        ended_at,
        time_zone,
        time_form,
        total_time_hours
    from {{ ref('cdrs') }}

),

period_facts as (

    select
        cdr_key,
        period_time_hours,
        period_parking_hours
    from {{ ref('period_facts') }}

),

zone_offsets as (

    select
        zone,
        utc_from,
        offset_seconds
    from {{ ref('zone_offsets') }}

),

-- The few changes of a clock in the time of these sessions: all of a zone's hundreds need not be compared.
changes as (

    select
        zone,
        utc_from as changed_at,
        offset_seconds - lag(offset_seconds) over (partition by zone order by utc_from) as shift_seconds
    from zone_offsets

),

bounds as (

    select
        min(cdrs.started_at) as first_started_at,
        max(cdrs.ended_at) as last_ended_at
    from cdrs
    inner join work on cdrs.cdr_key = work.cdr_key
    where cdrs.started_at >= timestamptz '2010-01-01 00:00:00+00'

),

near_changes as (

    select
        changes.zone,
        changes.changed_at,
        changes.shift_seconds
    from changes
    cross join bounds
    where
        changes.shift_seconds <> 0
        and changes.changed_at > bounds.first_started_at
        and changes.changed_at < bounds.last_ended_at

),

crossings as (

    select
        cdrs.cdr_key,
        sum(near_changes.shift_seconds) as shift_seconds
    from cdrs
    inner join work on cdrs.cdr_key = work.cdr_key
    inner join near_changes
        on
            cdrs.time_zone = near_changes.zone
            and cdrs.started_at < near_changes.changed_at
            and cdrs.ended_at > near_changes.changed_at
    group by cdrs.cdr_key

),

-- The gap between what is priced and what passed. By the wall clock it is the hour that the clock was moved by.
measured as (

    select
        cdrs.cdr_key,
        cdrs.time_form,
        crossings.shift_seconds,
        {{ seconds_between('cdrs.started_at', 'cdrs.ended_at') }} as duration_seconds,
        cast(cdrs.total_time_hours as decimal(38, 8)) * 3600 as total_seconds,
        cast(
            coalesce(period_facts.period_time_hours, 0) + coalesce(period_facts.period_parking_hours, 0)
            as decimal(38, 8)
        ) * 3600 as period_seconds
    from cdrs
    inner join work on cdrs.cdr_key = work.cdr_key
    left join crossings on cdrs.cdr_key = crossings.cdr_key
    left join period_facts on cdrs.cdr_key = period_facts.cdr_key

)

select
    cdr_key,
    cast(shift_seconds as integer) as shift_seconds,
    cast(case
        when time_form is null then null
        when time_form = 'epoch' then 0
        else 1
    end as smallint) as time_epoch_unit,
    cast(case
        when shift_seconds is null or shift_seconds = 0 then null
        when abs(total_seconds - duration_seconds - shift_seconds) <= 60 then 0
        when period_seconds > 0 and abs(period_seconds - duration_seconds - shift_seconds) <= 60 then 0
        else 1
    end as smallint) as time_dst_crossing
from measured
