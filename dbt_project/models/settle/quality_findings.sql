with

-- What only follows from another finding is counted, but no root: one fault is one fault.
findings as (

    select
        finding_id,
        subject_kind,
        case when subject_kind = 'cdr' then coalesce(cdr_key, subject_id) else subject_id end as subject_id,
        rule_id,
        severity,
        owner,
        status,
        found_at,
        caused_by is null as is_root
    from {{ ref('findings') }}

),

partners as (

    select
        party,
        min(partner) as partner
    from {{ ref('contract_parties') }}
    group by party

),

contracts as (

    select distinct partner
    from {{ ref('contracts') }}

),

-- A path may have been used twice: the first arrival under it was first to be judged.
subjects as (

    select
        subject_kind,
        subject_id,
        min(partner) as partner,
        min(location_id) as location_id,
        min(charged_on) as charged_on,
        min(received_on) as received_on,
        min(received_at) as received_at
    from {{ ref('received_records') }}
    group by subject_kind, subject_id

),

others as (

    select
        'session' as subject_kind,
        sessions.session_key as subject_id,
        coalesce(cpos.partner, emsps.partner) as partner,
        sessions.location_id,
        coalesce(sessions.ended_at, sessions.started_at) as charged_at,
        sessions.received_at
    from {{ ref('sessions') }} as sessions
    left join partners as cpos on sessions.cpo_party = cpos.party
    left join partners as emsps on sessions.emsp_party = emsps.party
    where sessions.is_latest

    union all

    select
        'invoice' as subject_kind,
        invoice_key as subject_id,
        partner,
        cast(null as varchar) as location_id,
        received_at as charged_at,
        received_at
    from {{ ref('invoices') }}
    where is_latest

    union all

    select
        'file' as subject_kind,
        files.source || '/' || files.feed || '/' || files.file_name as subject_id,
        contracts.partner,
        cast(null as varchar) as location_id,
        min(files.received_at) as charged_at,
        min(files.received_at) as received_at
    from {{ ref('files') }} as files
    left join contracts on files.source = contracts.partner
    group by files.source, files.feed, files.file_name, contracts.partner

    union all

    -- A statement never came: what is found about it stands on the day of the finding.
    select
        'statement' as subject_kind,
        statement_id as subject_id,
        partner,
        cast(null as varchar) as location_id,
        cast(null as timestamptz) as charged_at,
        cast(null as timestamptz) as received_at
    from {{ ref('statements') }}

),

day_spans as (

    select
        utc_day_no,
        day,
        starts_at,
        ends_at
    from {{ ref('local_day_spans') }}

),

-- A finding whose subject is gone stands where it was found.
placed as (

    select
        findings.finding_id,
        findings.rule_id,
        findings.severity,
        findings.owner,
        findings.status,
        findings.is_root,
        findings.found_at,
        coalesce(subjects.partner, others.partner, 'unknown') as partner,
        coalesce(subjects.location_id, others.location_id, 'unknown') as location_id,
        subjects.charged_on,
        subjects.received_on,
        coalesce(others.charged_at, findings.found_at) as charged_at,
        coalesce(subjects.received_at, others.received_at, findings.found_at) as received_at
    from findings
    left join subjects on findings.subject_kind = subjects.subject_kind and findings.subject_id = subjects.subject_id
    left join others on findings.subject_kind = others.subject_kind and findings.subject_id = others.subject_id

),

dated as (

    select
        placed.partner,
        placed.location_id,
        placed.rule_id,
        placed.severity,
        placed.owner,
        placed.status,
        placed.is_root,
        coalesce(placed.received_on, receipts.day) as received_on,
        coalesce(
            placed.charged_on, case when charges.day <= receipts.day then charges.day end, receipts.day
        ) as charged_on,
        {{ seconds_between('placed.received_at', 'placed.found_at') }} <= 86400 as is_found_within_a_day
    from placed
    -- Nothing has come outside the calendar.
    inner join day_spans as receipts
        on
            {{ day_number(epoch_microseconds('placed.received_at')) }} = receipts.utc_day_no
            and placed.received_at >= receipts.starts_at
            and placed.received_at < receipts.ends_at
    left join day_spans as charges
        on
            {{ day_number(epoch_microseconds('placed.charged_at')) }} = charges.utc_day_no
            and placed.charged_at >= charges.starts_at
            and placed.charged_at < charges.ends_at

)

select
    partner,
    location_id,
    rule_id,
    severity,
    owner,
    charged_on,
    received_on,
    count(*) as findings,
    count(case when is_root then 1 end) as root_findings,
    count(case when status = 'open' then 1 end) as open_findings,
    count(case when is_found_within_a_day then 1 end) as found_within_a_day
from dated
group by partner, location_id, rule_id, severity, owner, charged_on, received_on
