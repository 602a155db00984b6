{%- set pause_ends -%}
    least(coalesce(events.next_at, run.as_of), coalesce(silence.starts_at, events.next_at, run.as_of))
{%- endset -%}
{%- set dispute_ends -%}
    case when last_events.state_to in ('resolved', 'withdrawn') then last_events.happened_at else run.as_of end
{%- endset -%}
with

events as (

    select
        dispute_id,
        seq,
        happened_at,
        event,
        state_to,
        cdr_key,
        reason_code,
        amount_excl_tax,
        claimant,
        assigned_to,
        decided_by,
        row_number() over (partition by dispute_id order by seq) as event_no,
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

cdrs as (

    select
        cdr_key,
        partner,
        currency,
        claimed_excl_tax,
        expected_excl_tax
    from {{ ref('cdr_outcomes') }}

),

terms as (

    select
        cdr_terms.cdr_key,
        settlement_terms.dispute_window_days,
        settlement_terms.dispute_acknowledge_days,
        settlement_terms.dispute_answer_days,
        settlement_terms.dispute_resolve_days,
        settlement_terms.dispute_objection_days
    from {{ ref('cdr_terms') }} as cdr_terms
    inner join {{ ref('settlement_terms') }} as settlement_terms
        on
            cdr_terms.partner = settlement_terms.partner
            and cdr_terms.contract_version = settlement_terms.contract_version

),

openings as (

    select
        events.dispute_id,
        events.seq as opened_seq,
        events.cdr_key,
        events.happened_at as opened_at,
        events.decided_by as opened_by,
        events.reason_code,
        events.amount_excl_tax as disputed_excl_tax,
        events.claimant,
        local_days.working_day_no as opened_working_day_no
    from events
    left join local_days on events.happened_at >= local_days.starts_at and events.happened_at < local_days.ends_at
    where events.event = 'dispute'

),

last_events as (

    select
        dispute_id,
        seq,
        happened_at,
        state_to,
        event
    from (
        select
            dispute_id,
            seq,
            happened_at,
            state_to,
            event,
            row_number() over (partition by dispute_id order by seq desc) as recency
        from events
    ) as ranked
    where recency = 1

),

owners as (

    select
        dispute_id,
        assigned_to
    from (
        select
            dispute_id,
            assigned_to,
            row_number() over (partition by dispute_id order by seq desc) as recency
        from events
        where event = 'assign'
    ) as ranked
    where recency = 1

),

outcomes as (

    select
        dispute_id,
        reason_code as outcome,
        amount_excl_tax as resolved_excl_tax,
        happened_at as resolved_at
    from (
        select
            dispute_id,
            reason_code,
            amount_excl_tax,
            happened_at,
            row_number() over (partition by dispute_id order by seq desc) as recency
        from events
        where event = 'resolve'
    ) as ranked
    where recency = 1

),

acknowledgements as (

    select
        dispute_id,
        min(happened_at) as acknowledged_at
    from events
    where event = 'acknowledge'
    group by dispute_id

),

-- The clock stands still from a question to its answer, and no longer than the contract lets an answer take.
pauses as (

    select
        events.dispute_id,
        sum({{ seconds_between('events.happened_at', pause_ends) }}) as paused_seconds,
        max(case when events.next_at is null and silence.starts_at <= run.as_of then 1 else 0 end) as is_unanswered
    from events
    cross join run
    inner join openings on events.dispute_id = openings.dispute_id
    left join terms on openings.cdr_key = terms.cdr_key
    left join local_days as asked on events.happened_at >= asked.starts_at and events.happened_at < asked.ends_at
    -- No limit makes no such day, and the clock waits for the answer.
    left join local_days as silence on {{ add_days('asked.day', 'terms.dispute_answer_days + 1') }} = silence.day
    where events.event = 'ask'
    group by events.dispute_id

),

-- What was decided once about a session is not asked again.
decided_before as (

    select distinct later.dispute_id
    from openings as later
    inner join openings as earlier on later.cdr_key = earlier.cdr_key and later.opened_seq > earlier.opened_seq
    inner join outcomes on earlier.dispute_id = outcomes.dispute_id

),

told as (

    select
        openings.dispute_id,
        openings.opened_seq,
        openings.cdr_key,
        openings.opened_at,
        openings.opened_by,
        openings.reason_code,
        openings.disputed_excl_tax,
        openings.claimant,
        cdrs.partner,
        cdrs.currency,
        coalesce(cdrs.claimed_excl_tax, cdrs.expected_excl_tax) as billed_excl_tax,
        owners.assigned_to,
        outcomes.outcome,
        outcomes.resolved_at,
        case
            when outcomes.outcome in ('R_UPHELD', 'R_PARTIAL') then outcomes.resolved_excl_tax
        end as resolved_excl_tax,
        last_events.happened_at as last_event_at,
        case
            when decided_before.dispute_id is not null then 'refused'
            when last_events.state_to = 'waiting' and pauses.is_unanswered = 1 then 'investigating'
            when
                last_events.state_to = 'resolved'
                and objection.starts_at is not null and objection.starts_at <= run.as_of
                then 'settled'
            else last_events.state_to
        end as state,
        case when decided_before.dispute_id is not null then 'D_REPEAT' end as refused_for,
        acknowledgements.acknowledged_at,
        acknowledge_by.ends_at as acknowledge_due_at,
        terms.dispute_resolve_days,
        coalesce(pauses.paused_seconds, 0) as paused_seconds,
        {{ seconds_between('openings.opened_at', dispute_ends) }} as calendar_seconds
    from openings
    cross join run
    inner join last_events on openings.dispute_id = last_events.dispute_id
    left join cdrs on openings.cdr_key = cdrs.cdr_key
    left join terms on openings.cdr_key = terms.cdr_key
    left join owners on openings.dispute_id = owners.dispute_id
    left join outcomes on openings.dispute_id = outcomes.dispute_id
    left join acknowledgements on openings.dispute_id = acknowledgements.dispute_id
    left join pauses on openings.dispute_id = pauses.dispute_id
    left join decided_before on openings.dispute_id = decided_before.dispute_id
    left join working_days as acknowledge_by
        on openings.opened_working_day_no + terms.dispute_acknowledge_days = acknowledge_by.working_day_no
    left join local_days as resolved
        on outcomes.resolved_at >= resolved.starts_at and outcomes.resolved_at < resolved.ends_at
    left join local_days as objection
        on {{ add_days('resolved.day', 'terms.dispute_objection_days + 1') }} = objection.day

)

select
    dispute_id,
    cdr_key,
    partner,
    claimant,
    reason_code,
    state,
    refused_for,
    currency,
    billed_excl_tax,
    disputed_excl_tax,
    resolved_excl_tax,
    outcome,
    opened_at,
    opened_by,
    acknowledged_at,
    acknowledge_due_at,
    assigned_to,
    resolved_at,
    last_event_at,
    cast(calendar_seconds as bigint) as calendar_seconds,
    cast(calendar_seconds - paused_seconds as bigint) as running_seconds,
    cast(dispute_resolve_days as bigint) * 86400 as running_limit_seconds,
    state in ('opened', 'acknowledged', 'investigating', 'waiting', 'escalated') as is_open
from told
