{{ config(materialized='table') }}

{%- set rule_ids = [
    'PRICE_COMPONENT_DIFF', 'PRICE_COMPONENT_SUM', 'PRICE_STEP_PER_PERIOD', 'PRICE_STEP_TIME_PARKING',
    'PRICE_MIN_MISAPPLIED', 'PRICE_MAX_MISAPPLIED', 'PRICE_ELEMENT_ORDER', 'PRICE_BAND_IN_UTC', 'PRICE_DISCOUNT_DIFF',
    'PRICE_ROUNDING_STAGE', 'TARIFF_CLAIMED_VS_FORCE', 'SESSION_CDR_DIFF', 'CREDIT_AMOUNT_DIFF',
    'RESUBMIT_LIMIT'
] %}
{#- Of these the second number counts, too. -#}
{%- set two_numbers = ['RESUBMIT_LIMIT'] %}

with

work as (

    select cdr_key
    from {{ ref('work') }}

),

terms as (

    select
        cdr_terms.cdr_key,
        cdr_terms.partner,
        cdr_terms.contract_version,
        coalesce(cdr_terms.tolerance_duration_seconds, 60) as duration_seconds
    from {{ ref('cdr_terms') }} as cdr_terms
    inner join work on cdr_terms.cdr_key = work.cdr_key

),

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

defaults as (

    select
        {% for rule_id in rule_ids %}
            max(case when rule_id = '{{ rule_id }}' then tolerance end)
                as {{ rule_id | lower }},
        {% endfor %}
    {% for rule_id in two_numbers %}
        max(case when rule_id = '{{ rule_id }}' then second_tolerance end)
            as {{ rule_id | lower }}_second{{ ',' if not loop.last }}
    {% endfor %}
    from rules

),

agreed as (

    select
        contract_rules.partner,
        contract_rules.contract_version,
        {% for rule_id in rule_ids %}
            max(case when contract_rules.rule_id = '{{ rule_id }}' then contract_rules.tolerance end)
                as {{ rule_id | lower }},
        {% endfor %}
    {% for rule_id in two_numbers %}
        max(case when contract_rules.rule_id = '{{ rule_id }}' then contract_rules.second_tolerance end)
            as {{ rule_id | lower }}_second{{ ',' if not loop.last }}
    {% endfor %}
    from contract_rules
    inner join rules on contract_rules.rule_id = rules.rule_id
    where rules.is_overridable
    group by
        contract_rules.partner,
        contract_rules.contract_version

)

select
    terms.cdr_key,
    {% for rule_id in rule_ids %}
        cast(coalesce(agreed.{{ rule_id | lower }}, defaults.{{ rule_id | lower }}) as decimal(18, 8))
            as {{ rule_id | lower }},
    {% endfor %}
    {% for rule_id in two_numbers %}
        cast(
            coalesce(agreed.{{ rule_id | lower }}_second, defaults.{{ rule_id | lower }}_second) as decimal(18, 8)
        ) as {{ rule_id | lower }}_second,
    {% endfor %}
    cast(terms.duration_seconds as integer) as duration_seconds
from terms
cross join defaults
left join agreed on terms.partner = agreed.partner and terms.contract_version = agreed.contract_version
