with

-- What explains others is few beside what is found.
causes as (

    select distinct causes.finding_id
    from {{ ref('findings') }} as causes
    inner join {{ ref('findings') }} as effects on causes.finding_id = effects.caused_by
    where causes.status = 'open' and causes.severity in ('hold', 'reject')

),

roots as (

    select
        findings.finding_id,
        findings.subject_kind,
        findings.subject_id,
        findings.cdr_key,
        findings.gate,
        findings.rule_id,
        findings.reason_code,
        findings.severity,
        findings.owner,
        findings.observed,
        findings.expected,
        findings.found_at,
        findings.due_at
    from {{ ref('findings') }} as findings
    left join causes on findings.caused_by = causes.finding_id
    where
        findings.status = 'open'
        and findings.severity in ('hold', 'reject')
        and causes.finding_id is null
        -- An open dispute is a case of its own, with the acts that answer it.
        and findings.rule_id <> 'DISPUTE_INCLUDED'

),

-- Sums are signed; of sessions in several currencies no sum is known. A distinct count would keep all the values of a
-- group, and a million sessions may wait each for itself.
waiting_sums as (

    select
        case_id,
        count(*) as sessions,
        sum(case when coalesce(claimed_excl_tax, expected_excl_tax) is null then 1 else 0 end) as unknown_sessions,
        min(coalesce(currency, '?')) as currency,
        max(coalesce(currency, '?')) as other_currency,
        sum(energy_kwh) as energy_kwh,
        sum(claimed_excl_tax) as claimed_excl_tax,
        sum(expected_excl_tax) as expected_excl_tax,
        sum(abs(coalesce(claimed_excl_tax, expected_excl_tax))) as amount_at_stake
    from {{ ref('waiting_sessions') }}
    group by case_id

),

waiting as (

    select
        case_id,
        sessions,
        unknown_sessions,
        case when currency = other_currency and currency <> '?' then currency end as currency,
        currency = other_currency as is_one_currency,
        energy_kwh,
        claimed_excl_tax,
        expected_excl_tax,
        amount_at_stake
    from waiting_sums

),

cdrs as (

    select
        outcomes.cdr_key,
        outcomes.partner,
        outcomes.direction,
        outcomes.period,
        outcomes.location_id,
        outcomes.evse_uid,
        outcomes.connector_id,
        outcomes.tariff_id,
        outcomes.started_at,
        records.ocpi_version = 'csv' as is_csv,
        records.source || '/cdrs/' || records.file_name as file_subject_id
    from {{ ref('cdr_outcomes') }} as outcomes
    inner join {{ ref('cdrs') }} as records on outcomes.cdr_key = records.cdr_key
    -- Few sessions have a case, and all of them at once do not fit in memory.
    where outcomes.cdr_key in (select roots.cdr_key from roots)

),

-- Who a party is to us; a party belongs to one partner at a time.
partners as (

    select
        party,
        min(partner) as partner
    from {{ ref('contract_parties') }}
    group by party

),

sessions as (

    select
        sessions.session_key,
        coalesce(cpos.partner, emsps.partner) as partner,
        case when cpos.partner is not null then 'payable' else 'receivable' end as direction,
        sessions.location_id,
        sessions.evse_uid,
        sessions.connector_id,
        sessions.started_at,
        sessions.currency,
        sessions.energy_kwh,
        sessions.total_cost_excl_tax
    from {{ ref('sessions') }} as sessions
    left join partners as cpos on sessions.cpo_party = cpos.party
    left join partners as emsps on sessions.emsp_party = emsps.party
    where sessions.is_latest and sessions.session_key in (select roots.subject_id from roots)

),

invoices as (

    select
        invoice_key,
        partner,
        direction,
        currency,
        amount_excl_tax
    from {{ ref('invoices') }}
    where is_latest

),

files as (

    select
        source || '/' || feed || '/' || file_name as subject_id,
        min(source) as source
    from {{ ref('files') }}
    group by source || '/' || feed || '/' || file_name

),

statements as (

    select
        statement_id,
        partner,
        direction,
        period,
        currency,
        energy_kwh,
        amount_excl_tax
    from {{ ref('statements') }}

),

-- How much of an invoice is in question.
doubts as (

    select
        invoice_key,
        rule_id,
        amount_excl_tax
    from {{ ref('invoice_doubts') }}

),

contracts as (

    select distinct partner
    from {{ ref('contracts') }}

)

select
    roots.finding_id,
    roots.subject_kind,
    roots.subject_id,
    roots.cdr_key,
    roots.gate,
    roots.rule_id,
    roots.reason_code,
    roots.severity,
    roots.owner,
    roots.observed,
    roots.expected,
    roots.found_at,
    roots.due_at,
    coalesce(cdrs.partner, sessions.partner, invoices.partner, contracts.partner, statements.partner) as partner,
    coalesce(cdrs.direction, sessions.direction, invoices.direction, statements.direction) as direction,
    coalesce(cdrs.period, statements.period) as period,
    coalesce(cdrs.location_id, sessions.location_id) as location_id,
    coalesce(cdrs.evse_uid, sessions.evse_uid) as evse_uid,
    coalesce(cdrs.connector_id, sessions.connector_id) as connector_id,
    cdrs.tariff_id,
    coalesce(cdrs.file_subject_id, files.subject_id) as file_subject_id,
    coalesce(cdrs.is_csv, false) as is_csv,
    coalesce(cdrs.started_at, sessions.started_at) as started_at,
    cast(
        case when roots.subject_kind = 'session' then 1 else coalesce(waiting.sessions, 0) end as integer
    ) as sessions,
    cast(
        case
            when roots.subject_kind = 'session' and sessions.total_cost_excl_tax is null then 1
            when roots.subject_kind = 'invoice' and doubts.amount_excl_tax is null then 1
            else coalesce(waiting.unknown_sessions, 0)
        end as integer
    ) as unknown_amounts,
    coalesce(
        waiting.currency,
        sessions.currency,
        invoices.currency,
        statements.currency
    ) as currency,
    cast(
        coalesce(waiting.energy_kwh, sessions.energy_kwh, statements.energy_kwh) as decimal(38, 8)
    ) as energy_kwh,
    cast(
        case
            when coalesce(waiting.is_one_currency, true)
                then coalesce(waiting.claimed_excl_tax, invoices.amount_excl_tax)
        end
        as decimal(38, 8)
    ) as claimed_excl_tax,
    cast(
        case
            when coalesce(waiting.is_one_currency, true)
                then coalesce(waiting.expected_excl_tax, sessions.total_cost_excl_tax, statements.amount_excl_tax)
        end as decimal(38, 16)
    ) as expected_excl_tax,
    cast(
        case
            when coalesce(waiting.is_one_currency, true)
                then
                    coalesce(
                        waiting.amount_at_stake,
                        abs(sessions.total_cost_excl_tax),
                        doubts.amount_excl_tax,
                        abs(statements.amount_excl_tax)
                    )
        end as decimal(38, 16)
    ) as amount_at_stake
from roots
left join waiting on roots.finding_id = waiting.case_id
left join cdrs on roots.cdr_key = cdrs.cdr_key
left join sessions on roots.subject_kind = 'session' and roots.subject_id = sessions.session_key
left join invoices on roots.subject_kind = 'invoice' and roots.subject_id = invoices.invoice_key
left join doubts
    on
        roots.subject_kind = 'invoice'
        and roots.subject_id = doubts.invoice_key
        and roots.rule_id = doubts.rule_id
left join files on roots.subject_kind = 'file' and roots.subject_id = files.subject_id
left join contracts on files.source = contracts.partner
left join statements on roots.subject_kind = 'statement' and roots.subject_id = statements.statement_id
-- Of a session that is settled or left out nothing waits; records are record_cases.
where roots.subject_kind <> 'record' and (roots.cdr_key is null or waiting.case_id is not null)
