with

months as (

    select
        period,
        starts_on,
        starts_at,
        ends_at
    from {{ ref('period_bounds') }}
    where frequency = 'monthly'

),

-- The months that this run accrues, and the end of the first of them.
ended as (

    select
        period,
        starts_on,
        ends_on,
        is_closed,
        run_end_seq
    from {{ ref('accrual_months') }}

),

first_end as (

    select min(months.ends_at) as ends_at
    from ended
    inner join months on ended.period = months.period
    where ended.run_end_seq is null

),

-- A sealed session stands in the period of its seal: when it was billed is asked of the seals, not of each session.
seals as (

    select
        seals.period,
        seals.partner,
        seals.sealed_at,
        months.starts_on as billed_on
    from {{ ref('seals') }} as seals
    left join months on seals.sealed_at >= months.starts_at and seals.sealed_at < months.ends_at

),

-- What was billed before the first of these months ended is accrued in none of them.
outcomes as (

    select
        outcomes.partner,
        outcomes.direction,
        outcomes.currency,
        coalesce(outcomes.settled_ended_at, outcomes.ended_at, outcomes.started_at) as supplied_at,
        coalesce(case when outcomes.direction = 'receivable' then outcomes.cpo_party else outcomes.emsp_party end, '')
            as party,
        outcomes.settled_excl_tax,
        seals.billed_on
    from {{ ref('cdr_outcomes') }} as outcomes
    cross join first_end
    left join seals
        on outcomes.is_sealed and outcomes.period = seals.period and outcomes.partner = seals.partner
    where
        outcomes.state in ('valid', 'adjusted')
        and outcomes.direction in ('receivable', 'payable')
        and outcomes.partner is not null
        and outcomes.settled_excl_tax is not null
        and (seals.sealed_at is null or seals.sealed_at >= first_end.ends_at)

),

-- The calendar has decades; each session is looked for among the few months in which any of them ended.
span as (

    select
        min(supplied_at) as first_at,
        max(supplied_at) as last_at
    from outcomes

),

supplied_months as (

    select
        months.starts_on,
        months.starts_at,
        months.ends_at
    from months
    cross join span
    where months.ends_at > span.first_at and months.starts_at <= span.last_at

),

-- Few rows from many sessions: by the month of supply and the month in which it was billed.
by_month as (

    select
        supplied.starts_on as supplied_on,
        outcomes.billed_on,
        outcomes.partner,
        outcomes.party,
        outcomes.direction,
        outcomes.currency,
        count(*) as sessions,
        sum(outcomes.settled_excl_tax) as amount_excl_tax
    from outcomes
    inner join supplied_months as supplied
        on outcomes.supplied_at >= supplied.starts_at and outcomes.supplied_at < supplied.ends_at
    group by
        supplied.starts_on,
        outcomes.billed_on,
        outcomes.partner,
        outcomes.party,
        outcomes.direction,
        outcomes.currency

),

-- What was supplied by the end of a month and billed in none up to it.
unbilled as (

    select
        ended.period,
        ended.ends_on,
        ended.is_closed,
        by_month.partner,
        by_month.party,
        by_month.direction,
        by_month.currency,
        sum(by_month.sessions) as sessions,
        sum(by_month.amount_excl_tax) as amount_excl_tax
    from by_month
    inner join ended
        on
            by_month.supplied_on <= ended.starts_on
            and (by_month.billed_on is null or by_month.billed_on > ended.starts_on)
    where ended.run_end_seq is null
    group by
        ended.period,
        ended.ends_on,
        ended.is_closed,
        by_month.partner,
        by_month.party,
        by_month.direction,
        by_month.currency

),

-- What came and was decided after the close belongs to the months after it.
stands as (

    select
        recorded.period,
        ended.ends_on,
        ended.is_closed,
        recorded.partner,
        recorded.party,
        recorded.direction,
        recorded.currency,
        recorded.sessions,
        recorded.amount_excl_tax
    from {{ ref('recorded_accruals') }} as recorded
    inner join ended on recorded.period = ended.period and recorded.run_end_seq = ended.run_end_seq

),

accrued as (

    select
        period,
        ends_on,
        is_closed,
        partner,
        party,
        direction,
        currency,
        cast(sessions as bigint) as sessions,
        {{ in_cents('amount_excl_tax') }} as amount_excl_tax
    from unbilled

    union all

    select *
    from stands

)

select
    period,
    {{ add_days('ends_on', '-1') }} as accrued_on,
    ends_on as reversed_on,
    is_closed,
    partner,
    party,
    direction,
    currency,
    sessions,
    amount_excl_tax
from accrued
