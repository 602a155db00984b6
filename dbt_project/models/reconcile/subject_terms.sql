{{ config(materialized='table') }}

with

-- Who a party is to us; a party belongs to one partner at a time.
partners as (

    select
        party,
        min(partner) as partner
    from {{ ref('contract_parties') }}
    group by party

),

local_days as (

    select
        day,
        starts_at
    from {{ ref('local_days') }}

),

-- A contract begins at midnight of the network's zone; beyond the calendar, at midnight UTC.
contract_spans as (

    select
        contracts.partner,
        contracts.contract_version,
        contracts.valid_from,
        contracts.valid_to,
        coalesce(first_days.starts_at, cast(contracts.valid_from as timestamptz)) as starts_at,
        coalesce(last_days.starts_at, cast(contracts.valid_to as timestamptz)) as ends_at
    from {{ ref('contracts') }} as contracts
    left join local_days as first_days on contracts.valid_from = first_days.day
    left join local_days as last_days on contracts.valid_to = last_days.day

),

sessions as (

    select
        sessions.session_key,
        sessions.started_at,
        coalesce(cpos.partner, emsps.partner) as partner
    from {{ ref('sessions') }} as sessions
    left join partners as cpos on sessions.cpo_party = cpos.party
    left join partners as emsps on sessions.emsp_party = emsps.party
    where sessions.is_latest

),

invoices as (

    select
        invoice_key,
        partner,
        period_from
    from {{ ref('invoices') }}
    where is_latest

),

subjects as (

    select
        'session' as subject_kind,
        sessions.session_key as subject_key,
        'CDR_MISSING' as rule_id,
        sessions.partner,
        contract_spans.contract_version
    from sessions
    left join contract_spans
        on
            sessions.partner = contract_spans.partner
            and sessions.started_at >= contract_spans.starts_at
            and (contract_spans.ends_at is null or sessions.started_at < contract_spans.ends_at)
    union all
    select
        'invoice' as subject_kind,
        invoices.invoice_key as subject_key,
        'VOLUME_INVOICE_DIFF' as rule_id,
        invoices.partner,
        contract_spans.contract_version
    from invoices
    left join contract_spans
        on
            invoices.partner = contract_spans.partner
            and invoices.period_from >= contract_spans.valid_from
            and (contract_spans.valid_to is null or invoices.period_from < contract_spans.valid_to)

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

)

select
    subjects.subject_kind,
    subjects.subject_key,
    subjects.partner,
    subjects.contract_version,
    coalesce(contract_rules.tolerance, rules.tolerance) as tolerance,
    coalesce(contract_rules.second_tolerance, rules.second_tolerance) as second_tolerance
from subjects
inner join rules on subjects.rule_id = rules.rule_id
left join contract_rules
    on
        rules.is_overridable
        and subjects.rule_id = contract_rules.rule_id
        and subjects.partner = contract_rules.partner
        and subjects.contract_version = contract_rules.contract_version
