with

lines as (

    select
        statement_id,
        kind,
        cdr_key,
        energy_kwh,
        amount_excl_tax
    from {{ ref('statement_lines') }}

),

outcomes as (

    select
        statement_id,
        cdr_key,
        partner,
        period,
        direction,
        currency
    from {{ ref('cdr_outcomes') }}
    where statement_id is not null

),

heads as (

    select
        outcomes.statement_id,
        outcomes.partner,
        outcomes.period,
        outcomes.direction,
        outcomes.currency
    from outcomes
    inner join lines on outcomes.cdr_key = lines.cdr_key
    group by
        outcomes.statement_id, outcomes.partner, outcomes.period, outcomes.direction, outcomes.currency

),

totals as (

    select
        statement_id,
        sum(case when kind = 'session' then 1 else 0 end) as sessions,
        sum(case when kind = 'session' and energy_kwh is null then 1 else 0 end) as sessions_unknown_energy,
        sum(energy_kwh) as energy_kwh,
        sum(amount_excl_tax) as amount_excl_tax
    from lines
    group by statement_id

)

select
    totals.statement_id,
    heads.partner,
    heads.period,
    heads.direction,
    heads.currency,
    'draft' as status,
    cast(totals.sessions as bigint) as sessions,
    cast(totals.energy_kwh as decimal(38, 8)) as energy_kwh,
    cast(totals.amount_excl_tax as decimal(38, 8)) as amount_excl_tax,
    -- Undecided until the document's tax is: unknown, not zero.
    cast(null as decimal(38, 8)) as tax,
    cast(null as decimal(38, 8)) as amount_incl_tax,
    cast(totals.sessions_unknown_energy as bigint) as sessions_unknown_energy
from totals
inner join heads on totals.statement_id = heads.statement_id
