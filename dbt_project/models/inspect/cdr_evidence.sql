with

work as (

    select cdr_key
    from {{ ref('work') }}

),

cdrs as (

    select
        cdrs.cdr_key,
        lower(cdrs.cpo_party) || '|' || lower(cdrs.session_id) as session_key,
        lower(cdrs.cpo_party) || '|' || lower(cdrs.cdr_id) as cdr_id_key,
        lower(cdrs.cpo_party) || '|' || lower(coalesce(cdrs.evse_uid, cdrs.evse_id)) as evse_key,
        lower(cdrs.emsp_party) as emsp_key,
        lower(cdrs.token_uid) as token_key,
        lower(coalesce(cdrs.evse_uid, cdrs.evse_id)) as place_key,
        cdrs.started_at
    from {{ ref('cdrs') }} as cdrs
    inner join work on cdrs.cdr_key = work.cdr_key

),

sessions as (

    select
        session_key,
        record_id,
        started_at,
        ended_at,
        status
    from {{ ref('sessions') }}
    where is_latest

),

-- Whoever ever told of a session runs that module.
session_senders as (

    select distinct lower(cpo_party) as cpo_key
    from {{ ref('sessions') }}
    where cpo_party is not null

),

cpos as (

    select
        cdrs.cdr_key,
        session_senders.cpo_key is not null as has_sessions
    from {{ ref('cdrs') }} as cdrs
    inner join work on cdrs.cdr_key = work.cdr_key
    left join session_senders on lower(cdrs.cpo_party) = session_senders.cpo_key

),

answers as (

    select
        record_id,
        lower(cpo_party) || '|' || lower(session_id) as session_key,
        lower(emsp_party) as emsp_key,
        lower(token_uid) as token_key,
        lower(coalesce(evse_uid, evse_id)) as place_key,
        answered_at,
        upper(allowed) as allowed,
        authorization_reference
    from {{ ref('authorizations') }}
    where is_latest

),

-- An answer is for the session that it names, or for the one that its token began within the hour.
candidates as (

    select
        cdrs.cdr_key,
        answers.record_id,
        answers.answered_at,
        answers.allowed,
        answers.authorization_reference
    from cdrs
    inner join answers on cdrs.session_key = answers.session_key
    union
    select
        cdrs.cdr_key,
        answers.record_id,
        answers.answered_at,
        answers.allowed,
        answers.authorization_reference
    from cdrs
    inner join answers on cdrs.token_key = answers.token_key
    where
        answers.session_key is null
        and (answers.emsp_key is null or answers.emsp_key = cdrs.emsp_key)
        and (answers.place_key is null or cdrs.place_key is null or answers.place_key = cdrs.place_key)
        and {{ seconds_between('answers.answered_at', 'cdrs.started_at') }} >= -300
        and {{ seconds_between('answers.answered_at', 'cdrs.started_at') }} <= 3600

),

last_answers as (

    select
        cdr_key,
        answered_at,
        allowed,
        authorization_reference,
        row_number() over (
            partition by cdr_key
            order by answered_at desc, allowed asc, authorization_reference asc, record_id asc
        ) as last_no
    from candidates

),

references_given as (

    select
        cdr_key,
        authorization_reference,
        row_number() over (
            partition by cdr_key
            order by answered_at desc, allowed asc, authorization_reference asc, record_id asc
        ) as last_no
    from candidates
    where authorization_reference is not null

),

receipts as (

    select
        record_id,
        lower(cpo_party) || '|' || lower(session_id) as session_key,
        lower(cpo_party) || '|' || lower(cdr_id) as cdr_id_key,
        lower(cpo_party) || '|' || lower(evse_uid) as evse_key,
        kind,
        terminal_id,
        started_at
    from {{ ref('receipts') }}
    where is_latest

),

matched_receipts as (

    select
        cdrs.cdr_key,
        receipts.kind,
        receipts.terminal_id,
        receipts.started_at
    from cdrs
    inner join receipts on cdrs.session_key = receipts.session_key
    union
    select
        cdrs.cdr_key,
        receipts.kind,
        receipts.terminal_id,
        receipts.started_at
    from cdrs
    inner join receipts on cdrs.cdr_id_key = receipts.cdr_id_key
    union
    select
        cdrs.cdr_key,
        receipts.kind,
        receipts.terminal_id,
        receipts.started_at
    from cdrs
    inner join receipts on cdrs.evse_key = receipts.evse_key
    where
        receipts.session_key is null
        and receipts.cdr_id_key is null
        and abs({{ seconds_between('receipts.started_at', 'cdrs.started_at') }}) <= 120

),

by_receipt as (

    select
        cdr_key,
        max(case when kind = 'charged' then terminal_id end) as terminal_id,
        min(started_at) as started_at
    from matched_receipts
    group by cdr_key

)

select
    cdrs.cdr_key,
    cpos.has_sessions,
    sessions.record_id is not null as has_session,
    sessions.started_at as session_started_at,
    sessions.ended_at as session_ended_at,
    sessions.status as session_status,
    last_answers.answered_at,
    last_answers.allowed,
    references_given.authorization_reference as reference_given,
    by_receipt.terminal_id,
    by_receipt.started_at as receipt_started_at
from cdrs
inner join cpos on cdrs.cdr_key = cpos.cdr_key
left join sessions on cdrs.session_key = sessions.session_key
left join last_answers on cdrs.cdr_key = last_answers.cdr_key and last_answers.last_no = 1
left join references_given on cdrs.cdr_key = references_given.cdr_key and references_given.last_no = 1
left join by_receipt on cdrs.cdr_key = by_receipt.cdr_key
