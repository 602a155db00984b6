with

remedies as (

    select
        cdr_key,
        revision,
        finding_id,
        rule_id,
        rule_count,
        owner,
        reason_code,
        adjust_to,
        is_allowed,
        limit_excl_tax,
        claimed_excl_tax,
        expected_excl_tax,
        after_excl_tax,
        energy_kwh,
        after_energy_kwh
    from {{ ref('remedies') }}
    where is_changed

),

outcomes as (

    select
        cdr_key,
        revision,
        partner,
        direction,
        period,
        currency
    from {{ ref('cdr_outcomes') }}
    where state = 'held'

),

decided as (

    select cdr_key
    from {{ ref('decided_amounts') }}
    where settled_by = 'decision'

),

-- One person has said so and a second one has not answered yet.
waiting as (

    select
        subject_id as cdr_key,
        seq,
        proposed_by,
        row_number() over (partition by subject_id order by seq desc) as recency
    from {{ ref('open_proposals') }}
    where what = 'adjust' and subject_kind = 'cdr'

)

select
    remedies.cdr_key,
    remedies.revision,
    outcomes.partner,
    outcomes.direction,
    outcomes.period,
    outcomes.currency,
    remedies.owner,
    remedies.finding_id,
    remedies.rule_id,
    remedies.rule_count,
    remedies.reason_code,
    remedies.adjust_to,
    remedies.claimed_excl_tax as before_excl_tax,
    -- As it is written in the ledger when somebody accepts it.
    cast(round(remedies.after_excl_tax, 8) as decimal(18, 8)) as after_excl_tax,
    cast(
        round(remedies.after_excl_tax, 8) - coalesce(remedies.claimed_excl_tax, remedies.expected_excl_tax)
        as decimal(18, 8)
    ) as delta_excl_tax,
    remedies.energy_kwh as before_energy_kwh,
    remedies.after_energy_kwh,
    case
        when waiting.seq is not null then 'approval'
        when remedies.after_excl_tax is null then 'amount'
        else 'proposal'
    end as waits_for,
    remedies.is_allowed as is_beyond_limit,
    remedies.limit_excl_tax,
    waiting.seq as proposal_seq,
    waiting.proposed_by
from remedies
inner join outcomes on remedies.cdr_key = outcomes.cdr_key and remedies.revision = outcomes.revision
left join decided on remedies.cdr_key = decided.cdr_key
left join waiting on remedies.cdr_key = waiting.cdr_key and waiting.recency = 1
where decided.cdr_key is null
