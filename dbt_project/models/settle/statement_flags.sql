{%- set rules = [
    'NET_BELOW_MINIMUM', 'NET_NEGATIVE', 'PERIOD_OPEN_HOLDS', 'DOC_ARITHMETIC', 'TERMS_FEE_DIFF',
    'DOC_CREDIT_UNLINKED', 'DOC_ISSUE_DEADLINE', 'DOC_TRACE_MISSING', 'CAP_EXCEEDED'
] -%}
with

contexts as (

    select
        statement_id,
        partner,
        contract_version
    from {{ ref('statement_contexts') }}

),

checks as (

    select
        statement_id,
        rule_id,
        flag,
        observed,
        expected
    from {{ ref('statement_checks') }}

)

select
    contexts.statement_id,
    contexts.partner,
    {% for rule_id in rules %}
        max(case when checks.rule_id = '{{ rule_id }}' then checks.flag end) as {{ rule_id | lower }},
        max(case when checks.rule_id = '{{ rule_id }}' then checks.observed end) as {{ rule_id | lower }}_observed,
        max(case when checks.rule_id = '{{ rule_id }}' then checks.expected end) as {{ rule_id | lower }}_expected,
    {% endfor %}
    contexts.contract_version
from contexts
inner join checks on contexts.statement_id = checks.statement_id
group by contexts.statement_id, contexts.partner, contexts.contract_version
