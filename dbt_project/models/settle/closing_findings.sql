with

broken as (

    select
        checks.statement_id,
        contexts.partner,
        contexts.contract_version,
        checks.rule_id,
        checks.observed,
        checks.expected,
        {{ sha256_text("'statement|' || checks.statement_id || '|' || checks.rule_id || '|'") }} as finding_id
    from {{ ref('statement_checks') }} as checks
    inner join {{ ref('statement_contexts') }} as contexts on checks.statement_id = contexts.statement_id
    where checks.flag = 0

),

rules as (

    select
        rule_id,
        gate,
        severity,
        owner,
        reason_code,
        tolerance,
        is_overridable
    from {{ ref('rules') }}

),

contract_rules as (

    select
        partner,
        contract_version,
        rule_id,
        severity,
        tolerance
    from {{ ref('contract_rules') }}

),

waivers as (

    select distinct
        subject_id,
        rule_id
    from {{ ref('decisions') }}
    where kind = 'waive' and subject_kind = 'finding'

),

judged as (

    select
        broken.finding_id,
        broken.statement_id,
        rules.gate,
        broken.rule_id,
        rules.reason_code,
        coalesce(contract_rules.severity, rules.severity) as severity,
        rules.owner,
        broken.observed,
        broken.expected,
        coalesce(contract_rules.tolerance, rules.tolerance) as tolerance
    from broken
    inner join rules on broken.rule_id = rules.rule_id
    left join contract_rules
        on
            rules.is_overridable
            and broken.rule_id = contract_rules.rule_id
            and broken.partner = contract_rules.partner
            and broken.contract_version = contract_rules.contract_version

)

select
    judged.finding_id,
    'statement' as subject_kind,
    judged.statement_id as subject_id,
    cast(null as varchar) as cdr_key,
    cast(null as integer) as revision,
    judged.gate,
    judged.rule_id,
    judged.reason_code,
    judged.severity,
    judged.owner,
    -- A document that is wrong in itself is never issued, whoever would let it pass.
    case when waivers.subject_id is null or judged.severity = 'reject' then 'open' else 'waived' end as status,
    case when waivers.subject_id is not null and judged.severity <> 'reject' then 'waiver' end as waived_by,
    judged.observed,
    judged.expected,
    cast(cast(judged.tolerance as decimal(18, 2)) as varchar) as tolerance,
    cast(null as varchar) as caused_by
from judged
left join waivers on judged.finding_id = waivers.subject_id and judged.rule_id = waivers.rule_id
