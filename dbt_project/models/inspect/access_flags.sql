with

work as (

    select cdr_key
    from {{ ref('work') }}

),

cdrs as (

    select
        cdr_key,
        ocpi_version,
        cpo_party,
        emsp_party,
        source,
        direction,
        started_at,
        session_id,
        authorization_reference,
        auth_method,
        is_credit
    from {{ ref('cdrs') }}

),

reference_flags as (

    select
        cdr_key,
        whitelist_at_start,
        auth_token_blocked
    from {{ ref('reference_flags') }}

),

evidence as (

    select
        cdr_key,
        has_sessions,
        answered_at,
        allowed,
        reference_given,
        terminal_id
    from {{ ref('cdr_evidence') }}

),

charger_facts as (

    select
        cdr_key,
        is_offline
    from {{ ref('charger_facts') }}

),

scope_flags as (

    select
        cdr_key,
        is_in_scope,
        outside_scope
    from {{ ref('scope_flags') }}

),

agreements as (

    select
        lower(cpo_party) as cpo_key,
        lower(emsp_party) as emsp_key,
        route,
        valid_from,
        valid_to
    from {{ ref('agreements') }}
    where known_to is null

),

agreed as (

    select count(*) > 0 as has_agreements
    from agreements

),

hubs as (

    select distinct route
    from agreements
    where route is not null and route <> 'direct'

),

pairs as (

    select
        cdrs.cdr_key,
        cdrs.started_at,
        cdrs.source,
        lower(cdrs.cpo_party) as cpo_key,
        lower(cdrs.emsp_party) as emsp_key,
        hubs.route is not null as is_by_hub
    from cdrs
    inner join work on cdrs.cdr_key = work.cdr_key
    left join hubs on cdrs.source = hubs.route

),

in_force as (

    select distinct pairs.cdr_key
    from pairs
    inner join agreements on pairs.cpo_key = agreements.cpo_key and pairs.emsp_key = agreements.emsp_key
    where
        (
            agreements.route is null
            or agreements.route = pairs.source
            or (agreements.route = 'direct' and not pairs.is_by_hub)
        )
        and (agreements.valid_from is null or agreements.valid_from <= pairs.started_at)
        and (agreements.valid_to is null or pairs.started_at < agreements.valid_to)

)

select
    cdrs.cdr_key,
    evidence.allowed,
    evidence.answered_at,
    evidence.reference_given,
    evidence.terminal_id,
    scope_flags.outside_scope,
    cast(case
        when not evidence.has_sessions or cdrs.is_credit or cdrs.ocpi_version = '2.1.1' then null
        when cdrs.session_id is null then 0
        else 1
    end as smallint) as session_id_missing,
    -- An answer on file outweighs what the token's list says; a refusal is one wherever it stands.
    cast(case
        when evidence.allowed in ('ALLOWED', 'ALLOWED_OFFLINE') then 1
        when evidence.allowed in ('BLOCKED', 'NO_CREDIT') then 0
        else reference_flags.auth_token_blocked
    end as smallint) as auth_token_blocked,
    cast(case
        when evidence.allowed is null then null
        when evidence.allowed = 'EXPIRED' then 0
        else 1
    end as smallint) as auth_token_expired,
    cast(case
        when evidence.allowed = 'NOT_ALLOWED' or scope_flags.is_in_scope = 0 then 0
        when evidence.allowed is null and scope_flags.is_in_scope is null then null
        else 1
    end as smallint) as auth_site_not_allowed,
    cast(case
        when evidence.allowed = 'ALLOWED_OFFLINE' and not charger_facts.is_offline then 0
        when evidence.allowed = 'ALLOWED_OFFLINE' then 1
        when cdrs.auth_method is null or reference_flags.whitelist_at_start is null then null
        when upper(cdrs.auth_method) = 'WHITELIST' and reference_flags.whitelist_at_start = 'NEVER' then 0
        else 1
    end as smallint) as auth_whitelist_misuse,
    cast(case
        when evidence.reference_given is null then null
        -- 2.1.1 has no such field, and a CSV only where its mapping names one.
        when cdrs.authorization_reference is null and cdrs.ocpi_version in ('2.1.1', 'csv') then null
        when lower(evidence.reference_given) = lower(coalesce(cdrs.authorization_reference, '')) then 1
        else 0
    end as smallint) as auth_reference_mismatch,
    cast(case
        when not agreed.has_agreements or cdrs.direction is null or cdrs.direction = 'internal' then null
        when cdrs.started_at is null then null
        when in_force.cdr_key is not null then 1
        else 0
    end as smallint) as auth_contract_inactive,
    cast(case
        when cdrs.direction is null or cdrs.is_credit then null
        when evidence.terminal_id is not null then 0
        else 1
    end as smallint) as auth_adhoc_duplicate
from cdrs
inner join work on cdrs.cdr_key = work.cdr_key
inner join reference_flags on cdrs.cdr_key = reference_flags.cdr_key
inner join evidence on cdrs.cdr_key = evidence.cdr_key
inner join charger_facts on cdrs.cdr_key = charger_facts.cdr_key
cross join agreed
left join scope_flags on cdrs.cdr_key = scope_flags.cdr_key
left join in_force on cdrs.cdr_key = in_force.cdr_key
