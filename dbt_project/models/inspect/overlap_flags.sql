with

work as (

    select cdr_key
    from {{ ref('work') }}

),

cdrs as (

    select
        cdr_key,
        record_id,
        started_at,
        ended_at,
        location_id,
        canonical_connector_id,
        canonical_token_id,
        received_at,
        -- 2.1.1 has no field for a credit: there a claim below zero is one.
        is_credit or (ocpi_version = '2.1.1' and coalesce(claimed_excl_tax, 0) < 0) as is_credit,
        credit_of
    from {{ ref('cdrs') }}

),

terms as (

    select
        cdr_key,
        coalesce(case when contract_version is not null then partner end, '') as partner,
        coalesce(contract_version, '') as contract_version
    from {{ ref('cdr_terms') }}

),

tolerances as (

    select
        partner,
        contract_version,
        overlap_connector,
        overlap_token
    from {{ ref('rule_tolerances') }}

),

credited as (

    select distinct credit_of as cdr_key
    from cdrs
    where credit_of is not null

),

-- What repeats another session was never there: it is held as a repetition, and the one it repeats is not.
repeated as (

    select cdr_key
    from {{ ref('duplicate_flags') }}
    where is_repetition

),

-- A credit and what it credits occupy no connector.
sessions as (

    select
        cdrs.cdr_key,
        cdrs.record_id,
        cdrs.started_at,
        cdrs.ended_at,
        lower(cdrs.location_id) as location_key,
        cdrs.canonical_connector_id,
        cdrs.canonical_token_id,
        tolerances.overlap_connector,
        tolerances.overlap_token,
        {{ seconds_between('cdrs.started_at', 'cdrs.ended_at') }} as duration_seconds
    from cdrs
    inner join terms on cdrs.cdr_key = terms.cdr_key
    left join tolerances
        on terms.partner = tolerances.partner and terms.contract_version = tolerances.contract_version
    left join credited on cdrs.cdr_key = credited.cdr_key
    left join repeated on cdrs.cdr_key = repeated.cdr_key
    where
        not cdrs.is_credit
        and credited.cdr_key is null
        and repeated.cdr_key is null
        -- A time that cannot be says nothing of who was where: its own rule holds that session alone.
        and cdrs.started_at >= timestamptz '2010-01-01 00:00:00+00'
        and coalesce(cdrs.ended_at <= cdrs.received_at, true)
        and cdrs.started_at is not null
        and cdrs.ended_at is not null

),

connectors_in_work as (

    select distinct sessions.canonical_connector_id
    from sessions
    inner join work on sessions.cdr_key = work.cdr_key
    where sessions.canonical_connector_id is not null

),

tokens_in_work as (

    select distinct sessions.canonical_token_id
    from sessions
    inner join work on sessions.cdr_key = work.cdr_key
    where sessions.canonical_token_id is not null and sessions.location_key is not null

),

-- Sorted by start: who is still busy with the longest of all before, and when the next one begins.
-- Sessions not longer than the tolerance cannot meet anyone for longer than it.
on_connector as (

    select
        sessions.cdr_key,
        sessions.started_at,
        sessions.ended_at,
        sessions.overlap_connector,
        max(sessions.ended_at) over (
            partition by sessions.canonical_connector_id
            order by sessions.started_at asc, sessions.ended_at asc, sessions.cdr_key asc
            rows between unbounded preceding and 1 preceding
        ) as busy_until,
        lead(sessions.started_at) over (
            partition by sessions.canonical_connector_id
            order by sessions.started_at asc, sessions.ended_at asc, sessions.cdr_key asc
        ) as next_started_at,
        lead(sessions.ended_at) over (
            partition by sessions.canonical_connector_id
            order by sessions.started_at asc, sessions.ended_at asc, sessions.cdr_key asc
        ) as next_ended_at
    from sessions
    inner join connectors_in_work on sessions.canonical_connector_id = connectors_in_work.canonical_connector_id
    where sessions.duration_seconds > sessions.overlap_connector

),

connector_overlaps as (

    select
        cdr_key,
        case
            when
                busy_until is not null
                and {{ seconds_between('started_at', 'least(busy_until, ended_at)') }} > overlap_connector
                then {{ seconds_between('started_at', 'least(busy_until, ended_at)') }}
            else {{ seconds_between('next_started_at', 'least(next_ended_at, ended_at)') }}
        end as overlap_seconds
    from on_connector
    where
        (
            busy_until is not null
            and {{ seconds_between('started_at', 'least(busy_until, ended_at)') }} > overlap_connector
        )
        or {{ seconds_between('next_started_at', 'ended_at') }} > overlap_connector

),

on_token as (

    select
        sessions.cdr_key,
        sessions.started_at,
        sessions.ended_at,
        sessions.location_key,
        sessions.canonical_token_id,
        sessions.overlap_token,
        max(sessions.ended_at) over (
            partition by sessions.canonical_token_id
            order by sessions.started_at asc, sessions.ended_at asc, sessions.cdr_key asc
            rows between unbounded preceding and 1 preceding
        ) as busy_until,
        lead(sessions.started_at) over (
            partition by sessions.canonical_token_id
            order by sessions.started_at asc, sessions.ended_at asc, sessions.cdr_key asc
        ) as next_started_at
    from sessions
    inner join tokens_in_work on sessions.canonical_token_id = tokens_in_work.canonical_token_id
    where sessions.duration_seconds > sessions.overlap_token and sessions.location_key is not null

),

concurrent as (

    select
        cdr_key,
        started_at,
        ended_at,
        location_key,
        canonical_token_id,
        overlap_token,
        count(*) over (partition by canonical_token_id) as concurrent_count
    from on_token
    where
        (busy_until is not null and {{ seconds_between('started_at', 'least(busy_until, ended_at)') }} > overlap_token)
        or {{ seconds_between('next_started_at', 'ended_at') }} > overlap_token

),

-- A token that is in use at once a hundred times is a fleet's or a group's: exempt, and not judged.
token_overlaps as (

    select distinct concurrent.cdr_key
    from concurrent
    inner join concurrent as others on concurrent.canonical_token_id = others.canonical_token_id
    where
        concurrent.concurrent_count <= 100
        and concurrent.location_key <> others.location_key
        and {{ seconds_between(
            'greatest(concurrent.started_at, others.started_at)', 'least(concurrent.ended_at, others.ended_at)'
        ) }} > concurrent.overlap_token

),

group_tokens as (

    select distinct canonical_token_id
    from concurrent
    where concurrent_count > 100

)

select
    cdrs.cdr_key,
    connector_overlaps.overlap_seconds,
    cast(case
        when cdrs.canonical_connector_id is null or cdrs.started_at is null or cdrs.ended_at is null then null
        when connector_overlaps.cdr_key is not null then 0
        else 1
    end as smallint) as overlap_connector,
    cast(case
        when cdrs.canonical_token_id is null or cdrs.location_id is null or group_tokens.canonical_token_id is not null
            then null
        when cdrs.started_at is null or cdrs.ended_at is null then null
        when token_overlaps.cdr_key is not null then 0
        else 1
    end as smallint) as overlap_token
from cdrs
inner join work on cdrs.cdr_key = work.cdr_key
left join connector_overlaps on cdrs.cdr_key = connector_overlaps.cdr_key
left join token_overlaps on cdrs.cdr_key = token_overlaps.cdr_key
left join group_tokens on cdrs.canonical_token_id = group_tokens.canonical_token_id
