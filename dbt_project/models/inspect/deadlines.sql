{{ config(materialized='incremental', incremental_strategy='replace_work') }}

with

work as (

    select cdr_key
    from {{ ref('work') }}

),

cdrs as (

    select
        cdrs.cdr_key,
        lower(cdrs.cpo_party) as cpo_key,
        lower(cdrs.cpo_party) || '|' || lower(cdrs.session_id) as session_key,
        coalesce(cdrs.is_credit, false) as is_credit,
        cdrs.credit_reference_id,
        cdrs.credit_of,
        cdrs.received_at,
        coalesce(cdrs.last_updated, cdrs.received_at) as sent_at,
        cdrs.ended_at,
        coalesce(cdrs.ended_at, cdrs.started_at) as over_at,
        coalesce(case when terms.contract_version is not null then terms.partner end, '') as partner,
        coalesce(terms.contract_version, '') as contract_version
    from {{ ref('cdrs') }} as cdrs
    inner join work on cdrs.cdr_key = work.cdr_key
    inner join {{ ref('cdr_terms') }} as terms on cdrs.cdr_key = terms.cdr_key

),

tolerances as (

    select
        partner,
        contract_version,
        outcome_not_final,
        session_missing,
        credit_no_original,
        credit_not_replaced
    from {{ ref('rule_tolerances') }}

),

evidence as (

    select
        cdr_key,
        upper(session_status) in ('ACTIVE', 'PENDING') as is_open
    from {{ ref('cdr_evidence') }}

),

sessions as (

    select
        session_key,
        lower(cpo_party) as cpo_key
    from {{ ref('sessions') }}
    where is_latest

),

-- Whoever ever told of a session runs that module.
senders as (

    select distinct cpo_key
    from sessions
    where cpo_key is not null

),

unknown_sessions as (

    select cdrs.cdr_key
    from cdrs
    inner join senders on cdrs.cpo_key = senders.cpo_key
    left join sessions on cdrs.session_key = sessions.session_key
    where cdrs.session_key is not null and not cdrs.is_credit and sessions.session_key is null

),

waits as (

    select
        cdrs.cdr_key,
        'OUTCOME_NOT_FINAL' as rule_id,
        {{ add_seconds('cdrs.ended_at', 'tolerances.outcome_not_final * 3600') }} as ends_at
    from cdrs
    inner join evidence on cdrs.cdr_key = evidence.cdr_key
    inner join tolerances
        on cdrs.partner = tolerances.partner and cdrs.contract_version = tolerances.contract_version
    where evidence.is_open and not cdrs.is_credit
    union all
    select
        cdrs.cdr_key,
        'SESSION_MISSING' as rule_id,
        {{ add_seconds('cdrs.over_at', 'tolerances.session_missing * 3600') }} as ends_at
    from cdrs
    inner join unknown_sessions on cdrs.cdr_key = unknown_sessions.cdr_key
    inner join tolerances
        on cdrs.partner = tolerances.partner and cdrs.contract_version = tolerances.contract_version
    union all
    select
        cdrs.cdr_key,
        'CREDIT_NO_ORIGINAL' as rule_id,
        {{ add_seconds('cdrs.received_at', 'tolerances.credit_no_original * 86400') }} as ends_at
    from cdrs
    inner join tolerances
        on cdrs.partner = tolerances.partner and cdrs.contract_version = tolerances.contract_version
    where cdrs.is_credit and cdrs.credit_reference_id is not null and cdrs.credit_of is null
    union all
    select
        cdrs.cdr_key,
        'CREDIT_NOT_REPLACED' as rule_id,
        {{ add_seconds('cdrs.sent_at', 'tolerances.credit_not_replaced * 86400') }} as ends_at
    from cdrs
    inner join tolerances
        on cdrs.partner = tolerances.partner and cdrs.contract_version = tolerances.contract_version
    where cdrs.is_credit and cdrs.credit_of is not null

)

select
    cdr_key,
    rule_id,
    ends_at
from waits
where ends_at is not null
