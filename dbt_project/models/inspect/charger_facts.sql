with

work as (

    select cdr_key
    from {{ ref('work') }}

),

cdrs as (

    select
        cdrs.cdr_key,
        cdrs.record_id,
        lower(cdrs.cpo_party) || '|' || lower(cdrs.session_id) as session_key,
        lower(cdrs.cpo_party) || '|' || lower(cdrs.cdr_id) as cdr_id_key,
        lower(cdrs.cpo_party) || '|' || lower(coalesce(cdrs.evse_uid, cdrs.evse_id)) as evse_key,
        cdrs.started_at,
        cdrs.ended_at
    from {{ ref('cdrs') }} as cdrs
    inner join work on cdrs.cdr_key = work.cdr_key

),

parking as (

    select
        record_id,
        started_at,
        ended_at
    from {{ ref('charging_periods') }}
    where parking_hours > 0

),

events as (

    select
        record_id,
        lower(cpo_party) || '|' || lower(session_id) as session_key,
        lower(cpo_party) || '|' || lower(cdr_id) as cdr_id_key,
        lower(cpo_party) || '|' || lower(coalesce(evse_uid, evse_id)) as evse_key,
        lower(event) as event,
        value,
        happened_at,
        recorded_at
    from {{ ref('charger_events') }}
    where is_latest

),

-- A pause or an outage reaches to the next word on the same thing at the same place.
spans as (

    select
        event,
        value,
        session_key,
        evse_key,
        happened_at as from_at,
        lead(happened_at) over (
            partition by coalesce(evse_key, session_key), split_part(event, '_', 1)
            order by happened_at asc, event asc, value asc, record_id asc
        ) as to_at
    from events
    where event in ('pause_start', 'pause_end', 'outage_start', 'outage_end')

),

outages as (

    select
        evse_key,
        from_at,
        to_at
    from spans
    where event = 'outage_start' and evse_key is not null

),

linked as (

    select
        cdrs.cdr_key,
        events.record_id,
        events.evse_key,
        events.event,
        events.value,
        events.happened_at,
        events.recorded_at
    from cdrs
    inner join events on cdrs.session_key = events.session_key
    union
    select
        cdrs.cdr_key,
        events.record_id,
        events.evse_key,
        events.event,
        events.value,
        events.happened_at,
        events.recorded_at
    from cdrs
    inner join events on cdrs.cdr_id_key = events.cdr_id_key
    union
    select
        cdrs.cdr_key,
        events.record_id,
        events.evse_key,
        events.event,
        events.value,
        events.happened_at,
        events.recorded_at
    from cdrs
    inner join events on cdrs.evse_key = events.evse_key
    where
        events.session_key is null
        and events.cdr_id_key is null
        and {{ seconds_between('cdrs.started_at', 'events.happened_at') }} >= -300
        and {{ seconds_between('events.happened_at', 'cdrs.ended_at') }} >= -300

),

-- What a charger says after an outage was recorded late, and says nothing about its clock.
delayed as (

    select distinct linked.record_id
    from linked
    inner join outages on linked.evse_key = outages.evse_key
    where
        linked.event in ('start', 'stop')
        and linked.happened_at >= outages.from_at
        and (outages.to_at is null or linked.happened_at <= outages.to_at)

),

by_cdr as (

    select
        linked.cdr_key,
        max(case when linked.event = 'stop' then linked.value end) as stop_reason,
        max(case when linked.event = 'start' then linked.value end) as start_mode,
        min(case when linked.event = 'start' then linked.recorded_at end) as start_recorded_at,
        max(case
            when linked.event in ('start', 'stop') and delayed.record_id is null
                then abs({{ seconds_between('linked.happened_at', 'linked.recorded_at') }})
        end) as drift_seconds,
        max(case when linked.event = 'firmware' then linked.value end) as firmware
    from linked
    left join delayed on linked.record_id = delayed.record_id
    group by linked.cdr_key

),

offline as (

    select distinct cdrs.cdr_key
    from cdrs
    inner join outages on cdrs.evse_key = outages.evse_key
    where
        {{ seconds_between('outages.from_at', 'cdrs.started_at') }} >= -300
        and (outages.to_at is null or {{ seconds_between('cdrs.started_at', 'outages.to_at') }} >= -300)

),

held_back as (

    select
        from_at,
        to_at,
        session_key,
        evse_key
    from spans
    where event = 'pause_start' and upper(value) = 'EVSE'

),

pauses as (

    select
        cdrs.cdr_key,
        cdrs.record_id,
        held_back.from_at,
        coalesce(held_back.to_at, cdrs.ended_at) as to_at
    from cdrs
    inner join held_back on cdrs.session_key = held_back.session_key
    union
    select
        cdrs.cdr_key,
        cdrs.record_id,
        held_back.from_at,
        coalesce(held_back.to_at, cdrs.ended_at) as to_at
    from cdrs
    inner join held_back on cdrs.evse_key = held_back.evse_key
    where held_back.session_key is null and held_back.from_at < cdrs.ended_at

),

paused as (

    select
        pauses.cdr_key,
        sum({{ seconds_between(
            'greatest(pauses.from_at, parking.started_at)', 'least(pauses.to_at, parking.ended_at)'
        ) }}) as paused_seconds
    from pauses
    inner join parking on pauses.record_id = parking.record_id
    where pauses.from_at < parking.ended_at and pauses.to_at > parking.started_at
    group by pauses.cdr_key

),

swaps as (

    select
        cdrs.cdr_key,
        max(events.happened_at) as swapped_at
    from cdrs
    inner join events on cdrs.evse_key = events.evse_key
    where events.event = 'meter_swap' and events.happened_at <= cdrs.ended_at
    group by cdrs.cdr_key

),

new_meters as (

    select
        cdrs.cdr_key,
        min(lower(events.value)) as new_meter_key
    from cdrs
    inner join swaps on cdrs.cdr_key = swaps.cdr_key
    inner join events
        on
            cdrs.evse_key = events.evse_key
            and swaps.swapped_at = events.happened_at
            and events.event = 'meter_swap'
    group by cdrs.cdr_key

)

select
    cdrs.cdr_key,
    by_cdr.stop_reason,
    by_cdr.start_mode,
    by_cdr.firmware,
    by_cdr.start_recorded_at,
    by_cdr.drift_seconds,
    offline.cdr_key is not null as is_offline,
    cast(paused.paused_seconds as bigint) as paused_seconds,
    new_meters.new_meter_key
from cdrs
left join by_cdr on cdrs.cdr_key = by_cdr.cdr_key
left join offline on cdrs.cdr_key = offline.cdr_key
left join paused on cdrs.cdr_key = paused.cdr_key
left join new_meters on cdrs.cdr_key = new_meters.cdr_key
