with

touched as (

    select
        kind,
        id,
        reason
    from "evsettle"."ingest"."touched"

),

revisions as (

    select
        record_id,
        work_key,
        cpo_party,
        meter_id,
        register_start_kwh,
        cdr_id,
        session_id,
        authorization_reference,
        token_uid,
        contract_id,
        evse_uid,
        evse_id,
        started_at,
        ended_at
    from "evsettle"."ingest"."cdr_revisions"

),

-- What arrived about sessions: by the ids that it names, and by its place or token about the time it tells of.
links as (

    select
        evidence_links.kind,
        evidence_links.id,
        evidence_links.first_at,
        evidence_links.last_at,
        touched.reason
    from "evsettle"."ingest"."evidence_links" as evidence_links
    inner join touched
        on cast(evidence_links.record_id as varchar) = touched.id and touched.kind = 'evidence'

),

-- A session that is to be done in its own right need not be found.
others as (

    select
        revisions.work_key,
        revisions.session_id,
        revisions.cdr_id,
        revisions.authorization_reference,
        revisions.token_uid,
        revisions.contract_id,
        revisions.evse_uid,
        revisions.evse_id,
        revisions.started_at,
        revisions.ended_at
    from revisions
    left join touched on revisions.work_key = touched.id and touched.kind = 'cdr'
    where touched.id is null

),

ids as (

    select
        work_key,
        started_at,
        ended_at,
        'session' as kind,
        lower(session_id) as id
    from others
    union all
    select
        work_key,
        started_at,
        ended_at,
        'cdr' as kind,
        lower(cdr_id) as id
    from others
    union all
    select
        work_key,
        started_at,
        ended_at,
        'reference' as kind,
        lower(authorization_reference) as id
    from others
    union all
    select
        work_key,
        started_at,
        ended_at,
        'token' as kind,
        lower(token_uid) as id
    from others
    union all
    select
        work_key,
        started_at,
        ended_at,
        'contract' as kind,
        lower(contract_id) as id
    from others
    union all
    select
        work_key,
        started_at,
        ended_at,
        'evse' as kind,
        lower(evse_uid) as id
    from others
    union all
    select
        work_key,
        started_at,
        ended_at,
        'evse' as kind,
        lower(evse_id) as id
    from others

),

serials as (

    select
        record_id,
        min(meter_serial) as meter_serial
    from "evsettle"."ingest"."meter_readings"
    group by record_id

),

by_meter as (

    select
        revisions.work_key,
        revisions.started_at,
        lower(revisions.cpo_party) || '|' || lower(coalesce(serials.meter_serial, revisions.meter_id)) as meter_key
    from revisions
    left join serials on revisions.record_id = serials.record_id
    where
        coalesce(serials.meter_serial, revisions.meter_id) is not null
        and (serials.record_id is not null or revisions.register_start_kwh is not null)

),

meters as (

    select distinct by_meter.meter_key
    from by_meter
    inner join touched on by_meter.work_key = touched.id and touched.kind = 'cdr'

),

-- What a meter showed goes on from session to session: the one before and the one after are looked at, too.
on_meter as (

    select
        by_meter.work_key,
        lag(by_meter.work_key) over (
            partition by by_meter.meter_key order by by_meter.started_at asc, by_meter.work_key asc
        ) as key_before,
        lead(by_meter.work_key) over (
            partition by by_meter.meter_key order by by_meter.started_at asc, by_meter.work_key asc
        ) as key_after
    from by_meter
    inner join meters on by_meter.meter_key = meters.meter_key

),

metered as (

    select
        on_meter.key_before,
        on_meter.key_after
    from on_meter
    inner join touched on on_meter.work_key = touched.id and touched.kind = 'cdr'

),

-- From an operator's first session on each of its CDRs should have one: all of them are looked at.
first_told as (

    select lower(sessions.cpo_party) as cpo_key
    from "evsettle"."ingest"."sessions" as sessions
    left join touched on cast(sessions.record_id as varchar) = touched.id and touched.kind = 'evidence'
    where sessions.cpo_party is not null
    group by lower(sessions.cpo_party)
    having count(*) = count(touched.id)

),

by_evidence as (

    select
        ids.work_key as cdr_key,
        links.reason
    from ids
    inner join links on ids.kind = links.kind and ids.id = links.id
    where
        links.kind in ('session', 'cdr', 'reference')
        or (
            (epoch_us(links.last_at) // 1000000 - epoch_us(ids.started_at) // 1000000) >= -86400
            and (epoch_us(coalesce(ids.ended_at, ids.started_at)) // 1000000 - epoch_us(links.first_at) // 1000000) >= -86400
        )
    union all
    select
        revisions.work_key as cdr_key,
        'first sessions of its operator' as reason
    from revisions
    inner join first_told on lower(revisions.cpo_party) = first_told.cpo_key
    where revisions.session_id is not null
    union all
    select
        key_before as cdr_key,
        'neighbour on the same meter' as reason
    from metered
    where key_before is not null
    union all
    select
        key_after as cdr_key,
        'neighbour on the same meter' as reason
    from metered
    where key_after is not null

)

select
    cdr_key,
    min(reason) as reason
from by_evidence
group by cdr_key
