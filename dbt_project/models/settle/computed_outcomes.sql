with

work as (

    select cdr_key
    from {{ ref('outcome_work') }}

),

cdrs as (

    select
        cdrs.cdr_key,
        cdrs.record_id,
        cdrs.revision,
        cdrs.cpo_party,
        cdrs.emsp_party,
        cdrs.party_source,
        cdrs.cdr_id,
        cdrs.is_credit,
        cdrs.credit_of,
        cdrs.partner,
        cdrs.direction,
        cdrs.started_at,
        cdrs.ended_at,
        cdrs.location_id,
        cdrs.evse_uid,
        cdrs.connector_id,
        cdrs.energy_kwh,
        cdrs.currency
    from {{ ref('cdrs') }} as cdrs
    inner join work on cdrs.cdr_key = work.cdr_key

),

taxes as (

    select
        cdr_key,
        rate_percent
    from {{ ref('cdr_taxes_due') }}

),

periods as (

    select
        cdr_key,
        service_period,
        billing_period,
        arrival_period,
        cleared_at
    from {{ ref('cdr_periods') }}

),

prices as (

    select
        cdr_key,
        claimed_excl_tax,
        claimed_incl_tax,
        rated_excl_tax,
        rated_incl_tax,
        discount_excl_tax,
        expected_excl_tax
    from {{ ref('expected_prices') }}

),

tariffs as (

    select
        in_force.cdr_key,
        in_force.tariff_id,
        in_force.tariff_version,
        row_number() over (
            partition by in_force.cdr_key order by in_force.tariff_index asc, in_force.tariff_id asc
        ) as tariff_order
    from {{ ref('tariffs_in_force') }} as in_force
    inner join work on in_force.cdr_key = work.cdr_key

),

exchanges as (

    select
        cdr_key,
        to_currency,
        fx_numerator
    from {{ ref('fx_applied') }}

),

-- A gate that has not judged the counting revision counts as no pass.
passes as (

    select
        judged.cdr_key,
        judged.revision,
        count(distinct case when judged.verdict = 'pass' then judged.gate end) as gates_passed,
        max(case when judged.verdict = 'reject' then 1 else 0 end) as is_rejected
    from {{ ref('verdicts') }} as judged
    inner join work on judged.cdr_key = work.cdr_key
    group by judged.cdr_key, judged.revision

),

exclusions as (

    select cdr_key
    from {{ ref('amount_decisions') }}
    where kind = 'exclude'

),

-- Of a decision, or of a remedy that the contract allows by itself.
adjustments as (

    select
        cdr_key,
        settled_by,
        rule_id,
        reason_code,
        amount_excl_tax,
        energy_kwh,
        started_at,
        ended_at,
        contract_version,
        decision_seq,
        decided_by,
        approved_by,
        note
    from {{ ref('decided_amounts') }}

),

alone as (

    select
        cdrs.cdr_key,
        adjustments.amount_excl_tax as adjusted_excl_tax,
        adjustments.settled_by as adjusted_by,
        case
            when exclusions.cdr_key is not null or passes.is_rejected = 1 then 'excluded'
            when passes.gates_passed is null or passes.gates_passed < 3 then 'held'
            when periods.billing_period is null or cdrs.currency is null or cdrs.direction is null then 'held'
            when cdrs.direction <> 'internal' and cdrs.partner is null then 'held'
            when cdrs.direction <> 'internal' and exchanges.cdr_key is not null and exchanges.fx_numerator is null
                then 'held'
            when adjustments.amount_excl_tax is not null then 'adjusted'
            -- Neither a claim nor a price: unknown money is never zero money.
            when prices.claimed_excl_tax is null and prices.expected_excl_tax is null then 'held'
            else 'valid'
        end as state
    from cdrs
    left join periods on cdrs.cdr_key = periods.cdr_key
    left join prices on cdrs.cdr_key = prices.cdr_key
    left join passes on cdrs.cdr_key = passes.cdr_key and cdrs.revision = passes.revision
    left join exclusions on cdrs.cdr_key = exclusions.cdr_key
    left join exchanges on cdrs.cdr_key = exchanges.cdr_key
    left join adjustments on cdrs.cdr_key = adjustments.cdr_key

),

credited as (

    select
        pairs.cdr_key,
        pairs.original_key,
        credits.state as credit_state
    from {{ ref('credit_pairs') }} as pairs
    inner join alone as credits on pairs.cdr_key = credits.cdr_key
    -- A credit of what is billed is a line of its own; it takes nothing off a sealed statement.
    where pairs.is_standing and pairs.credit_no = 1 and not pairs.is_original_billed

),

decided as (

    select
        alone.cdr_key,
        alone.adjusted_excl_tax,
        alone.adjusted_by,
        case
            when alone.state = 'excluded' then 'excluded'
            when taken_back.credit_state in ('valid', 'adjusted') then 'credited'
            -- A credit that is held, or whose size or party is in doubt, holds what it would take back.
            when taken_back.credit_state = 'held' then 'held'
            when taking_back.credit_state in ('valid', 'adjusted') then 'credited'
            else alone.state
        end as state
    from alone
    left join credited as taken_back on alone.cdr_key = taken_back.original_key
    left join credited as taking_back on alone.cdr_key = taking_back.cdr_key

),

settled as (

    select
        decided.cdr_key,
        decided.state,
        case
            when decided.state = 'adjusted' then decided.adjusted_by
            when decided.state = 'valid' and prices.claimed_excl_tax is not null then 'claim'
            when decided.state = 'valid' then 'expected'
        end as settled_by,
        cast(
            case
                when decided.state = 'adjusted' then decided.adjusted_excl_tax
                when decided.state = 'valid' then coalesce(prices.claimed_excl_tax, prices.expected_excl_tax)
                else 0
            end as decimal(38, 16)
        ) as settled_excl_tax
    from decided
    left join prices on decided.cdr_key = prices.cdr_key

)

select
    cdrs.cdr_key,
    cdrs.cpo_party,
    cdrs.emsp_party,
    cdrs.party_source,
    cdrs.cdr_id,
    cdrs.credit_of,
    cdrs.revision,
    cdrs.partner,
    cdrs.direction,
    settled.state,
    periods.service_period,
    case when settled.state in ('valid', 'adjusted') then periods.billing_period else periods.arrival_period end
        as period,
    cdrs.started_at,
    cdrs.ended_at,
    cdrs.location_id,
    cdrs.evse_uid,
    cdrs.connector_id,
    cdrs.energy_kwh,
    cdrs.currency,
    tariffs.tariff_id,
    tariffs.tariff_version,
    prices.claimed_excl_tax,
    prices.claimed_incl_tax,
    prices.rated_excl_tax,
    prices.rated_incl_tax,
    prices.expected_excl_tax,
    settled.settled_excl_tax,
    -- Net plus document tax, once that is decided; never the claimed gross.
    cast(
        settled.settled_excl_tax + {{ decimal_division('settled.settled_excl_tax * taxes.rate_percent', '100') }}
        as decimal(38, 16)
    ) as settled_incl_tax,
    cdrs.record_id,
    coalesce(cdrs.is_credit, false) as is_credit,
    prices.discount_excl_tax,
    settled.settled_by,
    -- Of what is not billed it would be this run's clock, and change with every run.
    case when settled.state in ('valid', 'adjusted') then periods.cleared_at end as cleared_at,
    case
        when settled.state in ('valid', 'adjusted') and cdrs.direction in ('receivable', 'payable')
            then
                periods.billing_period || '-' || cdrs.partner || '-'
                || case when cdrs.direction = 'receivable' then 'R' else 'P' end || '-'
                || coalesce(exchanges.to_currency, cdrs.currency)
    end as statement_id,
    case when settled.state in ('valid', 'adjusted') then coalesce(adjustments.energy_kwh, cdrs.energy_kwh) end
        as settled_energy_kwh,
    case when settled.state in ('valid', 'adjusted') then coalesce(adjustments.started_at, cdrs.started_at) end
        as settled_started_at,
    case when settled.state in ('valid', 'adjusted') then coalesce(adjustments.ended_at, cdrs.ended_at) end
        as settled_ended_at,
    adjustments.rule_id as adjustment_rule_id,
    adjustments.reason_code as adjustment_reason,
    adjustments.contract_version as adjustment_version,
    adjustments.decision_seq as adjustment_seq,
    adjustments.decided_by as adjustment_decided_by,
    adjustments.approved_by as adjustment_approved_by,
    adjustments.note as adjustment_note
from cdrs
inner join settled on cdrs.cdr_key = settled.cdr_key
left join periods on cdrs.cdr_key = periods.cdr_key
left join prices on cdrs.cdr_key = prices.cdr_key
left join tariffs on cdrs.cdr_key = tariffs.cdr_key and tariffs.tariff_order = 1
left join exchanges on cdrs.cdr_key = exchanges.cdr_key
left join adjustments on settled.cdr_key = adjustments.cdr_key and settled.state = 'adjusted'
left join taxes on cdrs.cdr_key = taxes.cdr_key
