with

sightings as (

    select
        record_id,
        sighting_seq,
        seen_at,
        source,
        is_opening,
        cpo_party,
        tariff_id,
        tariff_no,
        tariff_type,
        valid_from,
        valid_to,
        last_updated
    from "evsettle"."ingest"."tariff_sightings"

),

bodies as (

    select
        tariff_no,
        tariff_body,
        currency
    from "evsettle"."ingest"."tariff_bodies"

),

-- A tariff that names no start holds since its last change, one of the opening knowledge since ever.
dated as (

    select
        sightings.record_id,
        sightings.sighting_seq,
        sightings.seen_at,
        sightings.source,
        sightings.is_opening,
        sightings.cpo_party,
        sightings.tariff_id,
        sightings.tariff_no,
        sightings.tariff_type,
        sightings.valid_to,
        bodies.tariff_body,
        bodies.currency,
        lower(sightings.cpo_party) as cpo_key,
        lower(sightings.tariff_id) as tariff_key,
        sightings.valid_from as stated_valid_from,
        case
            when sightings.valid_from is not null then sightings.valid_from
            when not sightings.is_opening then coalesce(sightings.last_updated, sightings.seen_at)
        end as valid_from
    from sightings
    inner join bodies on sightings.tariff_no = bodies.tariff_no

),

-- A feed sends the same tariff again with every pull: only a change makes a version. A, B, A are three.
-- Tariffs that state no start are compared with each other, whatever their last_updated says: else the
-- next pull of an unchanged tariff would look like a new, backdated one.
compared as (

    select
        dated.*,
        lag(dated.tariff_no) over in_knowledge as previous_no,
        lag(dated.valid_to) over in_knowledge as previous_valid_to,
        row_number() over in_knowledge as seen_no
    from dated
    window
        in_knowledge as (
            partition by
                dated.source,
                dated.cpo_key,
                dated.tariff_key,
                dated.tariff_type,
                coalesce(dated.stated_valid_from, timestamptz '1900-01-01 00:00:00+00')
            order by dated.sighting_seq asc, dated.record_id asc
        )

),

versions as (

    select
        *,
        cpo_key || ':' || tariff_key as tariff_subject,
        case
            when is_opening
                then least(coalesce(valid_from, timestamptz '1900-01-01 00:00:00+00'), seen_at)
            else seen_at
        end as known_from
    from compared
    where
        seen_no = 1
        or tariff_no <> previous_no
        or coalesce(valid_to, timestamptz '9999-01-01 00:00:00+00')
        <> coalesce(previous_valid_to, timestamptz '9999-01-01 00:00:00+00')

)

select
    record_id,
    sighting_seq,
    seen_at,
    source,
    is_opening,
    cpo_party,
    tariff_id,
    tariff_no,
    tariff_type,
    valid_from,
    valid_to,
    tariff_body,
    currency,
    cpo_key,
    tariff_key,
    tariff_subject,
    known_from
from versions
