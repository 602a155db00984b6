with

aliases as (

    select
        kind,
        old_id,
        lower(old_id) as old_key,
        lower(canonical_id) as canonical_key,
        canonical_id,
        valid_from,
        valid_to,
        known_seq
    from "evsettle"."ingest"."aliases"
    where known_to is null

),

-- Every id that a record gives, at the moment it speaks of: a session's start, a connector's last change.
named as (

    select
        record_id,
        started_at as named_at,
        lower(cpo_party) as cpo_key,
        lower(emsp_party) as emsp_key,
        lower(location_id) as location_key,
        lower(evse_uid) as evse_key,
        lower(evse_id) as evse_id_key,
        lower(connector_id) as connector_key,
        lower(token_uid) as token_key,
        lower(contract_id) as contract_key
    from "evsettle"."ingest"."cdr_revisions"
    union all
    select
        record_id,
        coalesce(last_updated, seen_at) as named_at,
        lower(cpo_party) as cpo_key,
        cast(null as varchar) as emsp_key,
        lower(location_id) as location_key,
        lower(evse_uid) as evse_key,
        lower(evse_id) as evse_id_key,
        lower(connector_id) as connector_key,
        cast(null as varchar) as token_key,
        cast(null as varchar) as contract_key
    from "evsettle"."ingest"."connectors"

),

matched as (

    
        select
            named.record_id,
            named.evse_key,
            named.connector_key,
            'connector' as part,
            1 as nearness,
            aliases.old_id,
            aliases.canonical_id,
            aliases.canonical_key,
            aliases.known_seq
        from named
        inner join aliases
            on
                named.cpo_key || '|' || named.evse_key || '|' || named.connector_key = aliases.old_key
                and aliases.kind = 'connector'
                and (aliases.valid_from is null or named.named_at >= aliases.valid_from)
                and (aliases.valid_to is null or named.named_at < aliases.valid_to)
        union all
    
        select
            named.record_id,
            named.evse_key,
            named.connector_key,
            'connector' as part,
            2 as nearness,
            aliases.old_id,
            aliases.canonical_id,
            aliases.canonical_key,
            aliases.known_seq
        from named
        inner join aliases
            on
                named.cpo_key || '|' || named.evse_id_key || '|' || named.connector_key = aliases.old_key
                and aliases.kind = 'connector'
                and (aliases.valid_from is null or named.named_at >= aliases.valid_from)
                and (aliases.valid_to is null or named.named_at < aliases.valid_to)
        union all
    
        select
            named.record_id,
            named.evse_key,
            named.connector_key,
            'connector' as part,
            3 as nearness,
            aliases.old_id,
            aliases.canonical_id,
            aliases.canonical_key,
            aliases.known_seq
        from named
        inner join aliases
            on
                named.evse_key || '|' || named.connector_key = aliases.old_key
                and aliases.kind = 'connector'
                and (aliases.valid_from is null or named.named_at >= aliases.valid_from)
                and (aliases.valid_to is null or named.named_at < aliases.valid_to)
        union all
    
        select
            named.record_id,
            named.evse_key,
            named.connector_key,
            'connector' as part,
            4 as nearness,
            aliases.old_id,
            aliases.canonical_id,
            aliases.canonical_key,
            aliases.known_seq
        from named
        inner join aliases
            on
                named.evse_id_key || '|' || named.connector_key = aliases.old_key
                and aliases.kind = 'connector'
                and (aliases.valid_from is null or named.named_at >= aliases.valid_from)
                and (aliases.valid_to is null or named.named_at < aliases.valid_to)
        union all
    
        select
            named.record_id,
            named.evse_key,
            named.connector_key,
            'evse' as part,
            1 as nearness,
            aliases.old_id,
            aliases.canonical_id,
            aliases.canonical_key,
            aliases.known_seq
        from named
        inner join aliases
            on
                named.cpo_key || '|' || named.evse_key = aliases.old_key
                and aliases.kind = 'evse'
                and (aliases.valid_from is null or named.named_at >= aliases.valid_from)
                and (aliases.valid_to is null or named.named_at < aliases.valid_to)
        union all
    
        select
            named.record_id,
            named.evse_key,
            named.connector_key,
            'evse' as part,
            2 as nearness,
            aliases.old_id,
            aliases.canonical_id,
            aliases.canonical_key,
            aliases.known_seq
        from named
        inner join aliases
            on
                named.cpo_key || '|' || named.evse_id_key = aliases.old_key
                and aliases.kind = 'evse'
                and (aliases.valid_from is null or named.named_at >= aliases.valid_from)
                and (aliases.valid_to is null or named.named_at < aliases.valid_to)
        union all
    
        select
            named.record_id,
            named.evse_key,
            named.connector_key,
            'evse' as part,
            3 as nearness,
            aliases.old_id,
            aliases.canonical_id,
            aliases.canonical_key,
            aliases.known_seq
        from named
        inner join aliases
            on
                named.evse_key = aliases.old_key
                and aliases.kind = 'evse'
                and (aliases.valid_from is null or named.named_at >= aliases.valid_from)
                and (aliases.valid_to is null or named.named_at < aliases.valid_to)
        union all
    
        select
            named.record_id,
            named.evse_key,
            named.connector_key,
            'evse' as part,
            4 as nearness,
            aliases.old_id,
            aliases.canonical_id,
            aliases.canonical_key,
            aliases.known_seq
        from named
        inner join aliases
            on
                named.evse_id_key = aliases.old_key
                and aliases.kind = 'evse'
                and (aliases.valid_from is null or named.named_at >= aliases.valid_from)
                and (aliases.valid_to is null or named.named_at < aliases.valid_to)
        union all
    
        select
            named.record_id,
            named.evse_key,
            named.connector_key,
            'location' as part,
            1 as nearness,
            aliases.old_id,
            aliases.canonical_id,
            aliases.canonical_key,
            aliases.known_seq
        from named
        inner join aliases
            on
                named.cpo_key || '|' || named.location_key = aliases.old_key
                and aliases.kind = 'location'
                and (aliases.valid_from is null or named.named_at >= aliases.valid_from)
                and (aliases.valid_to is null or named.named_at < aliases.valid_to)
        union all
    
        select
            named.record_id,
            named.evse_key,
            named.connector_key,
            'location' as part,
            2 as nearness,
            aliases.old_id,
            aliases.canonical_id,
            aliases.canonical_key,
            aliases.known_seq
        from named
        inner join aliases
            on
                named.location_key = aliases.old_key
                and aliases.kind = 'location'
                and (aliases.valid_from is null or named.named_at >= aliases.valid_from)
                and (aliases.valid_to is null or named.named_at < aliases.valid_to)
        union all
    
        select
            named.record_id,
            named.evse_key,
            named.connector_key,
            'operator' as part,
            1 as nearness,
            aliases.old_id,
            aliases.canonical_id,
            aliases.canonical_key,
            aliases.known_seq
        from named
        inner join aliases
            on
                named.cpo_key = aliases.old_key
                and aliases.kind = 'party'
                and (aliases.valid_from is null or named.named_at >= aliases.valid_from)
                and (aliases.valid_to is null or named.named_at < aliases.valid_to)
        union all
    
        select
            named.record_id,
            named.evse_key,
            named.connector_key,
            'provider' as part,
            1 as nearness,
            aliases.old_id,
            aliases.canonical_id,
            aliases.canonical_key,
            aliases.known_seq
        from named
        inner join aliases
            on
                named.emsp_key = aliases.old_key
                and aliases.kind = 'party'
                and (aliases.valid_from is null or named.named_at >= aliases.valid_from)
                and (aliases.valid_to is null or named.named_at < aliases.valid_to)
        union all
    
        select
            named.record_id,
            named.evse_key,
            named.connector_key,
            'token' as part,
            1 as nearness,
            aliases.old_id,
            aliases.canonical_id,
            aliases.canonical_key,
            aliases.known_seq
        from named
        inner join aliases
            on
                named.emsp_key || '|' || named.token_key = aliases.old_key
                and aliases.kind = 'token'
                and (aliases.valid_from is null or named.named_at >= aliases.valid_from)
                and (aliases.valid_to is null or named.named_at < aliases.valid_to)
        union all
    
        select
            named.record_id,
            named.evse_key,
            named.connector_key,
            'token' as part,
            2 as nearness,
            aliases.old_id,
            aliases.canonical_id,
            aliases.canonical_key,
            aliases.known_seq
        from named
        inner join aliases
            on
                named.token_key = aliases.old_key
                and aliases.kind = 'token'
                and (aliases.valid_from is null or named.named_at >= aliases.valid_from)
                and (aliases.valid_to is null or named.named_at < aliases.valid_to)
        union all
    
        select
            named.record_id,
            named.evse_key,
            named.connector_key,
            'contract' as part,
            1 as nearness,
            aliases.old_id,
            aliases.canonical_id,
            aliases.canonical_key,
            aliases.known_seq
        from named
        inner join aliases
            on
                named.contract_key = aliases.old_key
                and aliases.kind = 'contract'
                and (aliases.valid_from is null or named.named_at >= aliases.valid_from)
                and (aliases.valid_to is null or named.named_at < aliases.valid_to)
        
    

),

nearest as (

    select
        record_id,
        evse_key,
        connector_key,
        part,
        old_id,
        canonical_id,
        canonical_key,
        length(canonical_key) - length(replace(canonical_key, '|', '')) as bar_count,
        row_number() over (
            partition by record_id, evse_key, connector_key, part
            order by nearness asc, known_seq desc, old_id asc, canonical_id asc
        ) as nearest_no
    from matched

),

-- nl/evs|e1|2 in its pieces; a piece that is not written stays as the record has it.
pieces as (

    select
        record_id,
        evse_key,
        connector_key,
        part,
        part || ' ' || old_id || ' is ' || canonical_id as alias_text,
        case
            when part in ('operator', 'provider') then canonical_key
            when part = 'connector' and bar_count = 2 then split_part(canonical_key, '|', 1)
            when part in ('evse', 'location', 'token') and bar_count = 1 then split_part(canonical_key, '|', 1)
        end as party_piece,
        case
            when part = 'connector' and bar_count = 2 then split_part(canonical_key, '|', 2)
            when part = 'connector' and bar_count = 1 then split_part(canonical_key, '|', 1)
        end as evse_piece,
        case when part in ('operator', 'provider') then null else split_part(canonical_key, '|', bar_count + 1) end
            as last_piece
    from nearest
    where nearest_no = 1

)

select
    record_id,
    coalesce(evse_key, '') as evse_key,
    coalesce(connector_key, '') as connector_key,
    coalesce(
        max(case when part = 'connector' then party_piece end),
        max(case when part = 'evse' then party_piece end),
        max(case when part = 'location' then party_piece end),
        max(case when part = 'operator' then party_piece end)
    ) as canonical_cpo_key,
    max(case when part = 'location' then last_piece end) as canonical_location_key,
    coalesce(
        max(case when part = 'connector' then evse_piece end),
        max(case when part = 'evse' then last_piece end)
    ) as canonical_evse_key,
    max(case when part = 'connector' then last_piece end) as canonical_connector_key,
    coalesce(
        max(case when part = 'token' then party_piece end),
        max(case when part = 'provider' then party_piece end)
    ) as canonical_emsp_key,
    max(case when part = 'token' then last_piece end) as canonical_token_key,
    max(case when part = 'contract' then last_piece end) as canonical_contract_key,
    coalesce(
        max(case when part = 'connector' then alias_text end),
        max(case when part = 'evse' then alias_text end),
        max(case when part = 'location' then alias_text end),
        max(case when part = 'operator' then alias_text end)
    ) as place_alias
from pieces
group by
    record_id,
    coalesce(evse_key, ''),
    coalesce(connector_key, '')
