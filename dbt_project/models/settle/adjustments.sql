with

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
        settled_by,
        settled_energy_kwh,
        settled_started_at,
        settled_ended_at,
        adjustment_rule_id,
        adjustment_reason,
        adjustment_version,
        adjustment_seq,
        adjustment_decided_by,
        adjustment_approved_by,
        adjustment_note,
        statement_id
    from {{ ref('cdr_outcomes') }}
    where state = 'adjusted'

)

select
    cdr_key,
    revision,
    partner,
    direction,
    period,
    currency,
    adjustment_rule_id as rule_id,
    adjustment_reason as reason_code,
    settled_by,
    claimed_excl_tax as before_excl_tax,
    settled_excl_tax as after_excl_tax,
    cast(settled_excl_tax - coalesce(claimed_excl_tax, expected_excl_tax) as decimal(38, 16)) as delta_excl_tax,
    energy_kwh as before_energy_kwh,
    settled_energy_kwh as after_energy_kwh,
    started_at as before_started_at,
    settled_started_at as after_started_at,
    ended_at as before_ended_at,
    settled_ended_at as after_ended_at,
    adjustment_version as contract_version,
    adjustment_seq as decision_seq,
    adjustment_decided_by as decided_by,
    adjustment_approved_by as approved_by,
    adjustment_note as note,
    statement_id
from outcomes
