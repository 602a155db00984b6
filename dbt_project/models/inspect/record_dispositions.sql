with

everything as (

    select kind
    from {{ ref('touched') }}
    where kind = 'everything'

),

-- Each is asked by itself: DuckDB 2.0 stands still over one CTE that a filter asks twice, once the table is large.
touched as (

    select id as file_seq
    from {{ ref('touched') }}
    where kind = 'file'

),

work as (

    select cdr_key
    from {{ ref('work') }}

),

all_records as (

    select
        record_id,
        file_seq,
        position,
        record_sha256,
        is_typed,
        problem_rule_id
    from {{ ref('records') }}

),

files as (

    select
        file_seq,
        source,
        feed,
        file_name,
        file_sha256,
        received_at
    from {{ ref('files') }}

),

superseded as (

    select record_id
    from {{ ref('superseded_records') }}

),

flags as (

    select flags.*
    from {{ ref('record_flags') }} as flags
    inner join work on flags.cdr_key = work.cdr_key

),

-- What is new, what CDRs were judged again, and what another record overtook, of which there is little.
records as (

    select
        record_id,
        file_seq,
        position,
        record_sha256,
        is_typed,
        problem_rule_id
    from all_records
    where
        exists (select 1 from everything)
        or cast(file_seq as varchar) in (select touched.file_seq from touched)
        or record_id in (select flags.record_id from flags)
        or record_id in (select superseded.record_id from superseded)

)

select
    records.record_id,
    files.source,
    files.feed,
    files.file_name,
    files.file_sha256,
    records.position,
    records.record_sha256,
    files.received_at,
    case
        when files.feed = 'cdrs' then coalesce(flags.disposition, 'quarantined')
        when superseded.record_id is not null then 'superseded'
        when records.is_typed then 'applied'
        else 'quarantined'
    end as disposition,
    -- The first rule in the order of the catalogue that decided it.
    case
        when files.feed <> 'cdrs' then case when not records.is_typed then records.problem_rule_id end
        when flags.schema_required_missing = 0 then 'SCHEMA_REQUIRED_MISSING'
        when flags.schema_type_invalid = 0 then coalesce(records.problem_rule_id, 'SCHEMA_TYPE_INVALID')
        when flags.id_party_unknown = 0 then 'ID_PARTY_UNKNOWN'
        when flags.id_route_not_allowed = 0 then 'ID_ROUTE_NOT_ALLOWED'
        when flags.is_quarantined and flags.id_length = 0 then 'ID_LENGTH'
        when flags.id_reused_changed = 0 then 'ID_REUSED_CHANGED'
        when flags.dup_exact = 0 then 'DUP_EXACT'
    end as reason,
    case when flags.has_key then flags.cdr_key end as cdr_key,
    flags.revision
from records
inner join files on records.file_seq = files.file_seq
left join superseded on records.record_id = superseded.record_id
left join flags on records.record_id = flags.record_id
