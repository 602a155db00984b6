with

steps as (

    select
        listed.step_no,
        listed.step,
        listed.is_level
    from (
        values
        (1, 'claimed', true), (2, 'priced_otherwise', false), (3, 'computed', true), (4, 'held', false),
        (5, 'excluded', false), (6, 'credited', false), (7, 'claim_kept', false), (8, 'adjusted', false),
        (9, 'disputed', false), (10, 'no_statement', false), (11, 'exchange', false), (12, 'rounding', false),
        (13, 'fees', false), (14, 'corrections', false), (15, 'billed', true), (16, 'not_invoiced', false),
        (17, 'invoiced_otherwise', false), (18, 'invoiced', true), (19, 'not_followed', false),
        (20, 'not_sealed', false), (21, 'tax', false), (22, 'unpaid', false), (23, 'paid', true)
    ) as listed (step_no, step, is_level)

),

moved as (

    select
        partner,
        period,
        direction,
        currency,
        location_id,
        step,
        sessions,
        unknown_amounts,
        energy_kwh,
        amount_excl_tax
    from {{ ref('session_movements') }}

    union all

    select
        partner,
        period,
        direction,
        currency,
        location_id,
        step,
        sessions,
        0 as unknown_amounts,
        energy_kwh,
        amount_excl_tax
    from {{ ref('bill_movements') }}

),

-- Invoiced is the only level that no document states by site: it is what is billed and what leads away from it.
invoiced as (

    select
        partner,
        period,
        direction,
        currency,
        location_id,
        sum(sessions) as sessions,
        sum(energy_kwh) as energy_kwh,
        sum(amount_excl_tax) as amount_excl_tax
    from moved
    where step in ('billed', 'not_invoiced', 'invoiced_otherwise')
    group by partner, period, direction, currency, location_id

),

movements as (

    select *
    from moved

    union all

    select
        partner,
        period,
        direction,
        currency,
        location_id,
        'invoiced' as step,
        sessions,
        0 as unknown_amounts,
        energy_kwh,
        amount_excl_tax
    from invoiced

)

select
    movements.partner,
    movements.period,
    movements.direction,
    movements.currency,
    movements.location_id,
    cast(steps.step_no as integer) as step_no,
    movements.step,
    steps.is_level,
    cast(sum(movements.sessions) as bigint) as sessions,
    cast(sum(movements.unknown_amounts) as bigint) as sessions_unknown_amount,
    cast(sum(movements.energy_kwh) as decimal(38, 8)) as energy_kwh,
    cast(sum(movements.amount_excl_tax) as decimal(38, 16)) as amount
from movements
inner join steps on movements.step = steps.step
group by
    movements.partner, movements.period, movements.direction, movements.currency, movements.location_id,
    steps.step_no, movements.step, steps.is_level
