with

outcomes as (

    select
        cdr_key,
        partner,
        direction,
        currency,
        coalesce(settled_ended_at, ended_at, started_at) as supplied_at,
        coalesce(case when direction = 'receivable' then cpo_party else emsp_party end, '') as party,
        settled_excl_tax
    from {{ ref('cdr_outcomes') }}
    where
        state in ('valid', 'adjusted')
        and direction in ('receivable', 'payable')
        and partner is not null
        and settled_excl_tax is not null

),

sealed as (

    select
        sealed_outcomes.cdr_key,
        min(seals.sealed_at) as sealed_at
    from {{ ref('sealed_outcomes') }} as sealed_outcomes
    inner join {{ ref('seals') }} as seals on sealed_outcomes.seal_seq = seals.seal_seq
    group by sealed_outcomes.cdr_key

),

months as (

    select
        period,
        starts_on,
        starts_at,
        ends_at
    from {{ ref('period_bounds') }}
    where frequency = 'monthly'

),

ended as (

    select
        period,
        starts_on,
        ends_on,
        is_closed,
        run_end_seq
    from {{ ref('accrual_months') }}

),

-- Few rows from many sessions: by the month of supply and the month in which it was billed.
by_month as (

    select
        supplied.starts_on as supplied_on,
        billed.starts_on as billed_on,
        outcomes.partner,
        outcomes.party,
        outcomes.direction,
        outcomes.currency,
        count(*) as sessions,
        sum(outcomes.settled_excl_tax) as amount_excl_tax
    from outcomes
    inner join months as supplied
        on outcomes.supplied_at >= supplied.starts_at and outcomes.supplied_at < supplied.ends_at
    left join sealed on outcomes.cdr_key = sealed.cdr_key
    left join months as billed on sealed.sealed_at >= billed.starts_at and sealed.sealed_at < billed.ends_at
    group by
        supplied.starts_on,
        billed.starts_on,
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
