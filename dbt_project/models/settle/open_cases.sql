with

cases as (

    select
        finding_id as case_id,
        subject_kind,
        subject_id,
        cdr_key,
        gate,
        rule_id,
        reason_code,
        severity,
        owner,
        observed,
        expected,
        found_at as opened_at,
        due_at,
        partner,
        direction,
        period,
        location_id,
        evse_uid,
        connector_id,
        tariff_id,
        file_subject_id,
        is_csv,
        started_at,
        sessions,
        unknown_amounts,
        currency,
        energy_kwh,
        claimed_excl_tax,
        expected_excl_tax,
        amount_at_stake,
        cast(null as varchar) as record_key,
        cast(null as integer) as revision
    from {{ ref('finding_cases') }}

    union all

    select
        finding_id as case_id,
        'record' as subject_kind,
        subject_id,
        cast(null as varchar) as cdr_key,
        gate,
        rule_id,
        reason_code,
        severity,
        owner,
        observed,
        expected,
        found_at as opened_at,
        due_at,
        partner,
        cast(null as varchar) as direction,
        cast(null as varchar) as period,
        cast(null as varchar) as location_id,
        cast(null as varchar) as evse_uid,
        cast(null as varchar) as connector_id,
        cast(null as varchar) as tariff_id,
        file_subject_id,
        false as is_csv,
        cast(null as timestamptz) as started_at,
        case when gate = 'ingest' then 0 else 1 end as sessions,
        case when gate = 'ingest' or claimed_excl_tax is not null then 0 else 1 end as unknown_amounts,
        currency,
        cast(energy_kwh as decimal(38, 8)) as energy_kwh,
        cast(claimed_excl_tax as decimal(38, 8)) as claimed_excl_tax,
        cast(null as decimal(38, 16)) as expected_excl_tax,
        cast(abs(claimed_excl_tax) as decimal(38, 16)) as amount_at_stake,
        cdr_key as record_key,
        revision
    from {{ ref('record_cases') }}

    union all

    -- Finance answers a partner's claim; who it is assigned to looks into it.
    select
        'dispute-' || dispute_id as case_id,
        'dispute' as subject_kind,
        dispute_id as subject_id,
        cdr_key,
        cast(null as varchar) as gate,
        cast(null as varchar) as rule_id,
        reason_code,
        'hold' as severity,
        'finance' as owner,
        state as observed,
        'an outcome' as expected,
        opened_at,
        case when state = 'opened' then acknowledge_due_at end as due_at,
        partner,
        cast(null as varchar) as direction,
        cast(null as varchar) as period,
        cast(null as varchar) as location_id,
        cast(null as varchar) as evse_uid,
        cast(null as varchar) as connector_id,
        cast(null as varchar) as tariff_id,
        cast(null as varchar) as file_subject_id,
        false as is_csv,
        cast(null as timestamptz) as started_at,
        1 as sessions,
        case when disputed_excl_tax is null then 1 else 0 end as unknown_amounts,
        currency,
        cast(null as decimal(38, 8)) as energy_kwh,
        cast(billed_excl_tax as decimal(38, 8)) as claimed_excl_tax,
        cast(null as decimal(38, 16)) as expected_excl_tax,
        cast(abs(disputed_excl_tax) as decimal(38, 16)) as amount_at_stake,
        cast(null as varchar) as record_key,
        cast(null as integer) as revision
    from {{ ref('disputes') }}
    where is_open

),

-- The last proposal about a subject, or about the finding itself, is the one to answer.
proposals as (

    select
        cases.case_id,
        max(open_proposals.seq) as seq
    from cases
    inner join {{ ref('open_proposals') }} as open_proposals
        on cases.subject_kind = open_proposals.subject_kind and cases.subject_id = open_proposals.subject_id
    where open_proposals.rule_id is null or open_proposals.rule_id = cases.rule_id
    group by cases.case_id
    union
    select
        open_proposals.subject_id as case_id,
        max(open_proposals.seq) as seq
    from {{ ref('open_proposals') }} as open_proposals
    where open_proposals.subject_kind = 'finding'
    group by open_proposals.subject_id

),

answerable as (

    select
        case_id,
        max(seq) as proposal_seq
    from proposals
    group by case_id

),

-- What nobody else waits for is a case of its own: a tariff, an alias, terms, the repair of a file.
alone as (

    select
        open_proposals.seq,
        min(open_proposals.proposed_at) as proposed_at,
        min(open_proposals.proposed_by) as proposed_by,
        min(open_proposals.what) as what,
        min(open_proposals.subject_kind) as subject_kind,
        min(open_proposals.subject_id) as subject_id,
        min(open_proposals.reason_code) as reason_code,
        count(*) as subjects,
        min(case when open_proposals.subject_kind = 'partner' then open_proposals.subject_id end) as partner
    from {{ ref('open_proposals') }} as open_proposals
    left join answerable on open_proposals.seq = answerable.proposal_seq
    where answerable.proposal_seq is null
    group by open_proposals.seq

)

select
    cases.case_id,
    cases.subject_kind,
    cases.subject_id,
    cases.cdr_key,
    cases.gate,
    cases.rule_id,
    cases.reason_code,
    cases.severity,
    cases.owner,
    cases.observed,
    cases.expected,
    cases.opened_at,
    cases.due_at,
    cases.partner,
    cases.direction,
    cases.period,
    cases.location_id,
    cases.evse_uid,
    cases.connector_id,
    cases.tariff_id,
    cases.file_subject_id,
    cases.is_csv,
    cases.started_at,
    cases.sessions,
    cases.unknown_amounts,
    cases.currency,
    cases.energy_kwh,
    cases.claimed_excl_tax,
    cases.expected_excl_tax,
    cases.amount_at_stake,
    cases.record_key,
    cases.revision,
    answerable.proposal_seq
from cases
left join answerable on cases.case_id = answerable.case_id

union all

select
    'proposal-' || cast(alone.seq as varchar) as case_id,
    alone.subject_kind,
    alone.subject_id,
    cast(null as varchar) as cdr_key,
    cast(null as varchar) as gate,
    cast(null as varchar) as rule_id,
    alone.reason_code,
    'hold' as severity,
    case
        when alone.what in ('repair', 'tariff') then 'platform'
        when alone.what = 'alias' then 'operations'
        else 'finance'
    end as owner,
    alone.what || ' by ' || alone.proposed_by as observed,
    'the answer of a second person' as expected,
    alone.proposed_at as opened_at,
    cast(null as timestamptz) as due_at,
    alone.partner,
    cast(null as varchar) as direction,
    cast(null as varchar) as period,
    cast(null as varchar) as location_id,
    cast(null as varchar) as evse_uid,
    cast(null as varchar) as connector_id,
    cast(null as varchar) as tariff_id,
    case when alone.subject_kind = 'file' then alone.subject_id end as file_subject_id,
    false as is_csv,
    cast(null as timestamptz) as started_at,
    0 as sessions,
    0 as unknown_amounts,
    cast(null as varchar) as currency,
    cast(null as decimal(38, 8)) as energy_kwh,
    cast(null as decimal(38, 8)) as claimed_excl_tax,
    cast(null as decimal(38, 16)) as expected_excl_tax,
    cast(null as decimal(38, 16)) as amount_at_stake,
    cast(null as varchar) as record_key,
    cast(null as integer) as revision,
    alone.seq as proposal_seq
from alone
