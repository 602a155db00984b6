with

work as (

    select cdr_key
    from {{ ref('work') }}

),

cdrs as (

    select
        cdr_key,
        received_at,
        cpo_party,
        emsp_party,
        source,
        session_id,
        started_at,
        energy_kwh,
        claimed_excl_tax,
        evse_uid,
        evse_id,
        canonical_token_id,
        lower(emsp_party) || '|' || lower(authorization_reference) as reference_key,
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
        dup_near,
        dup_near_second
    from {{ ref('rule_tolerances') }}

),

credited as (

    select distinct credit_of as cdr_key
    from cdrs
    where credit_of is not null

),

-- Uncredited sessions; in order of arrival the first one stands, and of those that arrive together the first by key.
sessions as (

    select
        cdrs.cdr_key,
        cdrs.received_at,
        lower(cdrs.cpo_party) || '|' || lower(cdrs.session_id) as session_key,
        cdrs.canonical_token_id || '|' || lower(coalesce(cdrs.evse_uid, cdrs.evse_id)) as place_key,
        lower(coalesce(cdrs.evse_uid, cdrs.evse_id)) as evse_key,
        lower(cdrs.cpo_party) as cpo_key,
        lower(cdrs.emsp_party) as emsp_key,
        cdrs.source,
        cdrs.started_at,
        cdrs.energy_kwh,
        cdrs.claimed_excl_tax,
        cdrs.reference_key
    from cdrs
    left join credited on cdrs.cdr_key = credited.cdr_key
    where not cdrs.is_credit and credited.cdr_key is null

),

in_work as (

    select
        sessions.cdr_key,
        sessions.received_at,
        sessions.session_key,
        sessions.place_key,
        sessions.evse_key,
        sessions.source,
        sessions.started_at,
        sessions.energy_kwh,
        sessions.claimed_excl_tax,
        sessions.reference_key,
        tolerances.dup_near as near_seconds,
        tolerances.dup_near_second as near_kwh
    from sessions
    inner join work on sessions.cdr_key = work.cdr_key
    inner join terms on sessions.cdr_key = terms.cdr_key
    left join tolerances
        on terms.partner = tolerances.partner and terms.contract_version = tolerances.contract_version

),

-- The same session at the same place and start with other totals is a resubmission, which gate 2 judges by its own
-- rule (RESUBMIT_TOTALS_CHANGED); any other use of a session's id is a repetition.
namesakes as (

    select
        in_work.cdr_key,
        others.cdr_key as twin_key,
        coalesce(in_work.evse_key = others.evse_key, true)
        and coalesce(abs({{ seconds_between('in_work.started_at', 'others.started_at') }}) <= 300, true)
        and coalesce(
            in_work.energy_kwh <> others.energy_kwh or in_work.claimed_excl_tax <> others.claimed_excl_tax, false
        ) as is_resubmission
    from in_work
    inner join sessions as others
        on in_work.session_key = others.session_key
    where
        (
            others.received_at < in_work.received_at
            or (others.received_at = in_work.received_at and others.cdr_key < in_work.cdr_key)
        )

),

reused as (

    select
        cdr_key,
        min(twin_key) as twin_key
    from namesakes
    where not is_resubmission
    group by cdr_key

),

resubmitted as (

    select distinct cdr_key
    from namesakes
    where is_resubmission

),

referred as (

    select
        in_work.cdr_key,
        min(others.cdr_key) as other_key
    from in_work
    inner join sessions as others
        on in_work.reference_key = others.reference_key
    -- One session under two ids is no second session.
    where
        coalesce(in_work.session_key <> others.session_key, true)
        and (
            others.received_at < in_work.received_at
            or (others.received_at = in_work.received_at and others.cdr_key < in_work.cdr_key)
        )
        and (
            in_work.evse_key <> others.evse_key
            or abs({{ seconds_between('in_work.started_at', 'others.started_at') }}) > 300
        )
    group by in_work.cdr_key

),

near as (

    select
        in_work.cdr_key,
        min(others.cdr_key) as twin_key,
        max(case when in_work.source = others.source then 1 else 0 end) = 1 as is_of_one_source
    from in_work
    inner join sessions as others on in_work.place_key = others.place_key
    where
        (
            others.received_at < in_work.received_at
            or (others.received_at = in_work.received_at and others.cdr_key < in_work.cdr_key)
        )
        and abs({{ seconds_between('others.started_at', 'in_work.started_at') }}) <= in_work.near_seconds
        and abs(others.energy_kwh - in_work.energy_kwh) <= in_work.near_kwh
        and coalesce(in_work.session_key <> others.session_key, true)
    group by in_work.cdr_key

),

rules as (

    select
        tolerance as route_seconds,
        second_tolerance as route_kwh
    from {{ ref('rules') }}
    where rule_id = 'DUP_CROSS_PARTNER'

),

evses_in_work as (

    select distinct
        sessions.cpo_key,
        sessions.evse_key
    from sessions
    inner join work on sessions.cdr_key = work.cdr_key

),

-- One session by two routes, or for two mobility providers: gate 2 holds both (DUP_CROSS_PARTNER). Within so little
-- time on one EVSE they are neighbours in its order of starts.
routed as (

    select
        sessions.cdr_key,
        lead(sessions.cdr_key) over evse_order as next_key,
        {{ seconds_between('sessions.started_at', 'lead(sessions.started_at) over evse_order') }} <= rules.route_seconds
        and abs(sessions.energy_kwh - lead(sessions.energy_kwh) over evse_order) <= rules.route_kwh
        and (
            sessions.source <> lead(sessions.source) over evse_order
            or coalesce(sessions.emsp_key, '') <> coalesce(lead(sessions.emsp_key) over evse_order, '')
        ) as is_twin
    from sessions
    inner join evses_in_work
        on
            coalesce(sessions.cpo_key, '') = coalesce(evses_in_work.cpo_key, '')
            and sessions.evse_key = evses_in_work.evse_key
    cross join rules
    where sessions.evse_key is not null and sessions.started_at is not null and sessions.energy_kwh is not null
    window evse_order as (
        partition by sessions.cpo_key, sessions.evse_key
        order by sessions.started_at asc, sessions.cdr_key asc
    )

),

twins as (

    select cdr_key
    from routed
    where is_twin

    union

    select next_key as cdr_key
    from routed
    where is_twin

)

select
    cdrs.cdr_key,
    coalesce(reused.twin_key, near.twin_key) as twin_key,
    referred.other_key as reference_twin_key,
    cast(case
        when cdrs.session_id is null or cdrs.is_credit then null
        when reused.cdr_key is not null then 0
        when resubmitted.cdr_key is not null then null
        else 1
    end as smallint) as session_id_reused,
    cast(case
        when cdrs.canonical_token_id is null or coalesce(cdrs.evse_uid, cdrs.evse_id) is null then null
        when cdrs.started_at is null or cdrs.energy_kwh is null or cdrs.is_credit then null
        when near.is_of_one_source then 0
        else 1
    end as smallint) as dup_near,
    -- What repeats another session, or is told of twice, was not there a second time.
    coalesce(reused.cdr_key, resubmitted.cdr_key, near.cdr_key, twins.cdr_key) is not null as is_repetition,
    cast(case
        when cdrs.reference_key is null or cdrs.is_credit then null
        when referred.cdr_key is not null then 0
        else 1
    end as smallint) as auth_reference_reused
from cdrs
inner join work on cdrs.cdr_key = work.cdr_key
left join reused on cdrs.cdr_key = reused.cdr_key
left join resubmitted on cdrs.cdr_key = resubmitted.cdr_key
left join twins on cdrs.cdr_key = twins.cdr_key
left join near on cdrs.cdr_key = near.cdr_key
left join referred on cdrs.cdr_key = referred.cdr_key
