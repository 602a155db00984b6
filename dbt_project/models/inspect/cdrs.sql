with

work as (

    select cdr_key
    from {{ ref('work') }}

),

counting as (

    select
        record_id,
        cdr_key,
        partner,
        direction
    from {{ ref('record_flags') }}
    where is_counting

),

revisions as (

    select *
    from {{ ref('cdr_revisions') }}

),

first_records as (

    select work_key
    from {{ ref('cdr_revisions') }}
    where revision = 1 and not is_repetition

),

credits as (

    select lower(cpo_party) || '|' || lower(credit_reference_id) as original_key
    from {{ ref('cdr_revisions') }}
    where is_credit and credit_reference_id is not null

),

connectors as (

    select
        cpo_party,
        location_id,
        country,
        evse_uid,
        evse_id,
        connector_id,
        standard,
        time_zone,
        power_type,
        max_power_w,
        coalesce(last_updated, seen_at) as changed_at,
        sighting_seq,
        record_id
    from {{ ref('connectors') }}

),

-- A version holds from its last change to the next one; the first we know holds for all before.
connector_versions as (

    select
        lower(cpo_party) as cpo_key,
        lower(evse_uid) as evse_key,
        lower(connector_id) as connector_key,
        location_id,
        country,
        standard,
        time_zone,
        power_type,
        max_power_w,
        case
            when row_number() over in_time = 1 then null
            else changed_at
        end as valid_from,
        lead(changed_at) over in_time as valid_to
    from connectors
    where evse_uid is not null and connector_id is not null
    window
        in_time as (
            partition by lower(cpo_party), lower(evse_uid), lower(connector_id)
            order by changed_at asc, sighting_seq asc, record_id asc
        )

),

-- By EVSE id and by location: for CDRs without an evse_uid the last word is good enough for a zone.
evse_ids as (

    select
        lower(cpo_party) as cpo_key,
        lower(evse_id) as evse_id_key,
        max(lower(evse_uid)) as evse_key
    from connectors
    where evse_id is not null
    group by lower(cpo_party), lower(evse_id)

),

locations as (

    select
        cpo_key,
        location_key,
        time_zone
    from (
        select
            lower(cpo_party) as cpo_key,
            lower(location_id) as location_key,
            time_zone,
            row_number() over (
                partition by lower(cpo_party), lower(location_id)
                order by changed_at desc, sighting_seq desc, record_id desc
            ) as latest_no
        from connectors
        where time_zone is not null
    ) as ranked
    where latest_no = 1

),

originals as (

    select credits.original_key
    from credits
    inner join first_records on credits.original_key = first_records.work_key
    group by credits.original_key

),

keyed as (

    select
        revisions.*,
        counting.partner,
        counting.direction,
        lower(revisions.cpo_party) as cpo_key,
        coalesce(lower(revisions.evse_uid), evse_ids.evse_key, lower(revisions.evse_id)) as evse_key,
        lower(revisions.connector_id) as connector_no_key,
        case when revisions.is_credit then lower(revisions.cpo_party) || '|' || lower(revisions.credit_reference_id) end
            as original_key
    from revisions
    inner join counting on revisions.record_id = counting.record_id
    inner join work on counting.cdr_key = work.cdr_key
    left join evse_ids
        on
            revisions.evse_uid is null
            and lower(revisions.cpo_party) = evse_ids.cpo_key
            and lower(revisions.evse_id) = evse_ids.evse_id_key

)

select
    keyed.cdr_key,
    keyed.record_id,
    keyed.file_seq,
    keyed.position,
    keyed.revision,
    keyed.received_at,
    keyed.source,
    keyed.file_name,
    keyed.partner,
    keyed.direction,
    keyed.cpo_party,
    keyed.emsp_party,
    keyed.party_source,
    keyed.cdr_id,
    keyed.ocpi_version,
    keyed.started_at,
    keyed.ended_at,
    coalesce(connector_versions.time_zone, locations.time_zone, keyed.record_time_zone) as time_zone,
    keyed.session_id,
    keyed.authorization_reference,
    keyed.auth_method,
    keyed.token_uid,
    keyed.token_type,
    keyed.contract_id,
    keyed.location_id,
    keyed.evse_uid,
    keyed.evse_id,
    keyed.connector_id,
    keyed.cpo_key || '|' || keyed.evse_key || '|' || keyed.connector_no_key as canonical_connector_id,
    lower(keyed.emsp_party) || '|' || lower(keyed.token_uid) as canonical_token_id,
    keyed.location_country,
    keyed.sent_standard,
    keyed.sent_power_type,
    keyed.record_time_zone,
    keyed.meter_id,
    keyed.currency,
    keyed.energy_kwh,
    keyed.total_time_hours,
    keyed.total_parking_hours,
    keyed.claimed_excl_tax,
    keyed.claimed_incl_tax,
    keyed.claimed_fixed_excl_tax,
    keyed.claimed_energy_excl_tax,
    keyed.claimed_time_excl_tax,
    keyed.claimed_parking_excl_tax,
    keyed.claimed_reservation_excl_tax,
    coalesce(keyed.is_credit, false) as is_credit,
    keyed.credit_reference_id,
    originals.original_key as credit_of,
    case when keyed.is_credit then -1 else 1 end as amount_sign,
    keyed.is_home_charging,
    keyed.last_updated,
    keyed.time_form,
    keyed.is_time_ambiguous,
    keyed.is_test,
    keyed.missing_fields,
    keyed.type_problems,
    keyed.excess_precision,
    connector_versions.max_power_w as connector_max_power_w,
    connector_versions.power_type as connector_power_type,
    connector_versions.standard as connector_standard,
    connector_versions.country as known_country,
    connector_versions.location_id as known_location_id
from keyed
left join connector_versions
    on
        keyed.cpo_key = connector_versions.cpo_key
        and keyed.evse_key = connector_versions.evse_key
        and keyed.connector_no_key = connector_versions.connector_key
        and (connector_versions.valid_from is null or keyed.started_at >= connector_versions.valid_from)
        and (connector_versions.valid_to is null or keyed.started_at < connector_versions.valid_to)
left join locations on keyed.cpo_key = locations.cpo_key and lower(keyed.location_id) = locations.location_key
left join originals on keyed.original_key = originals.original_key
