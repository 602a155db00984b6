{#- What a line of a statement shows; an approval is of these and no others. -#}
{%- set shown = [
    'lines.line_no', 'lines.kind', 'outcomes.cdr_id', 'outcomes.emsp_party', 'outcomes.cpo_party',
    epoch_microseconds('outcomes.started_at'), epoch_microseconds('outcomes.ended_at'), 'outcomes.location_id',
    'outcomes.evse_uid', 'outcomes.connector_id', 'outcomes.tariff_id', 'outcomes.state', 'lines.energy_kwh',
    'outcomes.claimed_excl_tax', 'outcomes.rated_excl_tax', 'outcomes.discount_excl_tax',
    'outcomes.expected_excl_tax', 'lines.amount_excl_tax', 'lines.tax', 'lines.amount_incl_tax', 'lines.currency',
    "coalesce(lines.corrects, '') || coalesce(chr(31) || lines.session_currency || chr(31) || "
    ~ "cast(lines.session_excl_tax as varchar) || chr(31) || cast(lines.fx_rate as varchar) || chr(31) || "
    ~ "cast(lines.fx_rate_on as varchar) || chr(31) || lines.fx_source, '') || coalesce(chr(31) || lines.term || "
    ~ "chr(31) || lines.contract_version || chr(31) || cast(lines.quantity as varchar), '')", 'lines.own_party'
] -%}
with

lines as (

    select
        statement_id,
        own_party,
        line_no,
        kind,
        cdr_key,
        currency,
        energy_kwh,
        amount_excl_tax,
        tax,
        amount_incl_tax,
        corrects,
        session_currency,
        session_excl_tax,
        fx_source,
        fx_rate_on,
        fx_rate,
        term,
        contract_version,
        quantity
    from {{ ref('statement_lines') }}

),

outcomes as (

    select
        statement_id,
        cdr_key,
        cdr_id,
        emsp_party,
        cpo_party,
        partner,
        period,
        direction,
        currency,
        state,
        started_at,
        ended_at,
        location_id,
        evse_uid,
        connector_id,
        tariff_id,
        claimed_excl_tax,
        rated_excl_tax,
        discount_excl_tax,
        expected_excl_tax
    from {{ ref('cdr_outcomes') }}
    where statement_id is not null

),

sealed as (

    select
        statement_id,
        partner,
        period,
        direction,
        currency,
        sessions,
        energy_kwh,
        amount_excl_tax,
        tax,
        amount_incl_tax,
        sessions_unknown_energy,
        content_sha256,
        adjustment_no
    from {{ ref('sealed_statements') }}

),

-- The last word on a period: its drafts are approved, or were put back.
approvals as (

    select
        subject_id,
        value as approved_sha256
    from {{ ref('decisions') }}
    where kind = 'period' and subject_kind = 'period'

),

open_lines as (

    select
        lines.statement_id,
        lines.own_party,
        lines.line_no,
        lines.kind,
        lines.cdr_key,
        lines.currency,
        lines.energy_kwh,
        lines.amount_excl_tax,
        lines.tax,
        lines.amount_incl_tax,
        lines.corrects,
        lines.session_currency,
        lines.session_excl_tax,
        lines.fx_source,
        lines.fx_rate_on,
        lines.fx_rate,
        lines.term,
        lines.contract_version,
        lines.quantity
    from lines
    left join sealed on lines.statement_id = sealed.statement_id
    where sealed.statement_id is null

),

heads as (

    select
        outcomes.statement_id,
        outcomes.partner,
        outcomes.period,
        outcomes.direction,
        open_lines.currency,
        0 as adjustment_no
    from outcomes
    inner join open_lines on outcomes.cdr_key = open_lines.cdr_key and outcomes.statement_id = open_lines.statement_id
    group by
        outcomes.statement_id, outcomes.partner, outcomes.period, outcomes.direction, open_lines.currency

    union all

    select distinct
        statement_id,
        partner,
        period,
        direction,
        currency,
        adjustment_no
    from {{ ref('correction_lines') }}

),

line_texts as (

    select
        lines.statement_id,
        lines.line_no,
        {%- set texts = [] -%}
        {%- for value in shown -%}{%- do texts.append("coalesce(cast(" ~ value ~ " as varchar), '')") -%}{%- endfor %}
        {{ sha256_text("concat(" ~ texts | join(", chr(31), ") ~ ")") }} as line_sha256
    from open_lines as lines
    left join outcomes on lines.cdr_key = outcomes.cdr_key

),

contents as (

    select
        statement_id,
        {{ sha256_text("statement_id || " ~ ordered_text('line_sha256', 'line_no')) }} as content_sha256
    from line_texts
    group by statement_id

),

totals as (

    select
        statement_id,
        sum(case when kind = 'session' then 1 else 0 end) as sessions,
        sum(case when kind = 'session' and energy_kwh is null then 1 else 0 end) as sessions_unknown_energy,
        sum(energy_kwh) as energy_kwh,
        sum(amount_excl_tax) as amount_excl_tax,
        -- Undecided on one line is undecided on the document: unknown, not zero.
        case when count(*) = count(tax) then sum(tax) end as tax
    from open_lines
    group by statement_id

),

drafts as (

    select
        totals.statement_id,
        heads.partner,
        heads.period,
        heads.direction,
        heads.currency,
        heads.adjustment_no,
        totals.sessions,
        totals.energy_kwh,
        totals.amount_excl_tax,
        totals.tax,
        totals.sessions_unknown_energy,
        contents.content_sha256
    from totals
    inner join heads on totals.statement_id = heads.statement_id
    inner join contents on totals.statement_id = contents.statement_id

),

-- One approval is of all drafts of a period and partner together.
together as (

    select
        partner,
        period,
        {{ sha256_text(ordered_text("statement_id || content_sha256", 'statement_id')) }} as period_sha256
    from drafts
    group by partner, period

)

select
    statement_id,
    partner,
    period,
    direction,
    currency,
    'sealed' as status,
    sessions,
    energy_kwh,
    amount_excl_tax,
    tax,
    amount_incl_tax,
    sessions_unknown_energy,
    content_sha256,
    cast(null as varchar) as period_sha256,
    adjustment_no
from sealed

union all

select
    drafts.statement_id,
    drafts.partner,
    drafts.period,
    drafts.direction,
    drafts.currency,
    case when approvals.approved_sha256 = together.period_sha256 then 'approved' else 'draft' end as status,
    cast(drafts.sessions as bigint) as sessions,
    cast(drafts.energy_kwh as decimal(38, 8)) as energy_kwh,
    cast(drafts.amount_excl_tax as decimal(38, 8)) as amount_excl_tax,
    cast(drafts.tax as decimal(38, 8)) as tax,
    cast(drafts.amount_excl_tax + drafts.tax as decimal(38, 8)) as amount_incl_tax,
    cast(drafts.sessions_unknown_energy as bigint) as sessions_unknown_energy,
    drafts.content_sha256,
    together.period_sha256,
    drafts.adjustment_no
from drafts
inner join together on drafts.partner = together.partner and drafts.period = together.period
left join approvals on drafts.period || '|' || drafts.partner = approvals.subject_id
