with

work as (

    select cdr_key
    from {{ ref('work') }}

),

cdrs as (

    select
        cdr_key,
        cpo_party,
        emsp_party,
        started_at,
        location_id,
        evse_uid,
        evse_id,
        connector_id,
        canonical_token_id,
        token_type,
        auth_method,
        sent_standard,
        sent_power_type,
        connector_standard,
        connector_power_type,
        is_home_charging
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

connectors as (

    select
        lower(cpo_party) as cpo_key,
        lower(location_id) as location_key,
        lower(evse_uid) as evse_key,
        lower(evse_id) as evse_id_key,
        lower(connector_id) as connector_key
    from {{ ref('connectors') }}

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

operators as (

    select distinct cpo_key
    from connectors

),

evses as (

    select distinct
        cpo_key,
        evse_key
    from connectors
    where evse_key is not null
    union
    select distinct
        cpo_key,
        evse_id_key as evse_key
    from connectors
    where evse_id_key is not null

),

locations as (

    select distinct
        cpo_key,
        location_key
    from connectors

),

plugs as (

    select distinct
        cpo_key,
        evse_key,
        connector_key
    from connectors
    where evse_key is not null and connector_key is not null
    union
    select distinct
        cpo_key,
        evse_id_key as evse_key,
        connector_key
    from connectors
    where evse_id_key is not null and connector_key is not null

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

-- #NA stands where a reservation was never taken up: there is no EVSE to know.
placed as (

    select
        cdrs.cdr_key,
        cdrs.started_at,
        cdrs.canonical_token_id,
        lower(cdrs.cpo_party) as cpo_key,
        lower(cdrs.emsp_party) as emsp_key,
        lower(cdrs.location_id) as location_key,
        lower(case when coalesce(cdrs.evse_uid, '') <> '#NA' then coalesce(cdrs.evse_uid, cdrs.evse_id) end)
            as evse_key,
        lower(case when cdrs.connector_id <> '#NA' then cdrs.connector_id end) as connector_key,
        coalesce(cdrs.is_home_charging, false) as is_home,
        coalesce(cdrs.token_type, '') = 'AD_HOC_USER' as is_ad_hoc,
        upper(cdrs.auth_method) as auth_method,
        coalesce(upper(cdrs.sent_standard) <> upper(cdrs.connector_standard), false)
        or coalesce(upper(cdrs.sent_power_type) <> upper(cdrs.connector_power_type), false) as is_other_hardware,
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
        placed.evse_key,
        placed.location_key,
        placed.connector_key,
        placed.canonical_token_id,
        placed.is_home,
        placed.is_ad_hoc,
        placed.auth_method,
        placed.is_other_hardware,
        operators.cpo_key is not null as has_locations,
        providers.emsp_key is not null as has_tokens,
        evses.evse_key is not null as is_evse_known,
        locations.location_key is not null as is_location_known,
        plugs.connector_key is not null as is_plug_known
    from placed
    left join operators on placed.cpo_key = operators.cpo_key
    left join providers on placed.emsp_key = providers.emsp_key
    left join evses on placed.cpo_key = evses.cpo_key and placed.evse_key = evses.evse_key
    left join locations on placed.cpo_key = locations.cpo_key and placed.location_key = locations.location_key
    left join plugs
        on
            placed.cpo_key = plugs.cpo_key
            and placed.evse_key = plugs.evse_key
            and placed.connector_key = plugs.connector_key

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
        when known.is_home or not known.has_locations then null
        when known.evse_key is null and known.location_key is null then null
        when known.evse_key is not null then case when known.is_evse_known then 1 else 0 end
        when known.is_location_known then 1
        else 0
    end as smallint) as loc_unknown,
    cast(case
        when known.is_home or not known.is_evse_known or known.connector_key is null then null
        when known.is_plug_known and not known.is_other_hardware then 1
        else 0
    end as smallint) as loc_connector_drift,
    cast(case
        when known.canonical_token_id is null or not known.has_tokens or known.is_ad_hoc then null
        when token_states.cdr_key is not null then 1
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
