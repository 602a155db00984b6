{{ config(meta={
    "dagster": {"ref": {"name": "waterfall"}},
    "description": "From records received to the statement's amount every step is accounted for, in sessions, kWh and money."
}) }}
{#
    From records received to the statement's amount every step is accounted for, in sessions, kWh and money.
    Without it a state or a rounding that no step shows would let the waterfall end beside the statement.
    Unknown kWh and money are counted on their own and add up too.
#}
with

steps as (

    select
        partner,
        period,
        direction,
        currency,
        -- Movements carry their sign; the sums after them are taken off again, so each group comes to nothing.
        case
            when step in ('received', 'quarantined', 'superseded') then 'sessions'
            when step in ('held', 'disputed', 'excluded', 'credited') then 'billable'
            when step in ('expected_without_claim', 'adjustments', 'no_statement', 'exchange', 'rounding', 'fees')
                then 'statement'
        end as moves_to,
        step,
        sessions,
        sessions_unknown_amount,
        sessions_unknown_energy,
        energy_kwh,
        amount_excl_tax
    from {{ ref('waterfall') }}

),

entries as (

    select
        partner,
        period,
        direction,
        currency,
        moves_to as balance,
        sessions,
        sessions_unknown_amount,
        sessions_unknown_energy,
        energy_kwh,
        amount_excl_tax
    from steps
    where moves_to is not null

    union all

    select
        partner,
        period,
        direction,
        currency,
        case step when 'sessions' then 'billable' else 'statement' end as balance,
        sessions,
        sessions_unknown_amount,
        sessions_unknown_energy,
        energy_kwh,
        amount_excl_tax
    from steps
    where step in ('sessions', 'billable')

    union all

    select
        partner,
        period,
        direction,
        currency,
        step as balance,
        -sessions as sessions,
        -sessions_unknown_amount as sessions_unknown_amount,
        -sessions_unknown_energy as sessions_unknown_energy,
        -energy_kwh as energy_kwh,
        -amount_excl_tax as amount_excl_tax
    from steps
    where step in ('sessions', 'billable', 'statement')

)

select
    partner,
    period,
    direction,
    currency,
    balance,
    sum(sessions) as sessions,
    sum(sessions_unknown_amount) as sessions_unknown_amount,
    sum(sessions_unknown_energy) as sessions_unknown_energy,
    sum(energy_kwh) as energy_kwh,
    sum(amount_excl_tax) as amount_excl_tax
from entries
group by partner, period, direction, currency, balance
having
    sum(sessions) <> 0
    or sum(sessions_unknown_amount) <> 0
    or sum(sessions_unknown_energy) <> 0
    or sum(energy_kwh) <> 0
    or sum(amount_excl_tax) <> 0
