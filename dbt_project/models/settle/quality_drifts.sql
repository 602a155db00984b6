with

limits as (

    select
        drift_recent_days as recent_days,
        drift_history_days as history_days,
        drift_minimum_records as minimum_records,
        drift_minimum_faults as minimum_faults,
        drift_times as times,
        drift_deviations as deviations
    from {{ ref('network') }}

),

-- By the day a record came a bad delivery shows against those before it; by the day of the session a change at a site
-- shows though its whole month came at once.
clocks as (

    select 'received' as dated_by
    union all
    select 'charged' as dated_by

),

dated_records as (

    select
        days.partner,
        clocks.dated_by,
        case clocks.dated_by when 'received' then days.received_on else days.charged_on end as day,
        days.records,
        days.faulty
    from {{ ref('quality_days') }} as days
    cross join clocks

),

dated_findings as (

    select
        found.partner,
        found.rule_id,
        clocks.dated_by,
        case clocks.dated_by when 'received' then found.received_on else found.charged_on end as day,
        found.root_findings
    from {{ ref('quality_findings') }} as found
    cross join clocks
    where found.severity in ('hold', 'reject') and found.root_findings > 0

),

volumes as (

    select
        partner,
        dated_by,
        day,
        cast(sum(records) as bigint) as records,
        cast(sum(faulty) as bigint) as faulty
    from dated_records
    group by partner, dated_by, day

),

faults as (

    select
        partner,
        'any' as rule_id,
        dated_by,
        day,
        cast(sum(faulty) as bigint) as faults
    from dated_records
    group by partner, dated_by, day

    union all

    select
        partner,
        rule_id,
        dated_by,
        day,
        cast(sum(root_findings) as bigint) as faults
    from dated_findings
    group by partner, rule_id, dated_by, day

),

-- The recent days end with the last of which the partner has records, not with the run: one who sends once a month is
-- compared when it has sent. A day of sessions that are all faulty may be one that a wrong clock has made up.
last_days as (

    select
        partner,
        dated_by,
        max(day) as last_on
    from volumes
    where dated_by = 'received' or records > faulty
    group by partner, dated_by

),

windows as (

    select
        last_days.partner,
        last_days.dated_by,
        last_days.last_on,
        {{ add_days('last_days.last_on', '1 - limits.recent_days') }} as recent_from,
        {{ add_days('last_days.last_on', '1 - limits.recent_days - limits.history_days') }} as history_from
    from last_days
    cross join limits

),

measured as (

    select
        windows.partner,
        windows.dated_by,
        windows.last_on,
        windows.recent_from,
        windows.history_from,
        cast(sum(case when volumes.day >= windows.recent_from then volumes.records else 0 end) as bigint) as records,
        cast(sum(case when volumes.day < windows.recent_from then volumes.records else 0 end) as bigint)
            as records_before
    from windows
    inner join volumes
        on
            windows.partner = volumes.partner
            and windows.dated_by = volumes.dated_by
            and windows.history_from <= volumes.day
            and windows.last_on >= volumes.day
    group by windows.partner, windows.dated_by, windows.last_on, windows.recent_from, windows.history_from

),

counted as (

    select
        measured.partner,
        faults.rule_id,
        measured.dated_by,
        measured.history_from,
        measured.recent_from,
        measured.last_on,
        measured.records,
        measured.records_before,
        cast(sum(case when faults.day >= measured.recent_from then faults.faults else 0 end) as bigint) as faults,
        cast(sum(case when faults.day < measured.recent_from then faults.faults else 0 end) as bigint) as faults_before
    from measured
    inner join faults
        on
            measured.partner = faults.partner
            and measured.dated_by = faults.dated_by
            and measured.history_from <= faults.day
            and measured.last_on >= faults.day
    group by
        measured.partner, faults.rule_id, measured.dated_by, measured.history_from, measured.recent_from,
        measured.last_on, measured.records, measured.records_before

)

select
    counted.partner,
    counted.rule_id,
    counted.dated_by,
    counted.history_from,
    counted.recent_from,
    counted.last_on,
    counted.records,
    counted.faults,
    counted.records_before,
    counted.faults_before,
    {{ drift_expected('counted.records', 'counted.faults_before', 'counted.records_before') }} as expected_faults,
    {{ drift_standing(
        'counted.faults', 'counted.records', 'counted.faults_before', 'counted.records_before'
    ) }} as standing
from counted
cross join limits
