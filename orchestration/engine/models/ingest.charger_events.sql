with

told as (

    select
        record_id,
        (record_id >> 32) as file_seq,
        cast(record_id & 4294967295 as integer) as position,
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
    from "evsettle"."ingest"."raw_charger_events"

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

    select named.event_key
    from named
    inner join touched on cast(named.record_id as varchar) = touched.id

),

touched_records as (

    select
        record_id,
        event_key
    from named
    where
        exists (select 1 from everything)
        or event_key in (select in_touch.event_key from in_touch)

),

keyed as (

    select
        told.record_id,
        touched_records.event_key,
        sha256(concat_ws(
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
            )) as content_sha256,
        arrivals.arrival_seq,
        arrivals.received_at
    from told
    inner join arrivals on told.file_seq = arrivals.file_seq
    inner join touched_records on told.record_id = touched_records.record_id

),

told_again as (

    select event_key
    from keyed
    group by event_key
    having count(*) > 1

),

-- Nearly all is told once, and has no order to be found.
in_order as (

    select
        keyed.record_id,
        keyed.event_key,
        keyed.content_sha256,
        keyed.received_at,
        row_number() over (partition by keyed.event_key order by arrival_seq asc, content_sha256 asc, record_id asc) as arrival_no,
        false as is_overtaken
    from keyed
    inner join told_again on keyed.event_key = told_again.event_key

),

compared as (

    select
        record_id,
        event_key,
        received_at,
        arrival_no,
        row_number() over (partition by event_key, content_sha256 order by arrival_no) > 1 as is_repetition
    from in_order
    where not coalesce(is_overtaken, false)

),

held as (

    select
        record_id,
        lead(received_at) over (partition by event_key order by arrival_no) as known_to,
        lead(record_id) over (partition by event_key order by arrival_no) is null as is_latest
    from compared
    where not is_repetition
    union all
    select
        keyed.record_id,
        cast(null as timestamptz) as known_to,
        true as is_latest
    from keyed
    left join told_again on keyed.event_key = told_again.event_key
    where told_again.event_key is null

)

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
