with

told as (

    select
        record_id,
        {{ file_of_record('record_id') }} as file_seq,
        {{ position_of_record('record_id') }} as position,
        party_source,
        cpo_party,
        location_id,
        evse_uid,
        evse_id,
        connector_id,
        session_id,
        cdr_id,
        happened_at,
        recorded_at,
        event,
        value,
        meter_id
    from {{ source('ingest', 'raw_charger_events') }}

),

arrivals as (

    select
        file_seq,
        arrival_seq,
        received_at,
        source
    from {{ source('ingest', 'raw_files') }}

),

named as (

    select
        told.record_id,
        lower(
            concat_ws(
                '|',
                coalesce(told.cpo_party, arrivals.source),
                coalesce(told.evse_uid, told.evse_id, ''),
                coalesce(told.connector_id, ''),
                coalesce(told.session_id, told.cdr_id, ''),
                told.event,
                cast(told.happened_at as varchar)
            )
        ) as event_key
    from told
    inner join arrivals on told.file_seq = arrivals.file_seq

),

{{ touched_keys('event_key') }},

keyed as (

    select
        told.record_id,
        touched_records.event_key,
        {{ sha256_text("concat_ws(
                chr(31),
                coalesce(told.cpo_party, ''),
                coalesce(told.location_id, ''),
                coalesce(told.evse_uid, ''),
                coalesce(told.evse_id, ''),
                coalesce(told.connector_id, ''),
                coalesce(told.session_id, ''),
                coalesce(told.cdr_id, ''),
                coalesce(cast(told.happened_at as varchar), ''),
                coalesce(cast(told.recorded_at as varchar), ''),
                coalesce(told.event, ''),
                coalesce(told.value, ''),
                coalesce(told.meter_id, '')
            )") }} as content_sha256,
        arrivals.arrival_seq,
        arrivals.received_at
    from told
    inner join arrivals on told.file_seq = arrivals.file_seq
    inner join touched_records on told.record_id = touched_records.record_id

),

{{ history_by_arrival('event_key') }}

select
    told.record_id,
    keyed.event_key,
    told.party_source,
    told.cpo_party,
    told.location_id,
    told.evse_uid,
    told.evse_id,
    told.connector_id,
    told.session_id,
    told.cdr_id,
    told.happened_at,
    told.recorded_at,
    told.event,
    told.value,
    told.meter_id,
    arrivals.source,
    told.file_seq,
    told.position,
    arrivals.received_at,
    arrivals.received_at as known_from,
    -- What repeats or was overtaken never held.
    case when held.record_id is null then arrivals.received_at else held.known_to end as known_to,
    coalesce(held.is_latest, false) as is_latest
from told
inner join arrivals on told.file_seq = arrivals.file_seq
inner join keyed on told.record_id = keyed.record_id
left join held on told.record_id = held.record_id
