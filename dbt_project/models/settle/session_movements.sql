with

disputed as (

    select distinct cdr_key
    from {{ ref('disputes') }}
    where is_open

),

outcomes as (

    select
        outcomes.cdr_key,
        case when outcomes.direction = 'internal' then 'own' else coalesce(outcomes.partner, 'unknown') end as partner,
        coalesce(outcomes.period, 'unknown') as period,
        coalesce(outcomes.direction, 'unknown') as direction,
        coalesce(outcomes.currency, 'unknown') as currency,
        coalesce(outcomes.location_id, '-') as location_id,
        case when outcomes.state = 'held' and disputed.cdr_key is not null then 'disputed' else outcomes.state end
            as state,
        outcomes.statement_id,
        case when outcomes.is_credit then -abs(outcomes.energy_kwh) else outcomes.energy_kwh end as sent_kwh,
        case when outcomes.is_credit then -abs(outcomes.settled_energy_kwh) else outcomes.settled_energy_kwh end
            as settled_kwh,
        outcomes.claimed_excl_tax,
        outcomes.expected_excl_tax,
        outcomes.settled_excl_tax
    from {{ ref('cdr_outcomes') }} as outcomes
    left join disputed on outcomes.cdr_key = disputed.cdr_key

),

lines as (

    select
        statement_id,
        cdr_key,
        currency,
        amount_excl_tax,
        session_currency,
        session_excl_tax,
        fx_numerator,
        fx_denominator
    from {{ ref('statement_lines') }}
    where kind = 'session'

),

-- Fees, corrections and rounding stand on a statement without a session of its period.
beside as (

    select
        statements.partner,
        statements.period,
        statements.direction,
        statements.currency,
        coalesce(cdrs.location_id, '-') as location_id,
        case lines.kind when 'fee' then 'fees' when 'adjustment' then 'corrections' else 'rounding' end as step,
        coalesce(lines.energy_kwh, 0) as energy_kwh,
        lines.amount_excl_tax
    from {{ ref('statement_lines') }} as lines
    inner join {{ ref('statements') }} as statements on lines.statement_id = statements.statement_id
    left join {{ ref('cdr_outcomes') }} as cdrs on lines.cdr_key = cdrs.cdr_key
    where lines.kind <> 'session'

),

movements as (

    select
        partner,
        period,
        direction,
        currency,
        location_id,
        'claimed' as step,
        1 as sessions,
        case when claimed_excl_tax is null then 1 else 0 end as unknown_amounts,
        coalesce(sent_kwh, 0) as energy_kwh,
        coalesce(claimed_excl_tax, 0) as amount_excl_tax
    from outcomes

    union all

    -- Where one of the two is unknown, all of the other is the difference.
    select
        partner,
        period,
        direction,
        currency,
        location_id,
        'priced_otherwise' as step,
        0 as sessions,
        0 as unknown_amounts,
        0 as energy_kwh,
        coalesce(expected_excl_tax, 0) - coalesce(claimed_excl_tax, 0) as amount_excl_tax
    from outcomes

    union all

    select
        partner,
        period,
        direction,
        currency,
        location_id,
        'computed' as step,
        1 as sessions,
        case when expected_excl_tax is null then 1 else 0 end as unknown_amounts,
        coalesce(sent_kwh, 0) as energy_kwh,
        coalesce(expected_excl_tax, 0) as amount_excl_tax
    from outcomes

    union all

    -- held, disputed, excluded, credited: off the statement, at the price that was computed.
    select
        partner,
        period,
        direction,
        currency,
        location_id,
        state as step,
        -1 as sessions,
        0 as unknown_amounts,
        -coalesce(sent_kwh, 0) as energy_kwh,
        -coalesce(expected_excl_tax, 0) as amount_excl_tax
    from outcomes
    where state not in ('valid', 'adjusted')

    union all

    -- A claim that passed settles as it was sent.
    select
        partner,
        period,
        direction,
        currency,
        location_id,
        case when state = 'valid' then 'claim_kept' else 'adjusted' end as step,
        0 as sessions,
        0 as unknown_amounts,
        coalesce(settled_kwh, 0) - coalesce(sent_kwh, 0) as energy_kwh,
        settled_excl_tax - coalesce(expected_excl_tax, 0) as amount_excl_tax
    from outcomes
    where state in ('valid', 'adjusted')

    union all

    select
        partner,
        period,
        direction,
        currency,
        location_id,
        'no_statement' as step,
        -1 as sessions,
        0 as unknown_amounts,
        -coalesce(settled_kwh, 0) as energy_kwh,
        -settled_excl_tax as amount_excl_tax
    from outcomes
    where state in ('valid', 'adjusted') and statement_id is null

    union all

    select
        outcomes.partner,
        outcomes.period,
        outcomes.direction,
        case when sides.sign = 1 then lines.currency else lines.session_currency end as currency,
        outcomes.location_id,
        'exchange' as step,
        sides.sign as sessions,
        0 as unknown_amounts,
        sides.sign * coalesce(outcomes.settled_kwh, 0) as energy_kwh,
        case
            when sides.sign = 1 then {{ exchanged('lines.session_excl_tax', 'lines') }}
            else -lines.session_excl_tax
        end as amount_excl_tax
    from outcomes
    inner join lines on outcomes.cdr_key = lines.cdr_key and outcomes.statement_id = lines.statement_id
    cross join (values (-1), (1)) as sides (sign)
    where lines.session_currency is not null

    union all

    select
        outcomes.partner,
        outcomes.period,
        outcomes.direction,
        lines.currency,
        outcomes.location_id,
        'rounding' as step,
        0 as sessions,
        0 as unknown_amounts,
        0 as energy_kwh,
        lines.amount_excl_tax - {{ exchanged('outcomes.settled_excl_tax', 'lines') }} as amount_excl_tax
    from outcomes
    inner join lines on outcomes.cdr_key = lines.cdr_key and outcomes.statement_id = lines.statement_id

    union all

    select
        partner,
        period,
        direction,
        currency,
        location_id,
        step,
        0 as sessions,
        0 as unknown_amounts,
        energy_kwh,
        amount_excl_tax
    from beside

)

select
    partner,
    period,
    direction,
    currency,
    location_id,
    step,
    cast(sum(sessions) as bigint) as sessions,
    cast(sum(unknown_amounts) as bigint) as unknown_amounts,
    cast(sum(energy_kwh) as decimal(38, 8)) as energy_kwh,
    cast(sum(amount_excl_tax) as decimal(38, 16)) as amount_excl_tax
from movements
group by partner, period, direction, currency, location_id, step
