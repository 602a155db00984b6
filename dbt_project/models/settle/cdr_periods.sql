with

-- A session whose times were decided is served when the decision says.
cdrs as (

    select
        cdrs.cdr_key,
        cdrs.partner,
        cdrs.revision,
        cdrs.received_at,
        coalesce(decided.ended_at, cdrs.ended_at, cdrs.started_at) as ended_at
    from {{ ref('cdrs') }} as cdrs
    left join {{ ref('decided_amounts') }} as decided on cdrs.cdr_key = decided.cdr_key

),

terms as (

    select
        cdr_key,
        frequency,
        cut_off_days
    from {{ ref('cdr_terms') }}

),

bounds as (

    select
        frequency,
        period,
        starts_on,
        ends_on,
        starts_at,
        ends_at
    from {{ ref('period_bounds') }}

),

local_days as (

    select
        day,
        starts_at
    from {{ ref('local_days') }}

),

history_end as (

    select local_days.starts_at
    from {{ ref('network') }} as network
    inner join local_days on network.history_before = local_days.day

),

moments as (

    select
        cdr_key,
        cleared_at
    from {{ ref('billable_moments') }}

),

sealed as (

    select cdr_key
    from {{ ref('sealed_outcomes') }}

),

next_open as (

    select
        partner,
        period,
        open_period
    from {{ ref('next_open_periods') }}

),

sessions as (

    select
        cdrs.cdr_key,
        cdrs.partner,
        cdrs.revision,
        cdrs.received_at,
        cdrs.ended_at,
        moments.cleared_at,
        coalesce(terms.frequency, 'monthly') as frequency,
        coalesce(terms.cut_off_days, 5) as cut_off_days,
        coalesce(cdrs.ended_at < history_end.starts_at, false) as is_history
    from cdrs
    inner join moments on cdrs.cdr_key = moments.cdr_key
    left join terms on cdrs.cdr_key = terms.cdr_key
    left join history_end on true

),

-- The calendar has decades; each session is looked for among the few periods in which any of them ended.
span as (

    select
        min(ended_at) as first_at,
        max(ended_at) as last_at
    from sessions

),

served_bounds as (

    select
        bounds.frequency,
        bounds.period,
        bounds.starts_on,
        bounds.starts_at,
        bounds.ends_at
    from bounds
    cross join span
    where bounds.ends_at > span.first_at and bounds.starts_at <= span.last_at

),

-- A cut-off lasts to the end of its day, so it ends where the next day begins.
cut_offs as (

    select
        policies.frequency,
        policies.cut_off_days,
        bounds.period,
        bounds.starts_on,
        local_days.starts_at as cut_off_at
    from (
        select distinct
            sessions.frequency,
            sessions.cut_off_days
        from sessions
    ) as policies
    inner join bounds on policies.frequency = bounds.frequency
    inner join local_days on {{ add_days('bounds.ends_on', 'policies.cut_off_days') }} = local_days.day

),

-- Few distinct moments (an arrival brings thousands of sessions), so the search is made once for each.
arrivals as (

    select
        frequency,
        cut_off_days,
        received_at as moment
    from sessions

    union

    select
        frequency,
        cut_off_days,
        cleared_at as moment
    from sessions

),

-- As if nothing were sealed; what would fall into a sealed period goes to the next open one below.
first_open as (

    select
        arrivals.frequency,
        arrivals.cut_off_days,
        arrivals.moment,
        min(cut_offs.starts_on) as starts_on
    from arrivals
    inner join cut_offs
        on
            arrivals.frequency = cut_offs.frequency
            and arrivals.cut_off_days = cut_offs.cut_off_days
            and arrivals.moment < cut_offs.cut_off_at
    group by arrivals.frequency, arrivals.cut_off_days, arrivals.moment

),

served as (

    select
        sessions.cdr_key,
        sessions.partner,
        sessions.revision,
        sessions.received_at,
        sessions.ended_at,
        sessions.cleared_at,
        sessions.frequency,
        sessions.is_history,
        service.period as service_period,
        cut_offs.cut_off_at as service_cut_off_at,
        case
            when sessions.is_history then service.starts_on
            else greatest(service.starts_on, billed.starts_on)
        end as billed_from,
        case
            when sessions.is_history then service.starts_on
            else greatest(service.starts_on, arrived.starts_on)
        end as arrived_from
    from sessions
    left join served_bounds as service
        on
            sessions.frequency = service.frequency
            and sessions.ended_at >= service.starts_at
            and sessions.ended_at < service.ends_at
    left join cut_offs
        on
            service.frequency = cut_offs.frequency
            and service.period = cut_offs.period
            and sessions.cut_off_days = cut_offs.cut_off_days
    left join first_open as billed
        on
            sessions.frequency = billed.frequency
            and sessions.cut_off_days = billed.cut_off_days
            and sessions.cleared_at = billed.moment
    left join first_open as arrived
        on
            sessions.frequency = arrived.frequency
            and sessions.cut_off_days = arrived.cut_off_days
            and sessions.received_at = arrived.moment

),

placed as (

    select
        served.cdr_key,
        -- What was sealed keeps the period it was sealed in.
        case when sealed.cdr_key is null then served.partner end as moving_partner,
        served.revision,
        served.received_at,
        served.cleared_at,
        served.is_history,
        served.service_period,
        served.service_cut_off_at,
        billed.period as billing_period,
        arrived.period as arrival_period
    from served
    left join sealed on served.cdr_key = sealed.cdr_key
    left join bounds as billed on served.frequency = billed.frequency and served.billed_from = billed.starts_on
    left join bounds as arrived on served.frequency = arrived.frequency and served.arrived_from = arrived.starts_on

)

select
    placed.cdr_key,
    placed.revision,
    placed.received_at,
    placed.cleared_at,
    placed.is_history,
    placed.service_period,
    placed.service_cut_off_at,
    coalesce(billing.open_period, placed.billing_period) as billing_period,
    coalesce(arrival.open_period, placed.arrival_period) as arrival_period
from placed
left join next_open as billing
    on placed.moving_partner = billing.partner and placed.billing_period = billing.period
left join next_open as arrival
    on placed.moving_partner = arrival.partner and placed.arrival_period = arrival.period
