with

work as (

    select cdr_key
    from {{ ref('work') }}

),

cdrs as (

    select
        cdr_key,
        started_at,
        cpo_key,
        location_key,
        evse_key,
        canonical_connector_id,
        canonical_token_id,
        contract_id,
        canonical_contract_id,
        is_evse_known,
        place_alias,
        evse_drifted_from,
        is_id_reused,
        upper(sent_standard) <> upper(connector_standard) or upper(sent_power_type) <> upper(connector_power_type)
            as is_sent_otherwise,
        coalesce(is_home_charging, false) as is_home
    from {{ ref('cdrs') }}

),

connectors as (

    select
        lower(cpo_party) as cpo_key,
        lower(location_id) as location_key
    from {{ ref('connectors') }}

),

operators as (

    select distinct cpo_key
    from connectors

),

locations as (

    select distinct
        cpo_key,
        location_key
    from connectors

),

plugs as (

    select distinct canonical_connector_id
    from {{ ref('connector_history') }}

),

contract_ids as (

    select
        contract_id,
        contract_key,
        is_check_digit_right
    from {{ ref('contract_ids') }}

),

-- The contract that master data has for a token, as it was written last.
token_contracts as (

    select
        token_key,
        contract_id
    from (
        select
            lower(emsp_party) || '|' || lower(token_uid) as token_key,
            contract_id,
            row_number() over (
                partition by lower(emsp_party), lower(token_uid)
                order by coalesce(last_updated, seen_at) desc, sighting_seq desc, record_id desc
            ) as latest_no
        from {{ ref('tokens') }}
    ) as ranked
    where latest_no = 1

),

placed as (

    select
        cdrs.*,
        operators.cpo_key is not null as has_locations,
        locations.location_key is not null as is_location_known,
        plugs.canonical_connector_id is not null as is_plug_known,
        case
            when cdrs.contract_id is null then null
            when contract_ids.is_check_digit_right = false then cdrs.contract_id || ' has a wrong check digit'
            when
                token_contracts.contract_id <> cdrs.contract_id
                and token_ids.contract_key = cdrs.canonical_contract_id
                then cdrs.contract_id || ' for ' || token_contracts.contract_id
        end as contract_drift
    from cdrs
    inner join work on cdrs.cdr_key = work.cdr_key
    left join operators on cdrs.cpo_key = operators.cpo_key
    left join locations on cdrs.cpo_key = locations.cpo_key and cdrs.location_key = locations.location_key
    left join plugs on cdrs.canonical_connector_id = plugs.canonical_connector_id
    left join contract_ids on cdrs.contract_id = contract_ids.contract_id
    left join token_contracts on cdrs.canonical_token_id = token_contracts.token_key
    left join contract_ids as token_ids on token_contracts.contract_id = token_ids.contract_id

)

select
    cdr_key,
    case when evse_drifted_from is not null then 'EVSE, in master data ' || evse_drifted_from else contract_drift end
        as id_drift,
    cast(case
        when is_home or not has_locations then null
        when evse_key is null and location_key is null then null
        when evse_key is not null then case when is_evse_known then 1 else 0 end
        when is_location_known then 1
        else 0
    end as smallint) as loc_unknown,
    cast(case
        when is_home or not is_evse_known or canonical_connector_id is null then null
        when not is_plug_known then 0
        when is_id_reused or is_sent_otherwise then 0
        else 1
    end as smallint) as loc_connector_drift,
    cast(case
        when is_home or not has_locations or (evse_key is null and location_key is null) then null
        when place_alias is not null then 0
        else 1
    end as smallint) as loc_alias_used,
    cast(case
        when evse_drifted_from is not null or contract_drift is not null then 0
        when not is_evse_known and contract_id is null then null
        else 1
    end as smallint) as id_form_drift
from placed
