with

touched as (

    select
        kind,
        id
    from "evsettle"."ingest"."touched"
    where kind not in ('cdr', 'evidence', 'outcome', 'tariff')

),

-- Each is asked by itself: DuckDB 2.0 stands still over one CTE that a filter asks twice, once the table is large.
touched_records as (

    select id as work_key
    from "evsettle"."ingest"."touched"
    where kind = 'cdr'

),

-- A record that came names itself alone; what master data says of places, tokens and aliases may be about any.
told_otherwise as (

    select touched.kind
    from touched
    left join "evsettle"."ingest"."files" as files on touched.kind = 'file' and touched.id = cast(files.file_seq as varchar)
    where
        touched.kind <> 'file'
        or coalesce(files.feed in ('locations', 'tokens'), false)

),

revisions as (

    select
        record_id,
        lower(cpo_party) as cpo_key,
        lower(emsp_party) as emsp_key,
        lower(location_id) as location_key,
        -- #NA stands where a reservation was never taken up: there is no EVSE to know.
        case when evse_uid <> '#NA' then lower(evse_uid) end as evse_key,
        case when coalesce(evse_uid, '') <> '#NA' and evse_id <> '#NA' then lower(evse_id) end as evse_id_key,
        case when connector_id <> '#NA' then lower(connector_id) end as connector_key,
        lower(token_uid) as token_key,
        ocpi_version = '2.1.1' as is_named_by_contract,
        contract_id
    from "evsettle"."ingest"."cdr_revisions"
    where
        exists (select 1 from told_otherwise)
        or work_key in (select touched_records.work_key from touched_records)

),

aliases as (

    select
        record_id,
        canonical_cpo_key,
        canonical_location_key,
        canonical_evse_key,
        canonical_connector_key,
        canonical_emsp_key,
        canonical_token_key,
        canonical_contract_key,
        place_alias
    from "evsettle"."inspect"."id_aliases"

),

contract_ids as (

    select
        contract_id,
        contract_key
    from "evsettle"."ingest"."contract_ids"

),

connectors as (

    select distinct
        lower(cpo_party) as cpo_key,
        lower(evse_uid) as evse_key,
        lower(evse_id) as evse_id_key
    from "evsettle"."ingest"."connectors"
    where evse_uid is not null

),

evse_ids as (

    select
        cpo_key,
        evse_id_key,
        max(evse_key) as evse_key
    from connectors
    where evse_id_key is not null
    group by
        cpo_key,
        evse_id_key

),

names as (

    select
        cpo_key,
        evse_key,
        evse_key as name_key,
        1 as is_uid
    from connectors
    union
    select
        cpo_key,
        evse_key,
        evse_id_key as name_key,
        0 as is_uid
    from evse_ids

),

exact as (

    select
        cpo_key,
        name_key,
        max(case when is_uid = 1 then evse_key end) as by_uid,
        max(evse_key) as by_id
    from names
    group by
        cpo_key,
        name_key

),

-- Only a form that one EVSE alone has may stand for it.
forms as (

    select
        cpo_key,
        core_key,
        min(evse_key) as evse_key,
        min(name_key) as name_key
    from (
        select
            cpo_key,
            evse_key,
            name_key,
            case
        when left(replace(replace(replace(replace(replace(name_key, '*', ''), '-', ''), ' ', ''), '_', ''), '.', ''), 5) = replace(cpo_key, '/', '') then substr(replace(replace(replace(replace(replace(name_key, '*', ''), '-', ''), ' ', ''), '_', ''), '.', ''), 6)
        when left(replace(replace(replace(replace(replace(name_key, '*', ''), '-', ''), ' ', ''), '_', ''), '.', ''), 3) = substr(cpo_key, 4) then substr(replace(replace(replace(replace(replace(name_key, '*', ''), '-', ''), ' ', ''), '_', ''), '.', ''), 4)
        else replace(replace(replace(replace(replace(name_key, '*', ''), '-', ''), ' ', ''), '_', ''), '.', '')
    end as core_key
        from names
    ) as cores
    group by
        cpo_key,
        core_key
    having count(distinct evse_key) = 1

),

-- 2.1.1 names a token by its contract alone; only a contract of one token says which.
contract_tokens as (

    select
        lower(emsp_party) as emsp_key,
        lower(contract_id) as contract_id_key,
        min(lower(token_uid)) as token_key
    from "evsettle"."ingest"."tokens"
    where contract_id is not null
    group by
        lower(emsp_party),
        lower(contract_id)
    having count(distinct lower(token_uid)) = 1

),

named as (

    select
        revisions.record_id,
        coalesce(aliases.canonical_cpo_key, revisions.cpo_key) as cpo_key,
        coalesce(aliases.canonical_location_key, revisions.location_key) as location_key,
        coalesce(aliases.canonical_evse_key, revisions.evse_key, revisions.evse_id_key) as name_key,
        coalesce(aliases.canonical_connector_key, revisions.connector_key) as connector_key,
        coalesce(aliases.canonical_emsp_key, revisions.emsp_key) as emsp_key,
        coalesce(aliases.canonical_token_key, contract_tokens.token_key, revisions.token_key) as token_key,
        coalesce(aliases.canonical_contract_key, contract_ids.contract_key) as contract_key,
        aliases.place_alias
    from revisions
    left join aliases on revisions.record_id = aliases.record_id
    left join contract_ids on revisions.contract_id = contract_ids.contract_id
    left join contract_tokens
        on
            revisions.is_named_by_contract
            and revisions.emsp_key = contract_tokens.emsp_key
            and lower(revisions.contract_id) = contract_tokens.contract_id_key

),

resolved as (

    select
        named.*,
        coalesce(exact.by_uid, exact.by_id, forms.evse_key, named.name_key) as evse_key,
        exact.name_key is not null or forms.core_key is not null as is_evse_known,
        case when exact.name_key is null then forms.name_key end as drifted_from
    from named
    left join exact on named.cpo_key = exact.cpo_key and named.name_key = exact.name_key
    left join forms
        on named.cpo_key = forms.cpo_key and case
        when left(replace(replace(replace(replace(replace(named.name_key, '*', ''), '-', ''), ' ', ''), '_', ''), '.', ''), 5) = replace(named.cpo_key, '/', '') then substr(replace(replace(replace(replace(replace(named.name_key, '*', ''), '-', ''), ' ', ''), '_', ''), '.', ''), 6)
        when left(replace(replace(replace(replace(replace(named.name_key, '*', ''), '-', ''), ' ', ''), '_', ''), '.', ''), 3) = substr(named.cpo_key, 4) then substr(replace(replace(replace(replace(replace(named.name_key, '*', ''), '-', ''), ' ', ''), '_', ''), '.', ''), 4)
        else replace(replace(replace(replace(replace(named.name_key, '*', ''), '-', ''), ' ', ''), '_', ''), '.', '')
    end = forms.core_key

)

select
    record_id,
    cpo_key,
    location_key,
    evse_key,
    connector_key,
    cpo_key || '|' || evse_key || '|' || connector_key as canonical_connector_id,
    emsp_key || '|' || token_key as canonical_token_id,
    contract_key as canonical_contract_id,
    is_evse_known,
    place_alias,
    drifted_from
from resolved
