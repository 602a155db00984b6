with

-- A path may have been used twice with other bytes: the later one is meant.
records as (

    select
        record_id,
        source,
        feed,
        source || '/' || feed || '/' || file_name as file_subject_id,
        {{ record_subject("source || '/' || feed || '/' || file_name", 'position') }} as subject_id,
        disposition,
        reason,
        cdr_key,
        revision,
        received_at,
        row_number() over (
            partition by source, feed, file_name, position
            order by record_id desc
        ) as recency
    from {{ ref('record_dispositions') }}
    where disposition in ('quarantined', 'superseded')

),

-- Sent again and accepted: the spoiled one waits for nobody.
accepted as (

    select cdr_key
    from {{ ref('cdr_outcomes') }}

),

found as (

    select
        findings.finding_id,
        findings.subject_id,
        findings.gate,
        findings.rule_id,
        findings.reason_code,
        findings.severity,
        findings.owner,
        findings.observed,
        findings.expected,
        findings.found_at,
        findings.due_at,
        causes.finding_id is null as is_root
    from {{ ref('findings') }} as findings
    left join {{ ref('findings') }} as causes
        on
            findings.caused_by = causes.finding_id
            and causes.status = 'open'
            and causes.severity in ('hold', 'reject')
    where
        findings.status = 'open'
        and findings.severity in ('hold', 'reject')
        and findings.subject_kind = 'record'

),

judged as (

    select distinct subject_id
    from {{ ref('findings') }}
    where subject_kind = 'record'

),

fates as (

    select
        record_id,
        currency,
        energy_kwh,
        claimed_excl_tax
    from {{ ref('record_fates') }}

),

revisions as (

    select
        record_id,
        lower(cpo_party) as cpo_key,
        lower(emsp_party) as emsp_key
    from {{ ref('cdr_revisions') }}

),

partners as (

    select
        lower(party) as party_key,
        min(partner) as partner
    from {{ ref('contract_parties') }}
    group by lower(party)

),

contracts as (

    select distinct partner
    from {{ ref('contracts') }}

),

-- Which field of a record cannot be read, and why.
unread as (

    select
        record_id,
        problem
    from {{ ref('records') }}
    where problem is not null and feed <> 'cdrs'

),

cases as (

    select
        records.record_id,
        records.subject_id,
        records.file_subject_id,
        records.source,
        records.cdr_key,
        records.revision,
        found.finding_id,
        found.gate,
        found.rule_id,
        found.reason_code,
        found.severity,
        found.owner,
        found.observed,
        found.expected,
        found.found_at,
        found.due_at
    from found
    inner join records on found.subject_id = records.subject_id and records.recency = 1
    left join accepted on records.cdr_key = accepted.cdr_key and records.disposition = 'quarantined'
    where found.is_root and accepted.cdr_key is null

    union all

    -- Records of other feeds are read, not judged: what cannot be read has no finding.
    select
        records.record_id,
        records.subject_id,
        records.file_subject_id,
        records.source,
        cast(null as varchar) as cdr_key,
        cast(null as integer) as revision,
        {{ sha256_text("'record|' || records.subject_id") }} as finding_id,
        'ingest' as gate,
        coalesce(records.reason, 'SCHEMA_TYPE_INVALID') as rule_id,
        coalesce(records.reason, 'SCHEMA_TYPE_INVALID') as reason_code,
        'reject' as severity,
        'platform' as owner,
        unread.problem as observed,
        cast(null as varchar) as expected,
        records.received_at as found_at,
        cast(null as timestamptz) as due_at
    from records
    left join unread on records.record_id = unread.record_id
    left join judged on records.subject_id = judged.subject_id
    where records.disposition = 'quarantined' and records.recency = 1 and judged.subject_id is null

)

select
    cases.finding_id,
    cases.subject_id,
    cases.file_subject_id,
    cases.cdr_key,
    cases.revision,
    cases.gate,
    cases.rule_id,
    cases.reason_code,
    cases.severity,
    cases.owner,
    cases.observed,
    cases.expected,
    cases.found_at,
    cases.due_at,
    coalesce(cpos.partner, emsps.partner, contracts.partner) as partner,
    case when fates.currency <> 'unknown' then fates.currency end as currency,
    fates.energy_kwh,
    fates.claimed_excl_tax
from cases
left join fates on cases.record_id = fates.record_id
left join revisions on cases.record_id = revisions.record_id
left join partners as cpos on revisions.cpo_key = cpos.party_key
left join partners as emsps on revisions.emsp_key = emsps.party_key
left join contracts on cases.source = contracts.partner
