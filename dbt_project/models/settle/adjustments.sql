with

decided as (

    select
        cdr_key,
        settled_by,
        rule_id,
        reason_code,
        energy_kwh,
        started_at,
        ended_at,
        contract_version,
        decision_seq,
        note,
        decided_by,
        approved_by
    from {{ ref('decided_amounts') }}

),

outcomes as (

    select
        cdr_key,
        revision,
        partner,
        direction,
        period,
        currency,
        started_at,
        ended_at,
        energy_kwh,
        claimed_excl_tax,
        expected_excl_tax,
        settled_excl_tax,
        statement_id
    from {{ ref('cdr_outcomes') }}
    where state = 'adjusted'

)

select
    outcomes.cdr_key,
    outcomes.revision,
    outcomes.partner,
    outcomes.direction,
    outcomes.period,
    outcomes.currency,
    decided.rule_id,
    decided.reason_code,
    decided.settled_by,
    outcomes.claimed_excl_tax as before_excl_tax,
    outcomes.settled_excl_tax as after_excl_tax,
    cast(outcomes.settled_excl_tax - coalesce(outcomes.claimed_excl_tax, outcomes.expected_excl_tax) as decimal(38, 16))
        as delta_excl_tax,
    outcomes.energy_kwh as before_energy_kwh,
    coalesce(decided.energy_kwh, outcomes.energy_kwh) as after_energy_kwh,
    outcomes.started_at as before_started_at,
    coalesce(decided.started_at, outcomes.started_at) as after_started_at,
    outcomes.ended_at as before_ended_at,
    coalesce(decided.ended_at, outcomes.ended_at) as after_ended_at,
    decided.contract_version,
    decided.decision_seq,
    decided.decided_by,
    decided.approved_by,
    decided.note,
    outcomes.statement_id
from outcomes
inner join decided on outcomes.cdr_key = decided.cdr_key
