with

work as (

    select cdr_key
    from {{ ref('work') }}

),

cdrs as (

    select
        cdr_key,
        cpo_party,
        ocpi_version,
        started_at,
        location_id,
        location_country,
        evse_uid,
        evse_id,
        connector_id,
        sent_standard,
        sent_power_type,
        connector_standard,
        connector_power_type,
        known_country,
        known_location_id,
        sent_spot,
        known_spot,
        place_alias,
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
        loc_not_in_service
    from {{ ref('rule_tolerances') }}

),

asset_flags as (

    select
        cdr_key,
        is_in_service
    from {{ ref('asset_flags') }}

),

period_facts as (

    select
        cdr_key,
        period_reservation_hours,
        has_charging_period
    from {{ ref('period_facts') }}

),

connectors as (

    select
        lower(cpo_party) as cpo_key,
        lower(evse_uid) as evse_key,
        upper(evse_status) as evse_status,
        coalesce(last_updated, seen_at) as changed_at
    from {{ ref('connectors') }}
    where evse_uid is not null

),

served as (

    select distinct
        cpo_key,
        evse_key
    from connectors

),

own_parties as (

    select
        lower(party) as party_key,
        'own' as house
    from {{ ref('own_parties') }}

),

contract_parties as (

    select
        lower(party) as party_key,
        'partner ' || partner as house
    from {{ ref('contract_parties') }}

),

-- Parties of one house run each other's charge points.
houses as (

    select * from own_parties
    union
    select * from contract_parties

),

evse_states as (

    select
        cpo_key,
        evse_key,
        changed_at,
        evse_status,
        lead(changed_at) over (partition by cpo_key, evse_key order by changed_at) as next_changed_at
    from (
        select
            cpo_key,
            evse_key,
            changed_at,
            max(evse_status) as evse_status
        from connectors
        group by
            cpo_key,
            evse_key,
            changed_at
    ) as sightings

),

out_of_service as (

    select
        cpo_key,
        evse_key,
        evse_status,
        changed_at,
        next_changed_at
    from evse_states
    where evse_status in ('REMOVED', 'PLANNED')

),

placed as (

    select
        cdrs.cdr_key,
        cdrs.started_at,
        cdrs.location_id,
        cdrs.location_country,
        cdrs.evse_uid,
        cdrs.evse_id,
        cdrs.connector_id,
        cdrs.sent_standard,
        cdrs.sent_power_type,
        cdrs.connector_standard,
        cdrs.connector_power_type,
        cdrs.known_country,
        cdrs.known_location_id,
        cdrs.sent_spot,
        cdrs.known_spot,
        cdrs.place_alias,
        lower(cdrs.cpo_party) as cpo_key,
        lower(cdrs.evse_uid) as evse_key,
        coalesce(cdrs.is_home_charging, false) as is_home,
        tolerances.loc_not_in_service as service_days,
        -- DE*ABC*E123, DE-ABC-E123 or DEABCE123.
        case
            when substr(cdrs.evse_id, 3, 1) in ('*', '-') and substr(cdrs.evse_id, 7, 1) in ('*', '-')
                then lower(substr(cdrs.evse_id, 1, 2) || '/' || substr(cdrs.evse_id, 4, 3))
            when
                upper(substr(cdrs.evse_id, 6, 1)) = 'E'
                and length(cdrs.evse_id) > 6
                -- A council's own name for a charge point may look like it.
                and cdrs.ocpi_version <> 'csv'
                then lower(substr(cdrs.evse_id, 1, 2) || '/' || substr(cdrs.evse_id, 3, 3))
        end as prefix_key,
        coalesce(cdrs.evse_uid, '') = '#NA'
        or coalesce(cdrs.evse_id, '') = '#NA'
        or coalesce(cdrs.connector_id, '') = '#NA' as is_na,
        coalesce(period_facts.period_reservation_hours is not null and not period_facts.has_charging_period, false)
            as is_reservation_only
    from cdrs
    inner join work on cdrs.cdr_key = work.cdr_key
    inner join terms on cdrs.cdr_key = terms.cdr_key
    left join tolerances
        on terms.partner = tolerances.partner and terms.contract_version = tolerances.contract_version
    left join period_facts on cdrs.cdr_key = period_facts.cdr_key

),

linked as (

    select distinct placed.cdr_key
    from placed
    inner join houses as operators on placed.cpo_key = operators.party_key
    inner join houses as owners on placed.prefix_key = owners.party_key and operators.house = owners.house

),

-- A removed EVSE after its removal, a planned one until the next thing known of it; a day on both sides is given.
unserved as (

    select
        placed.cdr_key,
        min(out_of_service.evse_status) as evse_status
    from placed
    inner join out_of_service
        on placed.cpo_key = out_of_service.cpo_key and placed.evse_key = out_of_service.evse_key
    where
        (
            out_of_service.evse_status = 'REMOVED'
            and {{ seconds_between('out_of_service.changed_at', 'placed.started_at') }} > placed.service_days * 86400
            and (out_of_service.next_changed_at is null or placed.started_at < out_of_service.next_changed_at)
        )
        or (
            out_of_service.evse_status = 'PLANNED'
            and placed.started_at >= out_of_service.changed_at
            and (
                out_of_service.next_changed_at is null
                or {{ seconds_between('placed.started_at', 'out_of_service.next_changed_at') }}
                > placed.service_days * 86400
            )
        )
    group by placed.cdr_key

),

compared as (

    select
        placed.*,
        linked.cdr_key is not null as is_linked,
        unserved.evse_status,
        served.evse_key is not null as is_evse_known,
        asset_flags.is_in_service,
        length(placed.location_country) = length(placed.known_country)
        and upper(placed.location_country) <> upper(placed.known_country) as is_other_country,
        coalesce(upper(placed.sent_standard) <> upper(placed.connector_standard), false)
        or coalesce(upper(placed.sent_power_type) <> upper(placed.connector_power_type), false) as is_other_hardware,
        -- What an alias moved is at another location by right.
        coalesce(placed.place_alias is null and lower(placed.location_id) <> lower(placed.known_location_id), false)
            as is_other_location,
        placed.place_alias is null and placed.known_spot <> '' as is_other_spot
    from placed
    left join linked on placed.cdr_key = linked.cdr_key
    left join asset_flags on placed.cdr_key = asset_flags.cdr_key
    left join unserved on placed.cdr_key = unserved.cdr_key
    left join served
        on placed.cpo_key = served.cpo_key and placed.evse_key = served.evse_key

)

select
    cdr_key,
    upper(prefix_key) as evse_operator,
    coalesce(evse_status, case when is_in_service = 0 then 'outside its dates' end) as evse_status,
    coalesce(is_other_country, false) as is_other_country,
    {{ differing_place() }},
    is_other_hardware,
    cast(case
        when prefix_key is null or cpo_key is null then null
        when prefix_key = cpo_key or is_linked then 1
        else 0
    end as smallint) as id_operator_prefix,
    cast(case
        when evse_uid is null and evse_id is null and connector_id is null then null
        when is_na and not is_reservation_only then 0
        else 1
    end as smallint) as loc_na_misuse,
    cast(case
        when is_home or (not is_evse_known and is_in_service is null) then null
        when evse_status is not null or is_in_service = 0 then 0
        else 1
    end as smallint) as loc_not_in_service,
    cast(case
        when known_location_id is null and known_country is null then null
        when is_other_country or is_other_hardware or is_other_location or is_other_spot then 0
        else 1
    end as smallint) as loc_snapshot_diff
from compared
