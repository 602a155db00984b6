with

touched as (

    select
        kind,
        lower(id) as id,
        reason
    from {{ ref('touched') }}
    where kind in ('location', 'token', 'session', 'evse', 'contract', 'party', 'agreement')

),

revisions as (

    select
        record_id,
        work_key,
        lower(cpo_party) as cpo_key,
        lower(emsp_party) as emsp_key,
        lower(location_id) as location_key,
        lower(evse_uid) as evse_key,
        lower(evse_id) as evse_id_key,
        lower(token_uid) as token_key,
        lower(session_id) as session_key,
        contract_id
    from {{ ref('cdr_revisions') }}

),

canonical_ids as (

    select
        record_id,
        cpo_key,
        location_key,
        evse_key,
        canonical_contract_id
    from {{ ref('canonical_ids') }}

),

contract_ids as (

    select
        contract_id,
        contract_key
    from {{ ref('contract_ids') }}

),

-- Every word by which a touched row may mean a session: as sent, and as what its aliases make of it.
names as (

    select
        work_key,
        'location' as kind,
        location_key as id
    from revisions
    union all
    select
        revisions.work_key,
        'location' as kind,
        canonical_ids.location_key as id
    from canonical_ids
    inner join revisions on canonical_ids.record_id = revisions.record_id
    union all
    select
        work_key,
        'token' as kind,
        token_key as id
    from revisions
    union all
    select
        work_key,
        'session' as kind,
        session_key as id
    from revisions
    union all
    select
        work_key,
        'evse' as kind,
        {{ core_of_id('cpo_key', 'evse_key') }} as id
    from revisions
    union all
    select
        work_key,
        'evse' as kind,
        {{ core_of_id('cpo_key', 'evse_id_key') }} as id
    from revisions
    union all
    select
        revisions.work_key,
        'evse' as kind,
        {{ core_of_id('canonical_ids.cpo_key', 'canonical_ids.evse_key') }} as id
    from canonical_ids
    inner join revisions on canonical_ids.record_id = revisions.record_id
    union all
    select
        work_key,
        'contract' as kind,
        lower(contract_id) as id
    from revisions
    union all
    select
        revisions.work_key,
        'contract' as kind,
        contract_ids.contract_key as id
    from revisions
    inner join contract_ids on revisions.contract_id = contract_ids.contract_id
    union all
    select
        revisions.work_key,
        'contract' as kind,
        canonical_ids.canonical_contract_id as id
    from canonical_ids
    inner join revisions on canonical_ids.record_id = revisions.record_id
    union all
    select
        work_key,
        'party' as kind,
        cpo_key as id
    from revisions
    union all
    select
        work_key,
        'party' as kind,
        emsp_key as id
    from revisions
    union all
    select
        revisions.work_key,
        'party' as kind,
        canonical_ids.cpo_key as id
    from canonical_ids
    inner join revisions on canonical_ids.record_id = revisions.record_id
    union all
    select
        work_key,
        'agreement' as kind,
        cpo_key || '|' || emsp_key as id
    from revisions

)

select
    names.work_key as cdr_key,
    min(touched.reason) as reason
from names
inner join touched on names.kind = touched.kind and names.id = touched.id
group by names.work_key
