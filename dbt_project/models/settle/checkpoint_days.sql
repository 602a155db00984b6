with

bounds as (

    select
        frequency,
        period,
        ends_on
    from {{ ref('period_bounds') }}

),

checkpoints as (

    select
        frequency,
        draft_days,
        approval_days,
        close_days
    from {{ ref('checkpoints') }}

),

local_days as (

    select
        day,
        starts_at,
        is_working,
        working_day_no
    from {{ ref('local_days') }}

),

-- The end of a day is where the next one begins.
working_days as (

    select
        days.day,
        days.working_day_no,
        following.starts_at as ends_at
    from local_days as days
    inner join local_days as following on {{ add_days('days.day', '1') }} = following.day
    where days.is_working

)

select
    bounds.frequency,
    bounds.period,
    last_days.day as ended_on,
    drafts.day as draft_due_on,
    drafts.ends_at as draft_due_at,
    approvals.day as approval_due_on,
    approvals.ends_at as approval_due_at,
    closes.day as close_due_on,
    closes.ends_at as close_due_at
from bounds
inner join checkpoints on bounds.frequency = checkpoints.frequency
inner join local_days as last_days on {{ add_days('last_days.day', '1') }} = bounds.ends_on
left join working_days as drafts on last_days.working_day_no + checkpoints.draft_days = drafts.working_day_no
left join working_days as approvals
    on last_days.working_day_no + checkpoints.approval_days = approvals.working_day_no
left join working_days as closes on last_days.working_day_no + checkpoints.close_days = closes.working_day_no
