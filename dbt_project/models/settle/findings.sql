with

standing as (

    select
        finding_id,
        subject_kind,
        subject_id,
        cdr_key,
        revision,
        gate,
        rule_id,
        reason_code,
        severity,
        owner,
        status,
        waived_by,
        observed,
        expected,
        tolerance,
        caused_by
    from {{ ref('open_findings') }}

),

history as (

    select
        run_end_seq,
        as_of,
        change,
        finding_id,
        subject_kind,
        subject_id,
        cdr_key,
        revision,
        gate,
        rule_id,
        reason_code,
        severity,
        owner,
        observed,
        expected,
        tolerance,
        caused_by
    from {{ ref('finding_history') }}

),

run as (

    select as_of
    from {{ ref('settlement_run') }}

),

stakes as (

    select
        subject_kind,
        subject_id,
        rule_id,
        amount_at_stake
    from {{ ref('stakes') }}

),

terms as (

    select
        cdr_key,
        due_days_reject,
        due_days_hold,
        due_days_warn
    from {{ ref('cdr_terms') }}

),

local_days as (

    select
        day,
        starts_at,
        is_working,
        working_day_no
    from {{ ref('local_days') }}

),

latest as (

    select
        finding_id,
        max(case when change = 'opened' then run_end_seq end) as opened_seq,
        max(case when change = 'resolved' then run_end_seq end) as resolved_seq
    from history
    group by finding_id

),

openings as (

    select
        history.finding_id,
        history.subject_kind,
        history.subject_id,
        history.cdr_key,
        history.revision,
        history.gate,
        history.rule_id,
        history.reason_code,
        history.severity,
        history.owner,
        history.observed,
        history.expected,
        history.tolerance,
        history.caused_by,
        history.as_of as found_at,
        latest.resolved_seq is null or latest.resolved_seq < latest.opened_seq as is_unresolved
    from history
    inner join latest on history.finding_id = latest.finding_id and history.run_end_seq = latest.opened_seq
    where history.change = 'opened'

),

resolutions as (

    select
        history.finding_id,
        history.as_of as resolved_at
    from history
    inner join latest on history.finding_id = latest.finding_id and history.run_end_seq = latest.resolved_seq
    where history.change = 'resolved' and latest.resolved_seq > latest.opened_seq

),

told as (

    select
        standing.finding_id,
        standing.subject_kind,
        standing.subject_id,
        standing.cdr_key,
        standing.revision,
        standing.gate,
        standing.rule_id,
        standing.reason_code,
        standing.severity,
        standing.owner,
        standing.status,
        standing.waived_by,
        standing.observed,
        standing.expected,
        standing.tolerance,
        standing.caused_by,
        -- Found again after it was resolved, it is found anew.
        coalesce(openings.found_at, run.as_of) as found_at,
        cast(null as timestamptz) as resolved_at
    from standing
    cross join run
    left join openings on standing.finding_id = openings.finding_id and openings.is_unresolved

    union all

    select
        openings.finding_id,
        openings.subject_kind,
        openings.subject_id,
        openings.cdr_key,
        openings.revision,
        openings.gate,
        openings.rule_id,
        openings.reason_code,
        openings.severity,
        openings.owner,
        'resolved' as status,
        cast(null as varchar) as waived_by,
        openings.observed,
        openings.expected,
        openings.tolerance,
        openings.caused_by,
        openings.found_at,
        coalesce(resolutions.resolved_at, run.as_of) as resolved_at
    from openings
    cross join run
    left join standing on openings.finding_id = standing.finding_id
    left join resolutions on openings.finding_id = resolutions.finding_id
    where standing.finding_id is null

),

due as (

    select
        told.finding_id,
        told.found_at,
        case
            when told.severity = 'reject' then coalesce(terms.due_days_reject, 5)
            when told.severity = 'hold' then coalesce(terms.due_days_hold, 5)
            else terms.due_days_warn
        end as due_days
    from told
    left join terms on told.cdr_key = terms.cdr_key

),

found_days as (

    select
        moments.found_at,
        max(local_days.working_day_no) as working_day_no
    from (select distinct told.found_at from told) as moments
    inner join local_days on moments.found_at >= local_days.starts_at
    group by moments.found_at

),

-- The end of a working day is where the day after it begins.
deadlines as (

    select
        working.working_day_no,
        following.starts_at as due_at
    from local_days as working
    inner join local_days as following on {{ add_days('working.day', '1') }} = following.day
    where working.is_working

)

select
    told.finding_id,
    told.subject_kind,
    told.subject_id,
    told.cdr_key,
    told.revision,
    told.gate,
    told.rule_id,
    told.reason_code,
    told.severity,
    told.owner,
    told.status,
    told.observed,
    told.expected,
    told.tolerance,
    told.caused_by,
    stakes.amount_at_stake,
    deadlines.due_at,
    told.found_at,
    told.resolved_at,
    told.waived_by
from told
inner join due on told.finding_id = due.finding_id
left join found_days on due.found_at = found_days.found_at
left join deadlines on found_days.working_day_no + due.due_days = deadlines.working_day_no
left join stakes
    on
        told.subject_kind = stakes.subject_kind
        and told.subject_id = stakes.subject_id
        and stakes.rule_id in (told.rule_id, 'any')
