with

told as (

    select
        record_id,
        {{ file_of_record('record_id') }} as file_seq,
        {{ position_of_record('record_id') }} as position,
        party_source,
        cpo_party,
        emsp_party,
        token_uid,
        token_type,
        contract_id,
        location_id,
        evse_uid,
        evse_id,
        connector_id,
        answered_at,
        allowed,
        authorization_reference,
        session_id
    from {{ source('ingest', 'raw_authorizations') }}

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
                coalesce(told.emsp_party, arrivals.source),
                coalesce(told.token_uid, ''),
                coalesce(told.contract_id, ''),
                coalesce(told.evse_uid, told.evse_id, told.location_id, ''),
                coalesce(told.session_id, ''),
                cast(told.answered_at as varchar)
            )
        ) as authorization_key
    from told
    inner join arrivals on told.file_seq = arrivals.file_seq

),

{{ touched_keys('authorization_key') }},

keyed as (

    select
        told.record_id,
        touched_records.authorization_key,
        {{ sha256_text("concat_ws(
                chr(31),
                coalesce(told.cpo_party, ''),
                coalesce(told.emsp_party, ''),
                coalesce(told.token_uid, ''),
                coalesce(told.token_type, ''),
                coalesce(told.contract_id, ''),
                coalesce(told.location_id, ''),
                coalesce(told.evse_uid, ''),
                coalesce(told.evse_id, ''),
                coalesce(told.connector_id, ''),
                coalesce(cast(told.answered_at as varchar), ''),
                coalesce(told.allowed, ''),
                coalesce(told.authorization_reference, ''),
                coalesce(told.session_id, '')
            )") }} as content_sha256,
        arrivals.arrival_seq,
        arrivals.received_at
    from told
    inner join arrivals on told.file_seq = arrivals.file_seq
    inner join touched_records on told.record_id = touched_records.record_id

),

{{ history_by_arrival('authorization_key') }}

select
    told.record_id,
    keyed.authorization_key,
    told.party_source,
    told.cpo_party,
    told.emsp_party,
    told.token_uid,
    told.token_type,
    told.contract_id,
    told.location_id,
    told.evse_uid,
    told.evse_id,
    told.connector_id,
    told.answered_at,
    told.allowed,
    told.authorization_reference,
    told.session_id,
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
