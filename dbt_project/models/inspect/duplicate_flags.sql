with

work as (

    select cdr_key
    from {{ ref('work') }}

),

cdrs as (

    select
        cdr_key,
        record_id,
        cpo_party,
        session_id,
        started_at,
        energy_kwh,
        evse_uid,
        evse_id,
        canonical_token_id,
        lower(emsp_party) || '|' || lower(authorization_reference) as reference_key,
        is_credit,
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
        dup_near
    from {{ ref('rule_tolerances') }}

),

credited as (

    select distinct credit_of as cdr_key
    from cdrs
    where credit_of is not null

),

-- Uncredited sessions; in order of arrival the first one stands.
sessions as (

    select
        cdrs.cdr_key,
        cdrs.record_id,
        lower(cdrs.cpo_party) || '|' || lower(cdrs.session_id) as session_key,
        cdrs.canonical_token_id || '|' || lower(coalesce(cdrs.evse_uid, cdrs.evse_id)) as place_key,
        cdrs.started_at,
        cdrs.energy_kwh,
        cdrs.reference_key,
        tolerances.dup_near as near_seconds
    from cdrs
    inner join terms on cdrs.cdr_key = terms.cdr_key
    left join tolerances
        on terms.partner = tolerances.partner and terms.contract_version = tolerances.contract_version
    left join credited on cdrs.cdr_key = credited.cdr_key
    where not cdrs.is_credit and credited.cdr_key is null

),

in_work as (

    select
        sessions.cdr_key,
        sessions.record_id,
        sessions.session_key,
        sessions.place_key,
        sessions.started_at,
        sessions.energy_kwh,
        sessions.reference_key,
        sessions.near_seconds
    from sessions
    inner join work on sessions.cdr_key = work.cdr_key

),

reused as (

    select
        in_work.cdr_key,
        min(others.cdr_key) as twin_key
    from in_work
    inner join sessions as others
        on in_work.session_key = others.session_key and in_work.record_id > others.record_id
    group by in_work.cdr_key

),

referred as (

    select
        in_work.cdr_key,
        min(others.cdr_key) as other_key
    from in_work
    inner join sessions as others
        on in_work.reference_key = others.reference_key and in_work.record_id > others.record_id
    group by in_work.cdr_key

),

near as (

    select
        in_work.cdr_key,
        min(others.cdr_key) as twin_key
    from in_work
    inner join sessions as others on in_work.place_key = others.place_key
    where
        others.record_id < in_work.record_id
        and abs({{ seconds_between('others.started_at', 'in_work.started_at') }}) <= in_work.near_seconds
        and abs(others.energy_kwh - in_work.energy_kwh) <= 0.1
    group by in_work.cdr_key

)

select
    cdrs.cdr_key,
    coalesce(reused.twin_key, near.twin_key) as twin_key,
    referred.other_key as reference_twin_key,
    cast(case
        when cdrs.session_id is null or cdrs.is_credit then null
        when reused.cdr_key is not null then 0
        else 1
    end as smallint) as session_id_reused,
    cast(case
        when cdrs.canonical_token_id is null or coalesce(cdrs.evse_uid, cdrs.evse_id) is null then null
        when cdrs.started_at is null or cdrs.energy_kwh is null or cdrs.is_credit then null
        when near.cdr_key is not null then 0
        else 1
    end as smallint) as dup_near,
    cast(case
        when cdrs.reference_key is null or cdrs.is_credit then null
        when referred.cdr_key is not null then 0
        else 1
    end as smallint) as auth_reference_reused
from cdrs
inner join work on cdrs.cdr_key = work.cdr_key
left join reused on cdrs.cdr_key = reused.cdr_key
left join near on cdrs.cdr_key = near.cdr_key
left join referred on cdrs.cdr_key = referred.cdr_key
