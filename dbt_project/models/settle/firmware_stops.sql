with

limits as (

    select
        drift_history_days * 86400 as history_seconds,
        drift_minimum_records as minimum_records,
        drift_minimum_faults as minimum_faults,
        drift_times as times,
        drift_deviations as deviations
    from {{ ref('network') }}

),

events as (

    select
        record_id,
        cpo_party,
        lower(cpo_party) || '|' || lower(coalesce(evse_uid, evse_id)) as evse_key,
        event,
        coalesce(value, 'unknown') as value,
        happened_at
    from {{ ref('charger_events') }}
    where is_latest and event in ('firmware', 'stop')

),

-- One charger goes from version to version: what it did belongs to the one it had.
installations as (

    select
        cpo_party,
        evse_key,
        value as firmware,
        happened_at as installed_at,
        lag(happened_at) over (partition by evse_key order by happened_at, record_id) as earlier_at,
        lead(happened_at) over (partition by evse_key order by happened_at, record_id) as later_at
    from events
    where event = 'firmware'

),

stops as (

    select
        installations.cpo_party,
        installations.firmware,
        installations.evse_key,
        installations.installed_at,
        stops.value as stop_reason,
        stops.happened_at >= installations.installed_at as is_after
    from installations
    cross join limits
    inner join events as stops
        on
            installations.evse_key = stops.evse_key
            and stops.event = 'stop'
            and (installations.earlier_at is null or installations.earlier_at <= stops.happened_at)
            and (installations.later_at is null or installations.later_at > stops.happened_at)
            and {{ seconds_between('stops.happened_at', 'installations.installed_at') }} <= limits.history_seconds
            and {{ seconds_between('installations.installed_at', 'stops.happened_at') }} < limits.history_seconds

),

totals as (

    select
        cpo_party,
        firmware,
        min(installed_at) as first_installed_at,
        cast(count(distinct evse_key) as bigint) as chargers,
        count(case when is_after then 1 end) as stops,
        count(case when not is_after then 1 end) as stops_before
    from stops
    group by cpo_party, firmware

),

reasons as (

    select
        cpo_party,
        firmware,
        stop_reason,
        count(case when is_after then 1 end) as times_given,
        count(case when not is_after then 1 end) as times_given_before
    from stops
    group by cpo_party, firmware, stop_reason

)

select
    reasons.cpo_party,
    reasons.firmware,
    reasons.stop_reason,
    totals.first_installed_at,
    totals.chargers,
    totals.stops,
    reasons.times_given,
    totals.stops_before,
    reasons.times_given_before,
    {{ drift_expected('totals.stops', 'reasons.times_given_before', 'totals.stops_before') }} as expected_times,
    {{ drift_standing(
        'reasons.times_given', 'totals.stops', 'reasons.times_given_before', 'totals.stops_before'
    ) }} as standing
from reasons
inner join totals on reasons.cpo_party = totals.cpo_party and reasons.firmware = totals.firmware
cross join limits
