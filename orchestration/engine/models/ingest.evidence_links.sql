with

-- Only these are looked for: what came before has led to its CDRs before.
touched as (

    select cast(id as bigint) as record_id
    from "evsettle"."ingest"."touched"
    where kind = 'evidence'

),

links as (

    select
        record_id,
        'session' as kind,
        lower(session_id) as id,
        started_at as first_at,
        coalesce(ended_at, started_at) as last_at
    from "evsettle"."ingest"."sessions"
    where session_id is not null
    union all
    select
        record_id,
        'token' as kind,
        lower(token_uid) as id,
        started_at as first_at,
        coalesce(ended_at, started_at) as last_at
    from "evsettle"."ingest"."sessions"
    where token_uid is not null
    union all
    select
        record_id,
        'evse' as kind,
        lower(evse_uid) as id,
        started_at as first_at,
        coalesce(ended_at, started_at) as last_at
    from "evsettle"."ingest"."sessions"
    where evse_uid is not null
    union all
    select
        record_id,
        'session' as kind,
        lower(session_id) as id,
        answered_at as first_at,
        answered_at as last_at
    from "evsettle"."ingest"."authorizations"
    where session_id is not null
    union all
    select
        record_id,
        'reference' as kind,
        lower(authorization_reference) as id,
        answered_at as first_at,
        answered_at as last_at
    from "evsettle"."ingest"."authorizations"
    where authorization_reference is not null
    union all
    select
        record_id,
        'token' as kind,
        lower(token_uid) as id,
        answered_at as first_at,
        answered_at as last_at
    from "evsettle"."ingest"."authorizations"
    where token_uid is not null
    union all
    select
        record_id,
        'contract' as kind,
        lower(contract_id) as id,
        answered_at as first_at,
        answered_at as last_at
    from "evsettle"."ingest"."authorizations"
    where contract_id is not null
    union all
    select
        record_id,
        'session' as kind,
        lower(session_id) as id,
        happened_at as first_at,
        happened_at as last_at
    from "evsettle"."ingest"."charger_events"
    where session_id is not null
    union all
    select
        record_id,
        'cdr' as kind,
        lower(cdr_id) as id,
        happened_at as first_at,
        happened_at as last_at
    from "evsettle"."ingest"."charger_events"
    where cdr_id is not null
    union all
    select
        record_id,
        'evse' as kind,
        lower(coalesce(evse_uid, evse_id)) as id,
        happened_at as first_at,
        happened_at as last_at
    from "evsettle"."ingest"."charger_events"
    where coalesce(evse_uid, evse_id) is not null
    union all
    select
        record_id,
        'session' as kind,
        lower(session_id) as id,
        shown_at as first_at,
        shown_at as last_at
    from "evsettle"."ingest"."receipts"
    where session_id is not null
    union all
    select
        record_id,
        'cdr' as kind,
        lower(cdr_id) as id,
        shown_at as first_at,
        shown_at as last_at
    from "evsettle"."ingest"."receipts"
    where cdr_id is not null
    union all
    select
        record_id,
        'session' as kind,
        lower(session_id) as id,
        started_at as first_at,
        ended_at as last_at
    from "evsettle"."ingest"."invoice_lines"
    where session_id is not null
    union all
    select
        record_id,
        'cdr' as kind,
        lower(cdr_id) as id,
        started_at as first_at,
        ended_at as last_at
    from "evsettle"."ingest"."invoice_lines"
    where cdr_id is not null

)

select
    links.record_id,
    links.kind,
    links.id,
    min(links.first_at) as first_at,
    max(links.last_at) as last_at
from links
inner join touched on links.record_id = touched.record_id
group by
    links.record_id,
    links.kind,
    links.id
