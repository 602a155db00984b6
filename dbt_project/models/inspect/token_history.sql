with

sightings as (

    select
        record_id,
        sighting_seq,
        seen_at,
        source,
        is_opening,
        emsp_party,
        token_uid,
        token_type,
        contract_id,
        is_valid,
        whitelist,
        lower(emsp_party) || '|' || lower(token_uid) as token_key,
        coalesce(last_updated, seen_at) as changed_at,
        coalesce(token_type, '') || '|' || coalesce(contract_id, '') || '|'
        || case when is_valid then 'valid' else 'blocked' end || '|' || coalesce(whitelist, '') as content
    from {{ ref('tokens') }}
    where emsp_party is not null

),

-- A sighting that says what the one before it said is no change.
changes as (

    select *
    from (
        select
            *,
            lag(content) over (
                partition by token_key
                order by changed_at asc, sighting_seq asc, record_id asc
            ) as previous_content
        from sightings
    ) as in_time
    where previous_content is null or previous_content <> content

)

select
    token_key,
    row_number() over in_time as version_no,
    emsp_party,
    token_uid,
    token_type,
    contract_id,
    is_valid,
    whitelist,
    -- The first version that we know holds for all before.
    case when row_number() over in_time > 1 then changed_at end as valid_from,
    lead(changed_at) over in_time as valid_to,
    seen_at as known_from,
    lead(seen_at) over (partition by token_key, changed_at order by sighting_seq asc, record_id asc) as known_to,
    is_opening,
    source,
    record_id
from changes
window in_time as (partition by token_key order by changed_at asc, sighting_seq asc, record_id asc)
