with

revisions as (

    select
        record_id,
        work_key,
        token_uid
    from "evsettle"."ingest"."cdr_revisions"

),

canonical_ids as (

    select
        record_id,
        canonical_connector_id
    from "evsettle"."inspect"."canonical_ids"

)

select
    revisions.record_id,
    revisions.work_key,
    'connector|' || canonical_ids.canonical_connector_id as place
from revisions
inner join canonical_ids on revisions.record_id = canonical_ids.record_id
where canonical_ids.canonical_connector_id is not null
union all
select
    record_id,
    work_key,
    'token|' || lower(token_uid) as place
from revisions
where token_uid is not null
