with

work as (

    select cdr_key
    from "evsettle"."inspect"."work"

),

counting as (

    select
        record_id,
        cdr_key,
        partner,
        direction
    from "evsettle"."inspect"."record_flags"
    where is_counting

),

revisions as (

    select *
    from "evsettle"."ingest"."cdr_revisions"

),

first_records as (

    select work_key
    from "evsettle"."ingest"."cdr_revisions"
    where revision = 1 and not is_repetition

),

credits as (

    select lower(cpo_party) || '|' || lower(credit_reference_id) as original_key
    from "evsettle"."ingest"."cdr_revisions"
    where is_credit and credit_reference_id is not null

),

canonical_ids as (

    select
        record_id,
        cpo_key,
        location_key,
        evse_key,
        canonical_connector_id,
        canonical_token_id,
        canonical_contract_id,
        is_evse_known,
        place_alias,
        drifted_from
    from "evsettle"."inspect"."canonical_ids"

),

connector_versions as (

    select
        canonical_connector_id,
        evse_uid,
        location_id,
        country,
        address,
        city,
        latitude,
        longitude,
        standard,
        time_zone,
        power_type,
        max_power_w,
        is_other_hardware,
        valid_from,
        valid_to
    from "evsettle"."inspect"."connector_history"

),

-- For a CDR without a connector that we know, the location's last word is good enough for a zone.
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
                order by coalesce(last_updated, seen_at) desc, sighting_seq desc, record_id desc
            ) as latest_no
        from "evsettle"."ingest"."connectors"
        where time_zone is not null
    ) as ranked
    where latest_no = 1

),

-- OICP names the EVSE alone: neither its location nor its connector.
evses as (

    select
        cpo_key,
        evse_id_key,
        time_zone
    from (
        select
            lower(cpo_party) as cpo_key,
            lower(evse_id) as evse_id_key,
            time_zone,
            row_number() over (
                partition by lower(cpo_party), lower(evse_id)
                order by coalesce(last_updated, seen_at) desc, sighting_seq desc, record_id desc, connector_id asc
            ) as latest_no
        from "evsettle"."ingest"."connectors"
        where time_zone is not null and evse_id is not null
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
        canonical_ids.cpo_key,
        canonical_ids.location_key,
        canonical_ids.evse_key,
        canonical_ids.canonical_connector_id,
        canonical_ids.canonical_token_id,
        canonical_ids.canonical_contract_id,
        canonical_ids.is_evse_known,
        canonical_ids.place_alias,
        canonical_ids.drifted_from,
        case when revisions.is_credit then lower(revisions.cpo_party) || '|' || lower(revisions.credit_reference_id) end
            as original_key
    from revisions
    inner join counting on revisions.record_id = counting.record_id
    inner join work on counting.cdr_key = work.cdr_key
    inner join canonical_ids on revisions.record_id = canonical_ids.record_id

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
    coalesce(connector_versions.time_zone, locations.time_zone, evses.time_zone, keyed.record_time_zone) as time_zone,
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
    keyed.cpo_key,
    keyed.location_key,
    keyed.evse_key,
    keyed.canonical_connector_id,
    keyed.canonical_token_id,
    keyed.canonical_contract_id,
    keyed.is_evse_known,
    keyed.place_alias,
    -- Another writing, or only other capitals than master data has.
    case
        when keyed.drifted_from is not null then keyed.drifted_from
        when
            lower(keyed.evse_uid) = lower(connector_versions.evse_uid)
            and keyed.evse_uid <> connector_versions.evse_uid
            then connector_versions.evse_uid
    end as evse_drifted_from,
    keyed.location_country,
    keyed.sent_standard,
    keyed.sent_power_type,
    keyed.record_time_zone,
    keyed.meter_id,
    keyed.register_start_kwh,
    keyed.register_end_kwh,
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
    connector_versions.location_id as known_location_id,
    -- Only what differs, and not by how it is written: a thousandth of a degree is about 100 m.
    concat_ws(
        ', ',
        case when translate(lower(keyed.sent_address), ' ,.-', '') <> translate(lower(connector_versions.address), ' ,.-', '') then keyed.sent_address end,
        case when translate(lower(keyed.sent_city), ' ,.-', '') <> translate(lower(connector_versions.city), ' ,.-', '') then keyed.sent_city end,
        case when abs(keyed.sent_latitude - connector_versions.latitude) > 0.001
    or abs(keyed.sent_longitude - connector_versions.longitude) > 0.001 then concat_ws(' ', keyed.sent_latitude, keyed.sent_longitude) end
    ) as sent_spot,
    concat_ws(
        ', ',
        case when translate(lower(keyed.sent_address), ' ,.-', '') <> translate(lower(connector_versions.address), ' ,.-', '') then connector_versions.address end,
        case when translate(lower(keyed.sent_city), ' ,.-', '') <> translate(lower(connector_versions.city), ' ,.-', '') then connector_versions.city end,
        case
            when abs(keyed.sent_latitude - connector_versions.latitude) > 0.001
    or abs(keyed.sent_longitude - connector_versions.longitude) > 0.001 then concat_ws(' ', connector_versions.latitude, connector_versions.longitude)
        end
    ) as known_spot,
    coalesce(connector_versions.is_other_hardware, false) as is_id_reused
from keyed
left join connector_versions
    on
        keyed.canonical_connector_id = connector_versions.canonical_connector_id
        and (connector_versions.valid_from is null or keyed.started_at >= connector_versions.valid_from)
        and (connector_versions.valid_to is null or keyed.started_at < connector_versions.valid_to)
left join locations on keyed.cpo_key = locations.cpo_key and keyed.location_key = locations.location_key
left join evses
    on
        keyed.cpo_key = evses.cpo_key
        and keyed.location_key is null
        and lower(keyed.evse_id) = evses.evse_id_key
left join originals on keyed.original_key = originals.original_key
