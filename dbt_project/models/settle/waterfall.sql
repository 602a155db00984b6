with

fates as (

    select
        partner,
        period,
        direction,
        currency,
        fate,
        count(*) as sessions,
        sum(case when claimed_excl_tax is null then 1 else 0 end) as sessions_unknown_amount,
        sum(case when energy_kwh is null then 1 else 0 end) as sessions_unknown_energy,
        sum(coalesce(energy_kwh, 0)) as energy_kwh,
        sum(coalesce(claimed_excl_tax, 0)) as amount_excl_tax
    from {{ ref('record_fates') }}
    group by partner, period, direction, currency, fate

),

outcomes as (

    select
        cdr_key,
        case when direction = 'internal' then 'own' else coalesce(partner, 'unknown') end as partner,
        coalesce(period, 'unknown') as period,
        coalesce(direction, 'unknown') as direction,
        coalesce(currency, 'unknown') as currency,
        state,
        settled_by,
        statement_id,
        case when is_credit then -abs(settled_energy_kwh) else settled_energy_kwh end as energy_kwh,
        case when is_credit then -abs(energy_kwh) else energy_kwh end as sent_kwh,
        claimed_excl_tax,
        settled_excl_tax
    from {{ ref('cdr_outcomes') }}
    where state in ('valid', 'adjusted')

),

lines as (

    select
        statement_id,
        kind,
        cdr_key,
        amount_excl_tax,
        currency,
        session_currency,
        session_excl_tax,
        fx_numerator,
        fx_denominator
    from {{ ref('statement_lines') }}

),

sides as (

    select
        cdr_key,
        statement_id,
        session_currency as currency,
        -1 as sign,
        -session_excl_tax as amount_excl_tax
    from lines
    where kind = 'session' and session_currency is not null

    union all

    select
        cdr_key,
        statement_id,
        currency,
        1 as sign,
        {{ exchanged('session_excl_tax', 'lines') }} as amount_excl_tax
    from lines
    where kind = 'session' and session_currency is not null

),

statements as (

    select
        statement_id,
        partner,
        period,
        direction,
        currency,
        sessions,
        sessions_unknown_energy,
        energy_kwh,
        amount_excl_tax,
        adjustment_no
    from {{ ref('statements') }}

),

groups as (

    select
        partner,
        period,
        direction,
        currency
    from fates
    union
    select
        partner,
        period,
        direction,
        currency
    from statements

),

-- Which fates a step counts, and with which sign. A step that adds up everything before it has sign 1 over all of them.
fate_steps as (

    select
        listed.step,
        listed.fate,
        listed.sign
    from (
        values
        ('received', 'quarantined', 1), ('received', 'superseded', 1), ('received', 'held', 1),
        ('received', 'disputed', 1), ('received', 'excluded', 1), ('received', 'credited', 1),
        ('received', 'valid', 1), ('received', 'adjusted', 1), ('quarantined', 'quarantined', -1),
        ('superseded', 'superseded', -1), ('sessions', 'held', 1), ('sessions', 'disputed', 1),
        ('sessions', 'excluded', 1), ('sessions', 'credited', 1), ('sessions', 'valid', 1),
        ('sessions', 'adjusted', 1), ('held', 'held', -1), ('disputed', 'disputed', -1),
        ('excluded', 'excluded', -1), ('credited', 'credited', -1), ('billable', 'valid', 1),
        ('billable', 'adjusted', 1)
    ) as listed (step, fate, sign)

),

steps as (

    select
        listed.step_no,
        listed.step
    from (
        values
        (1, 'received'), (2, 'quarantined'), (3, 'superseded'), (4, 'sessions'), (5, 'held'), (6, 'disputed'),
        (7, 'excluded'), (8, 'credited'), (9, 'billable'), (10, 'expected_without_claim'), (11, 'adjustments'),
        (12, 'no_statement'), (13, 'exchange'), (14, 'rounding'), (15, 'fees'), (16, 'statement'),
        (17, 'adjustment_runs')
    ) as listed (step_no, step)

),

-- All amounts have 16 places: of decimals with different places a union keeps the fewest.
movements as (

    select
        fates.partner,
        fates.period,
        fates.direction,
        fates.currency,
        fate_steps.step,
        fate_steps.sign * fates.sessions as sessions,
        fate_steps.sign * fates.sessions_unknown_amount as sessions_unknown_amount,
        fate_steps.sign * fates.sessions_unknown_energy as sessions_unknown_energy,
        fate_steps.sign * fates.energy_kwh as energy_kwh,
        cast(fate_steps.sign * fates.amount_excl_tax as decimal(38, 16)) as amount_excl_tax
    from fates
    inner join fate_steps on fates.fate = fate_steps.fate

    union all

    -- Here the unknown claims of billable sessions become known.
    select
        partner,
        period,
        direction,
        currency,
        case when settled_by in ('decision', 'remedy') then 'adjustments' else 'expected_without_claim' end as step,
        0 as sessions,
        case when claimed_excl_tax is null then -1 else 0 end as sessions_unknown_amount,
        case when sent_kwh is null and energy_kwh is not null then -1 else 0 end as sessions_unknown_energy,
        coalesce(energy_kwh, 0) - coalesce(sent_kwh, 0) as energy_kwh,
        cast(settled_excl_tax - coalesce(claimed_excl_tax, 0) as decimal(38, 16)) as amount_excl_tax
    from outcomes
    where settled_by in ('decision', 'remedy', 'expected')

    union all

    select
        partner,
        period,
        direction,
        currency,
        'no_statement' as step,
        -1 as sessions,
        0 as sessions_unknown_amount,
        case when energy_kwh is null then -1 else 0 end as sessions_unknown_energy,
        -coalesce(energy_kwh, 0) as energy_kwh,
        cast(-settled_excl_tax as decimal(38, 16)) as amount_excl_tax
    from outcomes
    where statement_id is null

    union all

    -- What was exchanged leaves its own currency here and comes in at the statement's.
    select
        outcomes.partner,
        outcomes.period,
        outcomes.direction,
        sides.currency,
        'exchange' as step,
        sides.sign as sessions,
        0 as sessions_unknown_amount,
        case when outcomes.energy_kwh is null then sides.sign else 0 end as sessions_unknown_energy,
        sides.sign * coalesce(outcomes.energy_kwh, 0) as energy_kwh,
        cast(sides.amount_excl_tax as decimal(38, 16)) as amount_excl_tax
    from outcomes
    inner join sides on outcomes.cdr_key = sides.cdr_key and outcomes.statement_id = sides.statement_id

    union all

    select
        outcomes.partner,
        outcomes.period,
        outcomes.direction,
        coalesce(lines.currency, outcomes.currency) as currency,
        'rounding' as step,
        0 as sessions,
        0 as sessions_unknown_amount,
        0 as sessions_unknown_energy,
        0 as energy_kwh,
        cast(-{{ exchanged('outcomes.settled_excl_tax', 'lines') }} as decimal(38, 16)) as amount_excl_tax
    from outcomes
    left join lines
        on
            outcomes.cdr_key = lines.cdr_key
            and outcomes.statement_id = lines.statement_id
            and lines.kind = 'session'
    where outcomes.statement_id is not null

    union all

    select
        statements.partner,
        statements.period,
        statements.direction,
        statements.currency,
        case when lines.kind = 'fee' then 'fees' else 'rounding' end as step,
        0 as sessions,
        0 as sessions_unknown_amount,
        0 as sessions_unknown_energy,
        0 as energy_kwh,
        cast(lines.amount_excl_tax as decimal(38, 16)) as amount_excl_tax
    from statements
    inner join lines on statements.statement_id = lines.statement_id
    where statements.adjustment_no = 0

    union all

    select
        partner,
        period,
        direction,
        currency,
        case when adjustment_no = 0 then 'statement' else 'adjustment_runs' end as step,
        sessions,
        0 as sessions_unknown_amount,
        sessions_unknown_energy,
        coalesce(energy_kwh, 0) as energy_kwh,
        cast(amount_excl_tax as decimal(38, 16)) as amount_excl_tax
    from statements

)

select
    groups.partner,
    groups.period,
    groups.direction,
    groups.currency,
    cast(steps.step_no as integer) as step_no,
    steps.step,
    cast(coalesce(sum(movements.sessions), 0) as bigint) as sessions,
    cast(coalesce(sum(movements.sessions_unknown_amount), 0) as bigint) as sessions_unknown_amount,
    cast(coalesce(sum(movements.energy_kwh), 0) as decimal(38, 8)) as energy_kwh,
    cast(coalesce(sum(movements.amount_excl_tax), 0) as decimal(38, 16)) as amount_excl_tax,
    cast(coalesce(sum(movements.sessions_unknown_energy), 0) as bigint) as sessions_unknown_energy
from groups
cross join steps
left join movements
    on
        groups.partner = movements.partner
        and groups.period = movements.period
        and groups.direction = movements.direction
        and groups.currency = movements.currency
        and steps.step = movements.step
group by groups.partner, groups.period, groups.direction, groups.currency, steps.step_no, steps.step
