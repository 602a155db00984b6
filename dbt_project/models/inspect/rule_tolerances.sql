{%- set rule_ids = [
    'AUTH_TOKEN_BLOCKED', 'CDR_SLOW_DELIVERY', 'CREDIT_NOT_REPLACED', 'CREDIT_NO_ORIGINAL', 'DUP_NEAR',
    'ENERGY_ABS_LIMIT', 'ENERGY_CUMULATIVE_PERIODS', 'ENERGY_NO_CHARGE_TIME', 'ENERGY_OVER_CONNECTOR',
    'ENERGY_PERIOD_POWER', 'ENERGY_PERIOD_SUM', 'ENERGY_UNIT_TOO_SMALL', 'ENERGY_UNIT_WH', 'ENERGY_ZERO_WITH_FEE',
    'LOC_NOT_IN_SERVICE', 'METER_REGISTER_BACKWARD', 'METER_REGISTER_DIFF', 'METER_REGISTER_GAP',
    'OUTCOME_FAILED_BILLED', 'OUTCOME_NOT_FINAL', 'OUTCOME_UNPRICED', 'OVERLAP_CONNECTOR', 'OVERLAP_TOKEN',
    'PARKING_EVSE_PAUSED', 'PARKING_OVER_TOTAL', 'SESSION_MISSING', 'SESSION_OVER_MAX_HOURS', 'SESSION_TOO_SHORT',
    'TAX_ARITHMETIC', 'TIME_CLOCK_DRIFT', 'TIME_FUTURE', 'TIME_LOCAL_AS_UTC', 'TIME_PERIOD_HOLE',
    'TIME_TOTAL_MISMATCH'
] -%}
{#- Of these the second number counts, too. -#}
{%- set two_numbers = ['DUP_NEAR'] -%}
with

rules as (

    select
        rule_id,
        tolerance,
        second_tolerance,
        is_overridable
    from {{ ref('rules') }}

),

contract_rules as (

    select
        partner,
        contract_version,
        rule_id,
        tolerance,
        second_tolerance
    from {{ ref('contract_rules') }}

),

contracts as (

    select
        partner,
        contract_version
    from {{ ref('contracts') }}

),

-- The row of empty names is for sessions without a contract.
holders as (

    select
        '' as partner,
        '' as contract_version
    union
    select
        partner,
        contract_version
    from contracts

),

in_effect as (

    select
        holders.partner,
        holders.contract_version,
        rules.rule_id,
        coalesce(contract_rules.tolerance, rules.tolerance) as tolerance,
        coalesce(contract_rules.second_tolerance, rules.second_tolerance) as second_tolerance
    from holders
    cross join rules
    left join contract_rules
        on
            holders.partner = contract_rules.partner
            and holders.contract_version = contract_rules.contract_version
            and rules.rule_id = contract_rules.rule_id
            and rules.is_overridable

)

select
    holders.partner,
    holders.contract_version,
    {%- for rule_id in rule_ids %}
        max(case when in_effect.rule_id = '{{ rule_id }}' then in_effect.tolerance end)
            as {{ rule_id | lower }},
    {%- endfor %}
{%- for rule_id in two_numbers %}
    max(case when in_effect.rule_id = '{{ rule_id }}' then in_effect.second_tolerance end)
        as {{ rule_id | lower }}_second{{ ',' if not loop.last }}
{%- endfor %}
from holders
left join in_effect
    on holders.partner = in_effect.partner and holders.contract_version = in_effect.contract_version
group by
    holders.partner,
    holders.contract_version
