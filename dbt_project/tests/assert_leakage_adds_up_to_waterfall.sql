{{ config(meta={
    "dagster": {"ref": {"name": "leakage"}},
    "description": "What leaks adds up, step by step, to what the waterfall takes off."
}) }}
{#
    Each step of the waterfall that takes something off is the sum of its pieces in leakage, in money, kWh and sessions.
    Without it a piece could be told under two causes, or under none, and nobody would see it.
    Fails with each step that does not add up.
#}
with

pieces as (

    select
        partner,
        period,
        direction,
        currency,
        step,
        -sum(sessions) as sessions,
        -sum(coalesce(energy_kwh, 0)) as energy_kwh,
        -sum(coalesce(amount_excl_tax, 0)) as amount_excl_tax
    from {{ ref('leakage') }}
    where step not in ('never_received', 'billed')
    group by partner, period, direction, currency, step

),

steps as (

    select
        partner,
        period,
        direction,
        currency,
        step,
        sessions,
        energy_kwh,
        amount_excl_tax
    from {{ ref('waterfall') }}
    where
        step in (
            'quarantined',
            'superseded',
            'held',
            'disputed',
            'excluded',
            'credited',
            'expected_without_claim',
            'adjustments'
        )

)

select
    coalesce(pieces.partner, steps.partner) as partner,
    coalesce(pieces.period, steps.period) as period,
    coalesce(pieces.step, steps.step) as step,
    pieces.amount_excl_tax as amount_of_pieces,
    steps.amount_excl_tax as amount_of_step
from pieces
full outer join steps
    on
        pieces.partner = steps.partner
        and pieces.period = steps.period
        and pieces.direction = steps.direction
        and pieces.currency = steps.currency
        and pieces.step = steps.step
where
    coalesce(pieces.sessions, 0) <> coalesce(steps.sessions, 0)
    or coalesce(pieces.energy_kwh, 0) <> coalesce(steps.energy_kwh, 0)
    or coalesce(pieces.amount_excl_tax, 0) <> coalesce(steps.amount_excl_tax, 0)
