with

run as (

    select max(as_of) as as_of
    from {{ ref('settlement_run') }}

),

months as (

    select
        period,
        starts_on,
        ends_on,
        ends_at
    from {{ ref('period_bounds') }}
    where frequency = 'monthly'

),

recorded as (

    select distinct
        run_end_seq,
        as_of
    from {{ ref('recorded_accruals') }}

),

-- What a finished run found closed stays closed as it found it, whatever the calendar says since.
known as (

    select
        period,
        closes_at,
        accrual_seq
    from {{ ref('closed_months') }}

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
        ends_at
    from local_days
    where is_working

),

-- The books of a month are closed at its checkpoint, whatever the frequency of the contracts.
ended as (

    select
        months.period,
        months.starts_on,
        months.ends_on,
        months.ends_at,
        coalesce(known.closes_at, working_days.ends_at, months.ends_at) as closes_at,
        known.accrual_seq,
        run.as_of
    from months
    inner join run on months.ends_at <= run.as_of
    left join known on months.period = known.period
    left join {{ ref('checkpoints') }} as checkpoints on checkpoints.frequency = 'monthly'
    left join local_days as last_days on {{ add_days('last_days.day', '1') }} = months.ends_on
    left join working_days on last_days.working_day_no + checkpoints.close_days = working_days.working_day_no

)

select
    ended.period,
    ended.starts_on,
    ended.ends_on,
    ended.closes_at,
    ended.accrual_seq is not null or ended.closes_at <= ended.as_of as is_closed,
    -- What was known then: by the last run before the close, else by the first one after it.
    case
        when ended.accrual_seq is not null then ended.accrual_seq
        when ended.closes_at <= ended.as_of
            then
                coalesce(
                    max(case when recorded.as_of < ended.closes_at then recorded.run_end_seq end),
                    min(recorded.run_end_seq)
                )
    end as run_end_seq
from ended
left join recorded on ended.ends_at <= recorded.as_of
group by ended.period, ended.starts_on, ended.ends_on, ended.closes_at, ended.accrual_seq, ended.as_of
