with

work as (

    select cdr_key
    from {{ ref('work') }}

),

cdrs as (

    select
        cdr_key,
        ocpi_version,
        started_at,
        ended_at,
        received_at,
        time_zone,
        time_form,
        is_time_ambiguous,
        energy_kwh,
        total_time_hours,
        claimed_excl_tax,
        connector_power_type
    from {{ ref('cdrs') }}

),

terms as (

    select
        cdr_key,
        coalesce(case when contract_version is not null then partner end, '') as partner,
        coalesce(contract_version, '') as contract_version,
        tolerance_duration_seconds,
        tolerance_clock_skew_seconds
    from {{ ref('cdr_terms') }}

),

tolerances as (

    select *
    from {{ ref('rule_tolerances') }}

),

period_facts as (

    select
        cdr_key,
        out_of_order_period_count,
        outside_period_count,
        over_start_period_count,
        first_period_started_at,
        period_reservation_hours
    from {{ ref('period_facts') }}

),

zones as (

    select distinct zone
    from {{ ref('zone_offsets') }}

),

network as (

    select max(history_before) as history_before
    from {{ ref('network') }}

),

local_days as (

    select
        day,
        starts_at
    from {{ ref('local_days') }}

),

history as (

    select coalesce(local_days.starts_at, cast(network.history_before as timestamptz)) as history_ends_at
    from network
    left join local_days on network.history_before = local_days.day

),

measured as (

    select
        cdrs.cdr_key,
        cdrs.ocpi_version,
        cdrs.started_at,
        cdrs.ended_at,
        cdrs.received_at,
        cdrs.time_zone,
        zones.zone is not null as is_zone_known,
        cdrs.time_form,
        cdrs.is_time_ambiguous,
        cdrs.energy_kwh,
        cdrs.claimed_excl_tax,
        cast(cdrs.total_time_hours as decimal(38, 8)) * 3600 as total_time_seconds,
        coalesce(cast(period_facts.period_reservation_hours as decimal(38, 8)) * 3600, 0) as reservation_seconds,
        {{ seconds_between('cdrs.started_at', 'cdrs.ended_at') }} as duration_seconds,
        {{ seconds_between('cdrs.received_at', 'cdrs.started_at') }} as start_ahead_seconds,
        {{ seconds_between('cdrs.received_at', 'cdrs.ended_at') }} as end_ahead_seconds,
        {{ seconds_between('cdrs.started_at', 'period_facts.first_period_started_at') }} as hole_seconds,
        coalesce(history.history_ends_at > cdrs.ended_at, false) as is_history,
        period_facts.cdr_key is not null as has_periods,
        period_facts.out_of_order_period_count,
        period_facts.outside_period_count,
        period_facts.over_start_period_count,
        coalesce(tolerances.time_total_mismatch, terms.tolerance_duration_seconds) as total_tolerance_seconds,
        coalesce(tolerances.time_future, terms.tolerance_clock_skew_seconds) as future_tolerance_seconds,
        coalesce(
            tolerances.session_over_max_hours,
            case when cdrs.connector_power_type like 'DC%' then 8 else 48 end
        ) as limit_hours,
        tolerances.session_too_short as short_seconds,
        tolerances.cdr_slow_delivery as slow_hours,
        tolerances.time_period_hole as hole_tolerance_seconds
    from cdrs
    inner join work on cdrs.cdr_key = work.cdr_key
    inner join terms on cdrs.cdr_key = terms.cdr_key
    cross join history
    left join tolerances
        on terms.partner = tolerances.partner and terms.contract_version = tolerances.contract_version
    left join period_facts on cdrs.cdr_key = period_facts.cdr_key
    left join zones on cdrs.time_zone = zones.zone

),

-- 1970 in any zone is a filler, not a year.
years as (

    select
        *,
        started_at >= timestamptz '1969-12-31 00:00:00+00' and started_at < timestamptz '1970-01-03 00:00:00+00'
            as is_start_epoch,
        ended_at >= timestamptz '1969-12-31 00:00:00+00' and ended_at < timestamptz '1970-01-03 00:00:00+00'
            as is_end_epoch,
        -- The rest of 1970 is what seconds give that are read as milliseconds.
        started_at >= timestamptz '1970-01-03 00:00:00+00' and started_at < timestamptz '1970-03-01 00:00:00+00'
            as is_start_thousandth,
        ended_at >= timestamptz '1970-01-03 00:00:00+00' and ended_at < timestamptz '1970-03-01 00:00:00+00'
            as is_end_thousandth,
        -- Long past, or so far ahead that the century is wrong: fifty years in seconds.
        started_at < timestamptz '2010-01-01 00:00:00+00' or start_ahead_seconds > 1577880000 as is_start_old,
        ended_at < timestamptz '2010-01-01 00:00:00+00' or end_ahead_seconds > 1577880000 as is_end_old,
        -- Either reading of total_time is in use: with the reserved time, and without.
        least(
            abs(total_time_seconds - duration_seconds),
            abs(total_time_seconds + reservation_seconds - duration_seconds)
        ) as total_gap_seconds
    from measured

)

select
    cdr_key,
    duration_seconds,
    cast(total_gap_seconds as decimal(18, 2)) as total_gap_seconds,
    cast(limit_hours as decimal(18, 2)) as limit_hours,
    greatest(start_ahead_seconds, end_ahead_seconds) as ahead_seconds,
    hole_seconds,
    coalesce(outside_period_count, 0) as outside_period_count,
    coalesce(over_start_period_count, 0) as over_start_period_count,
    -- The time of a CSV is read by its mapping, which names the zone and the form.
    cast(case
        when time_form is null or ocpi_version = 'csv' then null
        when time_form = 'none' then 0
        else 1
    end as smallint) as time_no_zone,
    -- OICP writes offsets.
    cast(case
        when time_form is null or ocpi_version in ('csv', 'oicp') then null
        when time_form = 'offset' then 0
        else 1
    end as smallint) as time_offset_form,
    cast(case
        when started_at is null or ended_at is null then null
        when is_start_epoch or is_end_epoch then 0
        else 1
    end as smallint) as time_epoch_sentinel,
    cast(case
        when started_at is null or ended_at is null then null
        when is_start_old and not is_start_epoch and not is_start_thousandth then 0
        when is_end_old and not is_end_epoch and not is_end_thousandth then 0
        else 1
    end as smallint) as time_year_implausible,
    cast(case
        when started_at is null or ended_at is null then null
        -- A filler or a wrong year is no order of times: it is held for what it is.
        when is_start_epoch or is_end_epoch or is_start_old or is_end_old then null
        -- In the hour that the clocks repeat it may be the other way round.
        when is_time_ambiguous and ended_at <= started_at and {{ seconds_between('ended_at', 'started_at') }} <= 3600
            then null
        when ended_at < started_at or (ended_at = started_at and energy_kwh > 0) then 0
        else 1
    end as smallint) as time_end_before_start,
    cast(case
        when started_at is null or ended_at is null then null
        when greatest(start_ahead_seconds, end_ahead_seconds) > future_tolerance_seconds then 0
        else 1
    end as smallint) as time_future,
    cast(case
        when total_gap_seconds is null or duration_seconds < 0 then null
        when total_gap_seconds > total_tolerance_seconds and total_gap_seconds * 100 > duration_seconds then 0
        else 1
    end as smallint) as time_total_mismatch,
    cast(case
        when not has_periods then null
        when out_of_order_period_count > 0 then 0
        else 1
    end as smallint) as time_period_unsorted,
    cast(case
        when not has_periods or started_at is null or ended_at is null then null
        when is_time_ambiguous and ended_at <= started_at and {{ seconds_between('ended_at', 'started_at') }} <= 3600
            then null
        when outside_period_count > 0 or over_start_period_count > 0 then 0
        else 1
    end as smallint) as time_period_order,
    cast(case
        when hole_seconds is null then null
        when hole_seconds > hole_tolerance_seconds then 0
        else 1
    end as smallint) as time_period_hole,
    cast(case
        when is_time_ambiguous is null then null
        when is_time_ambiguous then 0
        else 1
    end as smallint) as time_dst_ambiguous,
    cast(case when is_zone_known then 1 else 0 end as smallint) as time_zone_missing,
    cast(case
        when duration_seconds is null or duration_seconds < 0 then null
        when duration_seconds > limit_hours * 3600 then 0
        else 1
    end as smallint) as session_over_max_hours,
    cast(case
        when duration_seconds is null or duration_seconds < 0 then null
        when
            duration_seconds < short_seconds
            and (claimed_excl_tax > 0 or (claimed_excl_tax is null and energy_kwh > 0))
            then 0
        else 1
    end as smallint) as session_too_short,
    cast(case
        when ended_at is null or is_history then null
        when -end_ahead_seconds > slow_hours * 3600 then 0
        else 1
    end as smallint) as cdr_slow_delivery
from years
