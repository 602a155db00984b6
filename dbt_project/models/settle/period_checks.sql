with

contexts as (

    select *
    from {{ ref('statement_contexts') }}

),

contract_rules as (

    select
        partner,
        contract_version,
        rule_id,
        tolerance
    from {{ ref('contract_rules') }}

),

rules as (

    select
        rule_id,
        tolerance,
        is_overridable
    from {{ ref('rules') }}

),

measured as (

    select
        contexts.*,
        coalesce(contract_rules.tolerance, rules.tolerance) as held_percent
    from contexts
    left join rules on rules.rule_id = 'PERIOD_OPEN_HOLDS'
    left join contract_rules
        on
            rules.is_overridable
            and rules.rule_id = contract_rules.rule_id
            and contexts.partner = contract_rules.partner
            and contexts.contract_version = contract_rules.contract_version

),

checks as (

    select
        statement_id,
        'NET_BELOW_MINIMUM' as rule_id,
        case
            when not is_first_of_settlement or coalesce(minimum_amount, 0) = 0 then null
            when settled_amount <> 0 and abs(settled_amount) < minimum_amount then 0
            else 1
        end as flag,
        {{ money_text('settled_amount') }}
        || case when carried_in <> 0 then ', of it ' || {{ money_text('carried_in') }} || ' carried here' else '' end
        || case
            when carried_out <> 0 then ': carried on, ' || cast(periods_carried as varchar) || ' of 3 periods'
            else ': paid all the same'
        end as observed,
        'at least ' || {{ money_text('minimum_amount') }} as expected
    from measured

    union all

    -- Below zero it takes back what was billed before, as a credit note; else there is nothing that it could be.
    select
        statement_id,
        'NET_NEGATIVE' as rule_id,
        case when amount < 0 and statements_corrected = 0 then 0 else 1 end as flag,
        {{ money_text('amount') }} || ', and it corrects no sealed statement' as observed,
        'an amount above zero, or a credit note to what was billed' as expected
    from measured

    union all

    select
        statement_id,
        'PERIOD_OPEN_HOLDS' as rule_id,
        case
            when adjustment_no <> 0 or not is_cut_off then null
            when held_excl_tax * 100 > held_percent * abs(amount_excl_tax) then 0
            else 1
        end as flag,
        {{ money_text('held_excl_tax') }} || ' held (sessions: ' || cast(sessions_held as varchar)
        || case
            when sessions_held_unknown > 0 then ', of unknown amount: ' || cast(sessions_held_unknown as varchar)
            else ''
        end
        || ') beside ' || {{ money_text('amount_excl_tax') }} || ' net' as observed,
        'at most ' || cast(cast(held_percent as decimal(18, 2)) as varchar) || ' % of net, once it is cut off'
            as expected
    from measured

)

select
    statement_id,
    rule_id,
    cast(flag as smallint) as flag,
    observed,
    expected
from checks
