with

told as (

    select
        record_id,
        (record_id >> 32) as file_seq,
        cast(record_id & 4294967295 as integer) as position,
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
    from "evsettle"."ingest"."raw_receipts"

),

arrivals as (

    select
        file_seq,
        arrival_seq,
        received_at,
        source
    from "evsettle"."ingest"."raw_files"

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

everything as (

    select kind
    from "evsettle"."ingest"."touched"
    where kind = 'everything'

),

-- Each is asked by itself: DuckDB 2.0 stands still over one CTE that a filter asks twice, once the table is large.
touched as (

    select id
    from "evsettle"."ingest"."touched"
    where kind = 'evidence'

),

in_touch as (

    select named.receipt_key
    from named
    inner join touched on cast(named.record_id as varchar) = touched.id

),

touched_records as (

    select
        record_id,
        receipt_key
    from named
    where
        exists (select 1 from everything)
        or receipt_key in (select in_touch.receipt_key from in_touch)

),

keyed as (

    select
        told.record_id,
        touched_records.receipt_key,
        sha256(concat_ws(
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
            )) as content_sha256,
        arrivals.arrival_seq,
        arrivals.received_at
    from told
    inner join arrivals on told.file_seq = arrivals.file_seq
    inner join touched_records on told.record_id = touched_records.record_id

),

told_again as (

    select receipt_key
    from keyed
    group by receipt_key
    having count(*) > 1

),

-- Nearly all is told once, and has no order to be found.
in_order as (

    select
        keyed.record_id,
        keyed.receipt_key,
        keyed.content_sha256,
        keyed.received_at,
        row_number() over (partition by keyed.receipt_key order by arrival_seq asc, content_sha256 asc, record_id asc) as arrival_no,
        false as is_overtaken
    from keyed
    inner join told_again on keyed.receipt_key = told_again.receipt_key

),

compared as (

    select
        record_id,
        receipt_key,
        received_at,
        arrival_no,
        row_number() over (partition by receipt_key, content_sha256 order by arrival_no) > 1 as is_repetition
    from in_order
    where not coalesce(is_overtaken, false)

),

held as (

    select
        record_id,
        lead(received_at) over (partition by receipt_key order by arrival_no) as known_to,
        lead(record_id) over (partition by receipt_key order by arrival_no) is null as is_latest
    from compared
    where not is_repetition
    union all
    select
        keyed.record_id,
        cast(null as timestamptz) as known_to,
        true as is_latest
    from keyed
    left join told_again on keyed.receipt_key = told_again.receipt_key
    where told_again.receipt_key is null

)

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
