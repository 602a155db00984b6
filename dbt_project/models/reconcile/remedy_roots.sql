with

rules as (

    select
        rule_id,
        adjust_reason,
        adjust_to
    from {{ ref('rules') }}
    where adjust_to is not null

),

-- A finding that somebody waived is settled as claimed: it needs no remedy any more.
found as (

    select
        finding_id,
        cdr_key,
        revision,
        gate,
        rule_id,
        severity,
        owner,
        caused_by
    from {{ source('inspect', 'gate_findings') }}
    where cdr_key is not null and severity <> 'reject' and coalesce(waived_by, '') <> 'waiver'

    union all

    select
        finding_id,
        cdr_key,
        revision,
        gate,
        rule_id,
        severity,
        owner,
        caused_by
    from {{ source('reconcile', 'gate_findings') }}
    where cdr_key is not null and severity <> 'reject' and coalesce(waived_by, '') <> 'waiver'

),

cdrs as (

    select
        cdr_key,
        revision
    from {{ ref('cdrs') }}
    where not coalesce(is_credit, false)

),

terms as (

    select
        cdr_key,
        partner,
        contract_version
    from {{ ref('cdr_terms') }}

),

allowed as (

    select
        partner,
        contract_version,
        rule_id,
        limit_excl_tax
    from {{ ref('contract_remedies') }}

),

repairs as (

    select
        cdr_key,
        rule_id,
        energy_kwh
    from {{ ref('energy_repairs') }}

),

remediable as (

    select
        found.finding_id,
        found.cdr_key,
        found.revision,
        found.gate,
        found.rule_id,
        found.severity,
        found.owner,
        found.caused_by,
        rules.adjust_reason,
        rules.adjust_to,
        terms.contract_version,
        allowed.rule_id is not null as is_allowed,
        allowed.limit_excl_tax,
        repairs.energy_kwh as repaired_kwh
    from found
    inner join cdrs on found.cdr_key = cdrs.cdr_key and found.revision = cdrs.revision
    inner join rules on found.rule_id = rules.rule_id
    inner join terms on found.cdr_key = terms.cdr_key
    left join allowed
        on
            terms.partner = allowed.partner
            and terms.contract_version = allowed.contract_version
            and found.rule_id = allowed.rule_id
    left join repairs on found.cdr_key = repairs.cdr_key and found.rule_id = repairs.rule_id
    -- A warning holds nothing back: its remedy waits for nobody.
    where found.severity = 'hold' or allowed.rule_id is not null

)

select
    remediable.finding_id,
    remediable.cdr_key,
    remediable.revision,
    remediable.gate,
    remediable.rule_id,
    remediable.owner,
    remediable.adjust_reason,
    remediable.adjust_to,
    remediable.contract_version,
    remediable.is_allowed,
    remediable.limit_excl_tax,
    remediable.repaired_kwh,
    cast(
        row_number() over (
            partition by remediable.cdr_key
            order by remediable.gate asc, remediable.rule_id asc
        ) as integer
    ) as root_no
from remediable
-- The remedy of a root is the remedy of what it caused.
left join remediable as causes on remediable.caused_by = causes.finding_id
where causes.finding_id is null
