with

sessions as (

    select
        session_key,
        lower(session_id) as session_id_key,
        lower(evse_uid) as evse_key
    from {{ ref('session_flags') }}
    where cdr_missing = 0

),

unread as (

    select
        {{ record_subject("source || '/' || feed || '/' || file_name", 'position') }} as subject_id,
        '|' || replace(replace(replace(lower(raw_text), '"', '|'), ',', '|'), ';', '|') || '|' as words
    from {{ ref('records') }}
    where feed = 'cdrs' and not is_typed

),

roots as (

    select
        subject_id,
        min(coalesce(caused_by, finding_id)) as root_finding_id
    from {{ source('inspect', 'gate_findings') }}
    where subject_kind = 'record' and severity <> 'warn' and status = 'open'
    group by subject_id

)

-- What could not be read as a CDR tells of its session all the same, where it has the session's id and its charger's.
select
    sessions.session_key as subject_id,
    'CDR_MISSING' as rule_id,
    min(roots.root_finding_id) as root_finding_id
from sessions
inner join unread
    on
        strpos(unread.words, '|' || sessions.session_id_key || '|') > 0
        and strpos(unread.words, '|' || sessions.evse_key || '|') > 0
inner join roots on unread.subject_id = roots.subject_id
group by sessions.session_key
