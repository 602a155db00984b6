with

decisions as (

    select
        cdr_key,
        seq,
        rule_id,
        reason_code,
        amount_excl_tax,
        energy_kwh,
        started_at,
        ended_at,
        note,
        decided_by,
        approved_by
    from {{ ref('amount_decisions') }}
    where kind <> 'exclude'

),

remedies as (

    select
        cdr_key,
        rule_id,
        reason_code,
        contract_version,
        after_excl_tax,
        after_energy_kwh
    from {{ ref('remedies') }}
    where is_allowed and is_within_limit and is_changed

)

select
    decisions.cdr_key,
    'decision' as settled_by,
    decisions.rule_id,
    decisions.reason_code,
    cast(decisions.amount_excl_tax as decimal(38, 16)) as amount_excl_tax,
    decisions.energy_kwh,
    decisions.started_at,
    decisions.ended_at,
    cast(null as varchar) as contract_version,
    decisions.seq as decision_seq,
    decisions.note,
    decisions.decided_by,
    decisions.approved_by
from decisions

union all

select
    remedies.cdr_key,
    'remedy' as settled_by,
    remedies.rule_id,
    remedies.reason_code,
    remedies.after_excl_tax as amount_excl_tax,
    remedies.after_energy_kwh as energy_kwh,
    cast(null as timestamptz) as started_at,
    cast(null as timestamptz) as ended_at,
    remedies.contract_version,
    cast(null as bigint) as decision_seq,
    cast(null as varchar) as note,
    cast(null as varchar) as decided_by,
    cast(null as varchar) as approved_by
from remedies
left join decisions on remedies.cdr_key = decisions.cdr_key
where decisions.cdr_key is null
