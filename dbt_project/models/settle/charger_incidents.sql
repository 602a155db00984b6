with

run as (

    select as_of
    from {{ ref('settlement_run') }}

),

files as (

    select
        file_seq,
        source || '/' || feed || '/' || file_name as file_subject_id
    from {{ ref('files') }}

),

events as (

    select
        events.record_id,
        {{ record_subject('files.file_subject_id', 'events.position') }} as event_subject_id,
        lower(events.cpo_party) || '|' || lower(coalesce(events.evse_uid, events.evse_id)) as evse_key,
        events.event,
        events.value,
        events.happened_at
    from {{ ref('charger_events') }} as events
    inner join files on events.file_seq = files.file_seq
    where events.is_latest and events.event in ('outage_start', 'outage_end', 'firmware', 'meter_swap')

),

-- An outage reaches to the next word on it at the same charger; the others are moments.
spans as (

    select
        event_subject_id,
        evse_key,
        event,
        value,
        happened_at as from_at,
        lead(happened_at) over (
            partition by evse_key, split_part(event, '_', 1)
            order by happened_at asc, event asc, record_id asc
        ) as next_at
    from events

),

incidents as (

    select
        spans.event_subject_id,
        spans.evse_key,
        case spans.event when 'outage_start' then 'outage' else spans.event end as event,
        spans.value,
        spans.from_at,
        case spans.event when 'outage_start' then spans.next_at else spans.from_at end as to_at,
        case spans.event when 'outage_start' then coalesce(spans.next_at, run.as_of) else spans.from_at end as until_at
    from spans
    cross join run
    where spans.event <> 'outage_end'

),

cdrs as (

    select
        cdr_key,
        lower(cpo_party) || '|' || lower(coalesce(evse_uid, evse_id)) as evse_key,
        started_at,
        ended_at
    from {{ ref('cdrs') }}

),

outcomes as (

    select
        cdr_key,
        partner,
        location_id,
        evse_uid,
        state,
        statement_id,
        currency,
        coalesce(claimed_excl_tax, expected_excl_tax) as claimed_excl_tax,
        settled_excl_tax
    from {{ ref('cdr_outcomes') }}

)

select
    incidents.event_subject_id,
    incidents.event,
    incidents.value,
    incidents.from_at,
    incidents.to_at,
    outcomes.cdr_key,
    outcomes.partner,
    outcomes.location_id,
    outcomes.evse_uid,
    cdrs.started_at >= incidents.from_at and cdrs.started_at < incidents.until_at as is_started_within,
    outcomes.state,
    outcomes.statement_id,
    outcomes.currency,
    cast(outcomes.claimed_excl_tax as decimal(38, 16)) as claimed_excl_tax,
    outcomes.settled_excl_tax
from incidents
inner join cdrs
    on
        incidents.evse_key = cdrs.evse_key
        and incidents.until_at >= cdrs.started_at
        and incidents.from_at <= cdrs.ended_at
inner join outcomes on cdrs.cdr_key = outcomes.cdr_key
