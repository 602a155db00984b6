with

told as (

    select
        record_id,
        (record_id >> 32) as file_seq,
        cast(record_id & 4294967295 as integer) as position,
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
    from "evsettle"."ingest"."raw_authorizations"

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

    select named.authorization_key
    from named
    inner join touched on cast(named.record_id as varchar) = touched.id

),

touched_records as (

    select
        record_id,
        authorization_key
    from named
    where
        exists (select 1 from everything)
        or authorization_key in (select in_touch.authorization_key from in_touch)

),

keyed as (

    select
        told.record_id,
        touched_records.authorization_key,
        sha256(concat_ws(
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
            )) as content_sha256,
        arrivals.arrival_seq,
        arrivals.received_at
    from told
    inner join arrivals on told.file_seq = arrivals.file_seq
    inner join touched_records on told.record_id = touched_records.record_id

),

told_again as (

    select authorization_key
    from keyed
    group by authorization_key
    having count(*) > 1

),

-- Nearly all is told once, and has no order to be found.
in_order as (

    select
        keyed.record_id,
        keyed.authorization_key,
        keyed.content_sha256,
        keyed.received_at,
        row_number() over (partition by keyed.authorization_key order by arrival_seq asc, content_sha256 asc, record_id asc) as arrival_no,
        false as is_overtaken
    from keyed
    inner join told_again on keyed.authorization_key = told_again.authorization_key

),

compared as (

    select
        record_id,
        authorization_key,
        received_at,
        arrival_no,
        row_number() over (partition by authorization_key, content_sha256 order by arrival_no) > 1 as is_repetition
    from in_order
    where not coalesce(is_overtaken, false)

),

held as (

    select
        record_id,
        lead(received_at) over (partition by authorization_key order by arrival_no) as known_to,
        lead(record_id) over (partition by authorization_key order by arrival_no) is null as is_latest
    from compared
    where not is_repetition
    union all
    select
        keyed.record_id,
        cast(null as timestamptz) as known_to,
        true as is_latest
    from keyed
    left join told_again on keyed.authorization_key = told_again.authorization_key
    where told_again.authorization_key is null

)

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
