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

rules as (

    select max(case when rule_id = 'CDR_MISSING' then tolerance end) as wait_hours
    from {{ ref('rules') }}

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

-- A CDR that names no session, or names it otherwise, is known by its place and start.
placed as (

    select distinct sessions.session_key
    from sessions
    inner join cdrs on lower(sessions.evse_uid) = cdrs.evse_key
    where abs({{ seconds_between('sessions.started_at', 'cdrs.started_at') }}) <= 300

)

select
    sessions.session_key,
    sessions.session_id,
    sessions.source,
    sessions.cpo_party,
    sessions.location_id,
    sessions.evse_uid,
    sessions.started_at,
    sessions.ended_at,
    sessions.energy_kwh,
    sessions.currency,
    sessions.total_cost_excl_tax,
    cast(
        case
            when upper(sessions.status) <> 'COMPLETED' or sessions.status is null then null
            when sessions.energy_kwh is null or sessions.energy_kwh <= 0.1 then null
            when named.session_key is not null or placed.session_key is not null then 1
            -- Still within the time that a CDR may take.
            when
                {{ seconds_between('coalesce(sessions.ended_at, sessions.started_at)', 'run.as_of') }}
                <= rules.wait_hours * 3600
                then null
            else 0
        end as smallint
    ) as cdr_missing
from sessions
cross join run
cross join rules
left join named on lower(sessions.session_id) = named.session_key
left join placed on sessions.session_key = placed.session_key
