{%- set pause_ends -%}
    least(coalesce(events.next_at, run.as_of), coalesce(silence.starts_at, events.next_at, run.as_of))
{%- endset -%}
with

events as (

    select
        dispute_id,
        seq,
        happened_at,
        event,
        state_to,
        reason_code,
        amount_excl_tax,
        assigned_to,
        lead(happened_at) over (partition by dispute_id order by seq) as next_at
    from {{ ref('dispute_events') }}

),

run as (

    select max(as_of) as as_of
    from {{ ref('settlement_run') }}

),

local_days as (

    select
        day,
        starts_at,
        is_working,
        working_day_no,
        lead(starts_at) over (order by day) as ends_at
    from {{ ref('local_days') }}

),

working_days as (

    select
        working_day_no,
        min(ends_at) as ends_at
    from local_days
    where is_working
    group by working_day_no

),

terms as (

    select
        cdr_terms.cdr_key,
        settlement_terms.dispute_acknowledge_days,
        settlement_terms.dispute_answer_days,
        settlement_terms.dispute_resolve_days,
        settlement_terms.dispute_objection_days,
        settlement_terms.dispute_expiry_days
    from {{ ref('cdr_terms') }} as cdr_terms
    inner join {{ ref('settlement_terms') }} as settlement_terms
        on
            cdr_terms.partner = settlement_terms.partner
            and cdr_terms.contract_version = settlement_terms.contract_version

),

disputed_lines as (

    select
        disputed_lines.dispute_id,
        disputed_lines.opened_seq,
        disputed_lines.opened_at,
        disputed_lines.opened_by,
        disputed_lines.cdr_key,
        disputed_lines.reason_code,
        disputed_lines.claimant,
        disputed_lines.disputed_excl_tax,
        disputed_lines.partner,
        disputed_lines.currency,
        disputed_lines.billed_excl_tax,
        disputed_lines.statement_id,
        disputed_lines.line_no,
        disputed_lines.withheld_excl_tax,
        disputed_lines.withheld_tax,
        disputed_lines.window_ends_at,
        disputed_lines.is_out_of_time,
        local_days.working_day_no as opened_working_day_no
    from {{ ref('disputed_lines') }} as disputed_lines
    left join local_days
        on disputed_lines.opened_at >= local_days.starts_at and disputed_lines.opened_at < local_days.ends_at

),

-- Which of its acts say where a dispute stands, who looks into it and how it came out.
acts as (

    select
        dispute_id,
        max(seq) as last_seq,
        max(case when event = 'assign' then seq end) as assign_seq,
        max(case when event = 'resolve' then seq end) as resolve_seq,
        min(case when event = 'acknowledge' then happened_at end) as acknowledged_at
    from events
    group by dispute_id

),

-- The clock stands still from a question to its answer, and no longer than the contract lets an answer take. Who
-- claims something and does not answer at all has withdrawn it.
pauses as (

    select
        events.dispute_id,
        sum({{ seconds_between('events.happened_at', pause_ends) }}) as paused_seconds,
        max(case when events.next_at is null and silence.starts_at <= run.as_of then 1 else 0 end) as is_unanswered,
        min(case when events.next_at is null and silence.starts_at > run.as_of then silence.starts_at end) as silent_at,
        min(
            case
                when
                    events.next_at is null and events.reason_code = 'WAIT_PTN'
                    and disputed_lines.claimant = 'partner' and expiry.starts_at > run.as_of
                    then expiry.starts_at
            end
        ) as expires_at,
        min(
            case
                when
                    events.reason_code = 'WAIT_PTN' and disputed_lines.claimant = 'partner'
                    and expiry.starts_at <= coalesce(events.next_at, run.as_of)
                    then expiry.starts_at
            end
        ) as expired_at
    from events
    cross join run
    inner join disputed_lines on events.dispute_id = disputed_lines.dispute_id
    left join terms on disputed_lines.cdr_key = terms.cdr_key
    left join local_days as asked on events.happened_at >= asked.starts_at and events.happened_at < asked.ends_at
    -- No limit makes no such day, and the clock waits for the answer.
    left join local_days as silence on {{ add_days('asked.day', 'terms.dispute_answer_days + 1') }} = silence.day
    left join local_days as expiry on {{ add_days('asked.day', 'terms.dispute_expiry_days + 1') }} = expiry.day
    where events.event = 'ask'
    group by events.dispute_id

),

-- What came too late counts for nothing, and what was decided once about a session is not asked again.
refusals as (

    select
        later.dispute_id,
        case when later.is_out_of_time then 'D_OUT_OF_TIME' else 'D_REPEAT' end as refused_for
    from disputed_lines as later
    left join (
        select
            disputed_lines.cdr_key,
            min(disputed_lines.opened_seq) as opened_seq
        from disputed_lines
        inner join acts on disputed_lines.dispute_id = acts.dispute_id
        left join pauses on disputed_lines.dispute_id = pauses.dispute_id
        where acts.resolve_seq is not null and not disputed_lines.is_out_of_time and pauses.expired_at is null
        group by disputed_lines.cdr_key
    ) as earlier on later.cdr_key = earlier.cdr_key and later.opened_seq > earlier.opened_seq
    where later.is_out_of_time or earlier.cdr_key is not null

),

told as (

    select
        disputed_lines.*,
        refusals.refused_for,
        assignments.assigned_to,
        acts.acknowledged_at,
        acknowledge_by.ends_at as acknowledge_due_at,
        last_events.happened_at as last_event_at,
        pauses.expired_at,
        least(
            coalesce(pauses.silent_at, pauses.expires_at, objection.starts_at),
            coalesce(pauses.expires_at, pauses.silent_at, objection.starts_at)
        ) as waits_until,
        outcomes.reason_code as outcome,
        outcomes.happened_at as resolved_at,
        outcomes.seq as resolved_seq,
        outcomes.amount_excl_tax as outcome_excl_tax,
        terms.dispute_resolve_days,
        coalesce(pauses.paused_seconds, 0) as paused_seconds,
        case
            when refusals.dispute_id is not null then 'refused'
            when pauses.expired_at is not null then 'withdrawn'
            when last_events.state_to = 'waiting' and pauses.is_unanswered = 1 then 'investigating'
            when
                last_events.state_to = 'resolved'
                and objection.starts_at is not null and objection.starts_at <= run.as_of
                then 'settled'
            else last_events.state_to
        end as state,
        run.as_of
    from disputed_lines
    cross join run
    inner join acts on disputed_lines.dispute_id = acts.dispute_id
    inner join events as last_events on acts.dispute_id = last_events.dispute_id and acts.last_seq = last_events.seq
    left join events as assignments
        on acts.dispute_id = assignments.dispute_id and acts.assign_seq = assignments.seq
    left join terms on disputed_lines.cdr_key = terms.cdr_key
    left join pauses on disputed_lines.dispute_id = pauses.dispute_id
    left join refusals on disputed_lines.dispute_id = refusals.dispute_id
    left join events as outcomes
        on
            acts.dispute_id = outcomes.dispute_id
            and acts.resolve_seq = outcomes.seq
            and pauses.expired_at is null
            and refusals.dispute_id is null
    left join working_days as acknowledge_by
        on disputed_lines.opened_working_day_no + terms.dispute_acknowledge_days = acknowledge_by.working_day_no
    left join local_days as resolved
        on outcomes.happened_at >= resolved.starts_at and outcomes.happened_at < resolved.ends_at
    left join local_days as objection
        on {{ add_days('resolved.day', 'terms.dispute_objection_days + 1') }} = objection.day

),

timed as (

    select
        *,
        state in ('opened', 'acknowledged', 'investigating', 'waiting', 'escalated') as is_open,
        case
            when state = 'refused' then opened_at
            when state = 'withdrawn' then coalesce(expired_at, last_event_at)
            when state in ('resolved', 'settled') then resolved_at
        end as ended_at
    from told

)

select
    dispute_id,
    cdr_key,
    partner,
    claimant,
    reason_code,
    state,
    coalesce(refused_for, case when expired_at is not null then 'NO_RESPONSE' end) as refused_for,
    currency,
    billed_excl_tax,
    disputed_excl_tax,
    case when outcome in ('R_UPHELD', 'R_PARTIAL') then outcome_excl_tax end as resolved_excl_tax,
    outcome,
    opened_at,
    opened_by,
    acknowledged_at,
    acknowledge_due_at,
    assigned_to,
    resolved_at,
    last_event_at,
    cast({{ seconds_between('opened_at', 'coalesce(ended_at, as_of)') }} as bigint) as calendar_seconds,
    cast({{ seconds_between('opened_at', 'coalesce(ended_at, as_of)') }} - paused_seconds as bigint)
        as running_seconds,
    cast(dispute_resolve_days as bigint) * 86400 as running_limit_seconds,
    is_open,
    ended_at,
    resolved_seq,
    statement_id,
    line_no,
    window_ends_at,
    case when is_open and statement_id is not null then withheld_excl_tax end as withheld_excl_tax,
    case when is_open and statement_id is not null then withheld_tax end as withheld_tax,
    case when refused_for is null and waits_until > as_of then waits_until end as waits_until
from timed
