with

work as (

    select cdr_key
    from "evsettle"."inspect"."work"

),

uses as (

    select
        cdr_key,
        tariff_id,
        tariff_index,
        is_embedded,
        tariff_no,
        tariff_type,
        valid_from,
        valid_to,
        is_in_force,
        has_rival
    from "evsettle"."inspect"."tariff_uses"

),

terms as (

    select
        cdr_key,
        tariff_source
    from "evsettle"."inspect"."cdr_terms"

),

matches as (

    select
        cdr_key,
        tariff_index,
        tariff_version,
        tariff_no,
        tariff_body,
        tariff_type,
        currency,
        valid_from,
        valid_to,
        is_approved,
        is_at_start,
        rival_count
    from "evsettle"."inspect"."registry_matches"

),

bodies as (

    select
        tariff_no,
        tariff_body,
        currency
    from "evsettle"."ingest"."tariff_bodies"

),

-- Thousands of CDRs share one embedded tariff: its version's name is worked out once.
embedded_windows as (

    select distinct
        tariff_no,
        valid_from
    from uses
    where is_embedded and tariff_no is not null

),

embedded_texts as (

    select
        embedded_windows.tariff_no,
        embedded_windows.valid_from,
        bodies.currency,
        bodies.tariff_body,
        bodies.tariff_body || '|' || coalesce(cast(embedded_windows.valid_from as varchar), '')
        || '|with its CDR|cdr|auto' as version_text
    from embedded_windows
    inner join bodies on embedded_windows.tariff_no = bodies.tariff_no

),

embedded_versions as (

    select
        tariff_no,
        valid_from,
        currency,
        tariff_body,
        sha256(version_text) as tariff_version
    from embedded_texts

),

settled as (

    select
        uses.cdr_key,
        uses.tariff_id,
        uses.tariff_index,
        uses.is_embedded,
        uses.tariff_no,
        uses.tariff_type,
        uses.valid_from,
        uses.valid_to,
        uses.is_in_force,
        uses.has_rival,
        uses.is_embedded and terms.tariff_source = 'cdr' as is_from_cdr
    from uses
    inner join work on uses.cdr_key = work.cdr_key
    inner join terms on uses.cdr_key = terms.cdr_key

)

select
    settled.cdr_key,
    settled.tariff_index,
    settled.tariff_id,
    settled.tariff_no,
    embedded_versions.tariff_version,
    embedded_versions.tariff_body,
    settled.tariff_type,
    settled.valid_from,
    settled.valid_to,
    embedded_versions.currency as tariff_currency,
    'cdr' as origin,
    case
        when settled.tariff_no is null then 'unknown'
        when settled.is_in_force then 'in_force'
        else 'not_in_force'
    end as status,
    settled.has_rival
from settled
left join embedded_versions
    on
        settled.tariff_no = embedded_versions.tariff_no
        and (
            settled.valid_from = embedded_versions.valid_from
            or (settled.valid_from is null and embedded_versions.valid_from is null)
        )
where settled.is_from_cdr
union all
select
    settled.cdr_key,
    settled.tariff_index,
    settled.tariff_id,
    -- Out of its window a version prices nothing, and is not the one in force.
    case when matches.is_at_start then matches.tariff_no end as tariff_no,
    case when matches.is_at_start then matches.tariff_version end as tariff_version,
    case when matches.is_at_start then matches.tariff_body end as tariff_body,
    case when matches.is_at_start then matches.tariff_type end as tariff_type,
    case when matches.is_at_start then matches.valid_from end as valid_from,
    case when matches.is_at_start then matches.valid_to end as valid_to,
    case when matches.is_at_start then matches.currency end as tariff_currency,
    'registry' as origin,
    case
        when matches.tariff_no is null then 'unknown'
        when not matches.is_at_start then 'not_in_force'
        when not matches.is_approved then 'not_approved'
        else 'in_force'
    end as status,
    coalesce(matches.is_at_start and matches.rival_count > 0, false) as has_rival
from settled
left join matches on settled.cdr_key = matches.cdr_key and settled.tariff_index = matches.tariff_index
where not settled.is_from_cdr
