with

work as (

    select cdr_key
    from {{ ref('work') }}

),

cdrs as (

    select
        cdr_key,
        record_id,
        started_at,
        ended_at,
        time_zone,
        time_form,
        total_time_hours,
        last_updated
    from {{ ref('cdrs') }}

),

terms as (

    select
        cdr_key,
        coalesce(case when contract_version is not null then partner end, '') as partner,
        coalesce(contract_version, '') as contract_version
    from {{ ref('cdr_terms') }}

),

tolerances as (

    select
        partner,
        contract_version,
        time_local_as_utc,
        time_clock_drift
    from {{ ref('rule_tolerances') }}

),

evidence as (

    select
        cdr_key,
        session_started_at,
        receipt_started_at
    from {{ ref('cdr_evidence') }}

),

charger_facts as (

    select
        cdr_key,
        start_recorded_at,
        drift_seconds
    from {{ ref('charger_facts') }}

),

period_facts as (

    select
        cdr_key,
        period_time_hours,
        period_parking_hours
    from {{ ref('period_facts') }}

),

-- A zone column beside a stamp, which its own offset may contradict.
zone_readings as (

    select
        record_id,
        started_at_by_zone,
        ended_at_by_zone
    from {{ ref('date_readings') }}
    where started_at_by_zone is not null

),

zone_offsets as (

    select
        zone,
        utc_from,
        utc_to,
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

-- How far the start is from what others say it was; a CDR made before its own end says so too.
gaps as (

    select
        cdrs.cdr_key,
        cdrs.time_zone,
        cdrs.started_at,
        zone_readings.started_at_by_zone,
        coalesce(zone_readings.started_at_by_zone <> cdrs.started_at, false)
        or coalesce(zone_readings.ended_at_by_zone <> cdrs.ended_at, false) as is_zone_contradicted,
        coalesce(evidence.session_started_at, charger_facts.start_recorded_at, evidence.receipt_started_at)
            as known_started_at,
        {{ seconds_between(
            'coalesce(evidence.session_started_at, charger_facts.start_recorded_at, evidence.receipt_started_at)',
            'cdrs.started_at'
        ) }} as gap_seconds,
        {{ seconds_between('cdrs.last_updated', 'cdrs.ended_at') }} as early_seconds,
        charger_facts.drift_seconds,
        tolerances.time_local_as_utc as local_tolerance_seconds,
        tolerances.time_clock_drift as drift_tolerance_seconds
    from cdrs
    inner join work on cdrs.cdr_key = work.cdr_key
    inner join terms on cdrs.cdr_key = terms.cdr_key
    left join tolerances
        on terms.partner = tolerances.partner and terms.contract_version = tolerances.contract_version
    left join evidence on cdrs.cdr_key = evidence.cdr_key
    left join charger_facts on cdrs.cdr_key = charger_facts.cdr_key
    left join zone_readings on cdrs.record_id = zone_readings.record_id

),

-- Few are apart; only those look up what their clock showed.
apart as (

    select
        cdr_key,
        time_zone,
        started_at,
        gap_seconds,
        early_seconds,
        local_tolerance_seconds
    from gaps
    where
        (gap_seconds is not null and abs(gap_seconds) > local_tolerance_seconds)
        or (gap_seconds is null and early_seconds > local_tolerance_seconds)

),

local_as_utc as (

    select distinct apart.cdr_key
    from apart
    inner join zone_offsets
        on
            apart.time_zone = zone_offsets.zone
            and apart.started_at >= zone_offsets.utc_from
            and apart.started_at < zone_offsets.utc_to
    where
        zone_offsets.offset_seconds <> 0
        and (
            abs(apart.gap_seconds - zone_offsets.offset_seconds) <= apart.local_tolerance_seconds
            or (
                apart.gap_seconds is null
                and apart.early_seconds <= zone_offsets.offset_seconds + apart.local_tolerance_seconds
            )
        )

),

-- The gap between what is priced and what passed. By the wall clock it is the hour that the clock was moved by.
measured as (

    select
        cdrs.cdr_key,
        cdrs.started_at,
        cdrs.ended_at,
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
    measured.cdr_key,
    cast(measured.shift_seconds as integer) as shift_seconds,
    coalesce(gaps.known_started_at, gaps.started_at_by_zone) as known_started_at,
    gaps.drift_seconds,
    gaps.drift_seconds <= gaps.drift_tolerance_seconds * 5 as is_drift_mild,
    cast(case
        when gaps.is_zone_contradicted then 0
        when gaps.gap_seconds is null and gaps.early_seconds is null and gaps.started_at_by_zone is null then null
        when local_as_utc.cdr_key is not null then 0
        else 1
    end as smallint) as time_local_as_utc,
    cast(case
        when gaps.drift_seconds is null then null
        when gaps.drift_seconds > gaps.drift_tolerance_seconds then 0
        else 1
    end as smallint) as time_clock_drift,
    cast(case
        when measured.time_form is null then null
        when measured.time_form = 'epoch' then 0
        -- Seconds that were read as milliseconds lie in the first weeks of 1970; its first days are a filler.
        when
            measured.started_at >= timestamptz '1970-01-03 00:00:00+00'
            and measured.started_at < timestamptz '1970-03-01 00:00:00+00'
            then 0
        when
            measured.ended_at >= timestamptz '1970-01-03 00:00:00+00'
            and measured.ended_at < timestamptz '1970-03-01 00:00:00+00'
            then 0
        else 1
    end as smallint) as time_epoch_unit,
    cast(case
        when measured.shift_seconds is null or measured.shift_seconds = 0 then null
        when abs(measured.total_seconds - measured.duration_seconds - measured.shift_seconds) <= 60 then 0
        when
            measured.period_seconds > 0
            and abs(measured.period_seconds - measured.duration_seconds - measured.shift_seconds) <= 60
            then 0
        else 1
    end as smallint) as time_dst_crossing
from measured
inner join gaps on measured.cdr_key = gaps.cdr_key
left join local_as_utc on measured.cdr_key = local_as_utc.cdr_key
