with

run as (

    select
        max(run_seq) as run_seq,
        max(as_of) as as_of
    from {{ ref('settlement_run') }}

),

periods as (

    select
        period,
        partner,
        cut_off_at,
        approval_seq,
        approved_at,
        proposed_by,
        approved_by,
        is_approval_lost,
        seal_seq,
        sealed_at,
        sealed_by,
        draft_due_at,
        approval_due_at,
        close_due_at
    from {{ ref('periods') }}

),

bounds as (

    select
        period,
        starts_at,
        ends_at
    from {{ ref('period_bounds') }}

),

ledger as (

    select
        seq,
        happened_at,
        actor,
        subject,
        event,
        hash
    from {{ ref('ledger_entries') }}

),

-- Runs that ended well, and the one that computes this.
runs as (

    select
        ledger.seq,
        ledger.happened_at
    from ledger
    cross join run
    left join ledger as ends on ledger.subject = ends.subject and ends.event = 'done'
    where ledger.event = 'started' and (ends.seq is not null or ledger.seq = run.run_seq)

),

-- Each run is the first one after what happened since the run before it.
first_runs as (

    select
        seq,
        happened_at,
        coalesce(lag(happened_at) over (order by seq), cast('1970-01-01 00:00:00+00' as timestamptz)) as after
    from runs

),

moments as (

    select
        periods.period,
        periods.partner,
        bounds.starts_at,
        periods.cut_off_at,
        periods.draft_due_at,
        opened.seq as opened_seq,
        drafted.seq as drafted_seq,
        drafted.happened_at as drafted_at,
        frozen.seq as frozen_seq
    from periods
    inner join bounds on periods.period = bounds.period
    left join first_runs as opened
        on bounds.starts_at <= opened.happened_at and bounds.starts_at > opened.after
    left join first_runs as drafted
        on bounds.ends_at <= drafted.happened_at and bounds.ends_at > drafted.after
    left join first_runs as frozen
        on periods.cut_off_at <= frozen.happened_at and periods.cut_off_at > frozen.after

),

-- The proposal that was approved: the last one before the approval, or the last one that waits for it.
proposals as (

    select
        periods.period,
        periods.partner,
        max(ledger.seq) as seq
    from periods
    inner join ledger
        on
            ledger.subject = 'period:' || periods.period || '|' || periods.partner
            and (periods.approval_seq is null or periods.approval_seq > ledger.seq)
    where ledger.event = 'propose period'
    group by periods.period, periods.partner

),

-- An answer to a proposal, or drafts that were put back, leave it to be proposed anew.
answers as (

    select
        periods.period,
        periods.partner,
        max(ledger.seq) as seq
    from periods
    inner join ledger on ledger.subject = 'period:' || periods.period || '|' || periods.partner
    where ledger.event in ('approve', 'reject', 'redraft')
    group by periods.period, periods.partner

),

listed as (

    select
        period,
        partner,
        1 as step_no,
        'open' as checkpoint,
        cast(null as timestamptz) as due_at,
        case when opened_seq is not null then starts_at end as happened_at,
        opened_seq as seq
    from moments

    union all

    select
        period,
        partner,
        2 as step_no,
        'draft' as checkpoint,
        draft_due_at as due_at,
        drafted_at as happened_at,
        drafted_seq as seq
    from moments

    union all

    select
        period,
        partner,
        3 as step_no,
        'cut_off' as checkpoint,
        cut_off_at as due_at,
        case when frozen_seq is not null then cut_off_at end as happened_at,
        frozen_seq as seq
    from moments

    union all

    select
        periods.period,
        periods.partner,
        4 as step_no,
        'proposal' as checkpoint,
        cast(null as timestamptz) as due_at,
        ledger.happened_at,
        ledger.seq
    from periods
    left join proposals on periods.period = proposals.period and periods.partner = proposals.partner
    left join answers on periods.period = answers.period and periods.partner = answers.partner
    left join ledger
        on
            proposals.seq = ledger.seq
            and ledger.subject = 'period:' || periods.period || '|' || periods.partner
            and not periods.is_approval_lost
            and (periods.approval_seq is not null or answers.seq is null or proposals.seq > answers.seq)

    union all

    select
        period,
        partner,
        5 as step_no,
        'approval' as checkpoint,
        approval_due_at as due_at,
        case when not is_approval_lost then approved_at end as happened_at,
        case when not is_approval_lost then approval_seq end as seq
    from periods

    union all

    select
        period,
        partner,
        6 as step_no,
        'close' as checkpoint,
        close_due_at as due_at,
        sealed_at as happened_at,
        seal_seq as seq
    from periods

),

local_days as (

    select
        starts_at,
        working_day_no,
        lead(starts_at) over (order by day) as ends_at
    from {{ ref('local_days') }}

),

-- A ledger entry about several subjects has a row for each, all with its one hash.
signatures as (

    select
        seq,
        min(actor) as actor,
        min(hash) as hash
    from ledger
    group by seq

)

select
    listed.period,
    listed.partner,
    cast(listed.step_no as integer) as step_no,
    listed.checkpoint,
    listed.due_at,
    listed.happened_at,
    signatures.actor as signed_by,
    listed.seq,
    signatures.hash as entry_hash,
    case
        when listed.happened_at is null and listed.due_at <= run.as_of then 'missed'
        when listed.happened_at is null then 'to come'
        -- A cut-off passes by itself, the moment that it is due.
        when listed.happened_at >= listed.due_at and listed.checkpoint <> 'cut_off' then 'late'
        else 'in time'
    end as standing,
    -- Due at the end of a day, which is where the next one begins.
    cast(
        case
            when listed.checkpoint <> 'cut_off' and coalesce(listed.happened_at, run.as_of) >= listed.due_at
                then told.working_day_no - due.working_day_no
            else 0
        end as integer
    ) as working_days_late
from listed
cross join run
left join signatures on listed.seq = signatures.seq
left join local_days as due on listed.due_at = due.ends_at
left join local_days as told
    on
        coalesce(listed.happened_at, run.as_of) >= told.starts_at
        and coalesce(listed.happened_at, run.as_of) < told.ends_at
