with

work as (

    select cdr_key
    from {{ ref('work') }}

),

cdrs as (

    select
        cdr_key,
        emsp_party,
        started_at,
        canonical_token_id,
        token_type,
        ocpi_version,
        contract_id,
        auth_method
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
        auth_token_blocked
    from {{ ref('rule_tolerances') }}

),

tokens as (

    select
        lower(emsp_party) as emsp_key,
        lower(emsp_party) || '|' || lower(token_uid) as token_key,
        is_valid,
        upper(whitelist) as whitelist,
        coalesce(last_updated, seen_at) as changed_at,
        sighting_seq,
        record_id
    from {{ ref('tokens') }}

),

-- A contract of several tokens is known, though not which of them was used.
contracts as (

    select distinct
        lower(emsp_party) as emsp_key,
        lower(contract_id) as contract_key
    from {{ ref('tokens') }}
    where contract_id is not null

),

providers as (

    select distinct emsp_key
    from tokens

),

-- What a token was from its last change to the next; the first we know of holds for all before.
token_versions as (

    select
        token_key,
        coalesce(is_valid, true) or coalesce(whitelist, '') = 'ALWAYS' as is_usable,
        whitelist,
        case when row_number() over in_time > 1 then changed_at end as valid_from,
        lead(changed_at) over in_time as valid_to
    from tokens
    window in_time as (partition by token_key order by changed_at asc, sighting_seq asc, record_id asc)

),

placed as (

    select
        cdrs.cdr_key,
        cdrs.started_at,
        cdrs.canonical_token_id,
        lower(cdrs.emsp_party) as emsp_key,
        coalesce(cdrs.token_type, '') = 'AD_HOC_USER' as is_ad_hoc,
        upper(cdrs.auth_method) as auth_method,
        case when cdrs.ocpi_version = '2.1.1' then lower(cdrs.contract_id) end as contract_key,
        tolerances.auth_token_blocked as lag_minutes
    from cdrs
    inner join work on cdrs.cdr_key = work.cdr_key
    inner join terms on cdrs.cdr_key = terms.cdr_key
    left join tolerances
        on terms.partner = tolerances.partner and terms.contract_version = tolerances.contract_version

),

known as (

    select
        placed.cdr_key,
        placed.canonical_token_id,
        placed.is_ad_hoc,
        placed.auth_method,
        providers.emsp_key is not null as has_tokens,
        contracts.contract_key is not null as is_contract_known
    from placed
    left join contracts on placed.emsp_key = contracts.emsp_key and placed.contract_key = contracts.contract_key
    left join providers on placed.emsp_key = providers.emsp_key

),

-- Blocked counts once it had the time to reach the charger: at the start, and a lag before it.
token_states as (

    select
        placed.cdr_key,
        max(case
            when
                (token_versions.valid_from is null or token_versions.valid_from <= placed.started_at)
                and (token_versions.valid_to is null or placed.started_at < token_versions.valid_to)
                and not token_versions.is_usable
                then 1
            else 0
        end) = 1 as is_blocked_at_start,
        max(case
            when
                (token_versions.valid_from is null or token_versions.valid_from <= placed.started_at)
                and (token_versions.valid_to is null or placed.started_at < token_versions.valid_to)
                then token_versions.whitelist
        end) as whitelist_at_start,
        max(case
            when
                token_versions.is_usable
                and (token_versions.valid_from is null or token_versions.valid_from <= placed.started_at)
                and (
                    token_versions.valid_to is null
                    or {{ seconds_between('token_versions.valid_to', 'placed.started_at') }}
                    <= placed.lag_minutes * 60
                )
                then 1
            else 0
        end) = 1 as was_usable_within_lag
    from placed
    inner join token_versions on placed.canonical_token_id = token_versions.token_key
    group by placed.cdr_key

)

select
    known.cdr_key,
    cast(case
        when known.canonical_token_id is null or not known.has_tokens or known.is_ad_hoc then null
        when token_states.cdr_key is not null or known.is_contract_known then 1
        else 0
    end as smallint) as auth_token_unknown,
    cast(case
        when token_states.cdr_key is null or known.is_ad_hoc then null
        when token_states.is_blocked_at_start and not token_states.was_usable_within_lag then 0
        else 1
    end as smallint) as auth_token_blocked,
    token_states.whitelist_at_start,
    cast(case
        when known.auth_method is null or token_states.whitelist_at_start is null then null
        when known.auth_method = 'WHITELIST' and token_states.whitelist_at_start = 'NEVER' then 0
        else 1
    end as smallint) as auth_whitelist_misuse
from known
left join token_states on known.cdr_key = token_states.cdr_key
