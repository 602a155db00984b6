with

told as (

    select
        record_id,
        {{ file_of_record('record_id') }} as file_seq,
        {{ position_of_record('record_id') }} as position,
        party_source,
        cpo_party,
        cdr_id,
        session_id,
        evse_uid,
        kind,
        shown_at,
        started_at,
        ended_at,
        energy_kwh,
        amount_excl_tax,
        tax_amount,
        amount_incl_tax,
        currency,
        terminal_id,
        payment_reference
    from {{ source('ingest', 'raw_receipts') }}

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
                coalesce(told.cdr_id, ''),
                coalesce(told.session_id, ''),
                told.kind,
                coalesce(told.payment_reference, told.terminal_id, ''),
                coalesce(cast(told.shown_at as varchar), '')
            )
        ) as receipt_key
    from told
    inner join arrivals on told.file_seq = arrivals.file_seq

),

{{ touched_keys('receipt_key') }},

keyed as (

    select
        told.record_id,
        touched_records.receipt_key,
        {{ sha256_text("concat_ws(
                chr(31),
                coalesce(told.cpo_party, ''),
                coalesce(told.cdr_id, ''),
                coalesce(told.session_id, ''),
                coalesce(told.evse_uid, ''),
                coalesce(told.kind, ''),
                coalesce(cast(told.shown_at as varchar), ''),
                coalesce(cast(told.started_at as varchar), ''),
                coalesce(cast(told.ended_at as varchar), ''),
                coalesce(cast(told.energy_kwh as varchar), ''),
                coalesce(cast(told.amount_excl_tax as varchar), ''),
                coalesce(cast(told.tax_amount as varchar), ''),
                coalesce(cast(told.amount_incl_tax as varchar), ''),
                coalesce(told.currency, ''),
                coalesce(told.terminal_id, ''),
                coalesce(told.payment_reference, '')
            )") }} as content_sha256,
        arrivals.arrival_seq,
        arrivals.received_at
    from told
    inner join arrivals on told.file_seq = arrivals.file_seq
    inner join touched_records on told.record_id = touched_records.record_id

),

{{ history_by_arrival('receipt_key') }}

select
    told.record_id,
    keyed.receipt_key,
    told.party_source,
    told.cpo_party,
    told.cdr_id,
    told.session_id,
    told.evse_uid,
    told.kind,
    told.shown_at,
    told.started_at,
    told.ended_at,
    told.energy_kwh,
    told.amount_excl_tax,
    told.tax_amount,
    told.amount_incl_tax,
    told.currency,
    told.terminal_id,
    told.payment_reference,
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
