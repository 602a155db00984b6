with

sightings as (

    select
        record_id,
        sighting_seq,
        seen_at,
        source,
        is_opening,
        cpo_party,
        location_id,
        country,
        address,
        city,
        latitude,
        longitude,
        time_zone,
        evse_uid,
        evse_id,
        evse_status,
        connector_id,
        standard,
        power_type,
        max_power_w,
        coalesce(last_updated, seen_at) as changed_at
    from "evsettle"."ingest"."connectors"
    where evse_uid is not null and connector_id is not null and cpo_party is not null

),

aliases as (

    select
        record_id,
        evse_key,
        connector_key,
        canonical_cpo_key,
        canonical_evse_key,
        canonical_connector_key,
        place_alias
    from "evsettle"."inspect"."id_aliases"

),

canonical as (

    select
        sightings.*,
        coalesce(aliases.canonical_cpo_key, lower(sightings.cpo_party)) as cpo_key,
        coalesce(aliases.canonical_evse_key, lower(sightings.evse_uid)) as evse_key,
        coalesce(aliases.canonical_connector_key, lower(sightings.connector_id)) as connector_key,
        aliases.place_alias,
        coalesce(sightings.standard, '') || '|' || coalesce(sightings.power_type, '') as hardware,
        sightings.cpo_party || '|' || coalesce(sightings.location_id, '') || '|' || coalesce(sightings.country, '')
        || '|' || coalesce(sightings.address, '') || '|' || coalesce(sightings.city, '')
        || '|' || coalesce(cast(sightings.latitude as varchar), '')
        || '|' || coalesce(cast(sightings.longitude as varchar), '')
        || '|' || coalesce(sightings.time_zone, '') || '|' || sightings.evse_uid || '|'
        || coalesce(sightings.evse_id, '') || '|' || coalesce(sightings.evse_status, '') || '|'
        || sightings.connector_id || '|' || coalesce(sightings.standard, '') || '|'
        || coalesce(sightings.power_type, '') || '|' || coalesce(cast(sightings.max_power_w as varchar), '') as content
    from sightings
    left join aliases
        on
            sightings.record_id = aliases.record_id
            and lower(sightings.evse_uid) = aliases.evse_key
            and lower(sightings.connector_id) = aliases.connector_key

),

-- A sighting that says what the one before it said is no change.
changes as (

    select *
    from (
        select
            *,
            lag(content) over (
                partition by cpo_key, evse_key, connector_key
                order by changed_at asc, sighting_seq asc, record_id asc
            ) as previous_content
        from canonical
    ) as in_time
    where previous_content is null or previous_content <> content

)

select
    cpo_key || '|' || evse_key || '|' || connector_key as canonical_connector_id,
    row_number() over in_time as version_no,
    cpo_key,
    evse_key,
    connector_key,
    cpo_party,
    location_id,
    country,
    address,
    city,
    latitude,
    longitude,
    time_zone,
    evse_uid,
    evse_id,
    evse_status,
    connector_id,
    standard,
    power_type,
    max_power_w,
    place_alias as alias,
    -- The first version that we know holds for all before.
    case when row_number() over in_time > 1 then changed_at end as valid_from,
    lead(changed_at) over in_time as valid_to,
    changed_at,
    seen_at as known_from,
    lead(seen_at) over (
        partition by cpo_key, evse_key, connector_key, changed_at
        order by sighting_seq asc, record_id asc
    ) as known_to,
    is_opening,
    source,
    record_id,
    hardware <> first_value(hardware) over in_time as is_other_hardware
from changes
window
    in_time as (
        partition by cpo_key, evse_key, connector_key
        order by changed_at asc, sighting_seq asc, record_id asc
    )
