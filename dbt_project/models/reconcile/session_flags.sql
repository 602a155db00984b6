{{ config(materialized='table') }}

with

sessions as (

    select
        session_key,
        record_id,
        cpo_party,
        session_id,
        status,
        started_at,
        ended_at,
        energy_kwh,
        location_id,
        coalesce(evse_uid, evse_id) as evse_uid,
        currency,
        total_cost_excl_tax,
        source
    from {{ ref('sessions') }}
    where is_latest

),

run as (

    select as_of
    from {{ ref('settlement_run') }}

),

terms as (

    select
        subject_key as session_key,
        partner,
        contract_version,
        tolerance as wait_hours,
        second_tolerance as least_kwh
    from {{ ref('subject_terms') }}
    where subject_kind = 'session'

),

-- Whatever came as a CDR counts, a quarantined one too: it is not missing.
cdrs as (

    select
        lower(session_id) as session_key,
        lower(coalesce(evse_uid, evse_id)) as evse_key,
        started_at
    from {{ ref('cdr_revisions') }}

),

named as (

    select distinct session_key
    from cdrs
    where session_key is not null

),

-- Only these need a look at places and times, which compares every session of a charger with every CDR of it.
unnamed as (

    select
        sessions.session_key,
        sessions.started_at,
        lower(sessions.evse_uid) as evse_key
    from sessions
    left join named on lower(sessions.session_id) = named.session_key
    where named.session_key is null

),

-- A CDR that names no session, or names it otherwise, is known by its place and start.
placed as (

    select distinct unnamed.session_key
    from unnamed
    inner join cdrs on unnamed.evse_key = cdrs.evse_key
    where abs({{ seconds_between('unnamed.started_at', 'cdrs.started_at') }}) <= 300

),

judged as (

    select
        sessions.*,
        terms.partner,
        terms.contract_version,
        upper(sessions.status) = 'COMPLETED' and sessions.energy_kwh > terms.least_kwh as is_due,
        named.session_key is not null or placed.session_key is not null as has_cdr,
        {{ add_seconds('coalesce(sessions.ended_at, sessions.started_at)', 'terms.wait_hours * 3600') }} as waits_until
    from sessions
    inner join terms on sessions.session_key = terms.session_key
    left join named on lower(sessions.session_id) = named.session_key
    left join placed on sessions.session_key = placed.session_key

)

select
    judged.session_key,
    judged.session_id,
    judged.source,
    judged.partner,
    judged.contract_version,
    judged.cpo_party,
    judged.location_id,
    judged.evse_uid,
    judged.started_at,
    judged.ended_at,
    judged.energy_kwh,
    judged.currency,
    judged.total_cost_excl_tax,
    case when judged.is_due and not judged.has_cdr then judged.waits_until end as waits_until,
    cast(
        case
            when not coalesce(judged.is_due, false) then null
            when judged.has_cdr then 1
            -- Still within the time that a CDR may take.
            when coalesce(run.as_of > judged.waits_until, true) then 0
        end as smallint
    ) as cdr_missing
from judged
cross join run
