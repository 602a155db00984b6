with

run as (

    select max(as_of) as as_of
    from {{ ref('settlement_run') }}

),

disputes as (

    select
        dispute_id,
        partner,
        ended_at
    from {{ ref('disputes') }}

),

-- Finance takes in what is disputed, and takes over what the other side does not accept.
acts as (

    select
        dispute_id,
        seq,
        happened_at,
        event,
        reason_code,
        decided_by,
        case
            when event in ('dispute', 'escalate') then 'finance'
            when event = 'assign' then assigned_to
        end as given_to,
        max(case when event in ('dispute', 'assign', 'escalate') then seq end) over (
            partition by dispute_id
            order by seq
            rows between unbounded preceding and current row
        ) as given_seq
    from {{ ref('dispute_events') }}
    where event in ('dispute', 'assign', 'ask', 'answer', 'resolve', 'escalate', 'withdraw')

),

-- A question gives it to whom it is put to, an answer back to who asked; an outcome ends it.
holders as (

    select
        acts.dispute_id,
        acts.seq,
        acts.happened_at,
        acts.decided_by,
        case
            when acts.event = 'ask' and acts.reason_code = 'WAIT_HW' then 'charger'
            when acts.event = 'ask' then 'partner'
            when acts.event in ('resolve', 'withdraw') then '-'
            else givers.given_to
        end as holder
    from acts
    left join acts as givers on acts.dispute_id = givers.dispute_id and acts.given_seq = givers.seq

),

changes as (

    select
        *,
        lag(holder) over (partition by dispute_id order by seq) as holder_before
    from holders

),

spans as (

    select
        dispute_id,
        seq,
        happened_at,
        decided_by,
        holder,
        holder_before,
        lead(happened_at) over (partition by dispute_id order by seq) as next_at
    from changes
    where holder_before is null or holder_before <> holder

),

-- Silence ends a dispute without an act; what was said after that counts for nothing.
counting as (

    select
        spans.*,
        disputes.partner,
        case
            when spans.next_at is null or disputes.ended_at < spans.next_at then disputes.ended_at
            else spans.next_at
        end as until_at
    from spans
    inner join disputes on spans.dispute_id = disputes.dispute_id
    where spans.holder <> '-' and (disputes.ended_at is null or spans.happened_at <= disputes.ended_at)

)

select
    counting.dispute_id,
    cast(row_number() over (partition by counting.dispute_id order by counting.seq) as integer) as hand_over_no,
    counting.partner,
    case when counting.holder_before <> '-' then counting.holder_before end as handed_by_holder,
    counting.holder,
    counting.happened_at as handed_at,
    counting.decided_by as handed_by,
    counting.seq,
    counting.until_at,
    cast({{ seconds_between('counting.happened_at', 'coalesce(counting.until_at, run.as_of)') }} as bigint)
        as held_seconds
from counting
cross join run
