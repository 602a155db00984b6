{#- A decision is in the session's currency, and is exchanged at the rate at which the session was billed. -#}
{%- set decided = exchanged('decided.amount_excl_tax', 'billed') -%}
with

decided as (

    select
        seq,
        effective_at,
        cdr_key,
        case when kind = 'resolve' then 'CRE_DISPUTE' else reason_code end as reason_code,
        amount_excl_tax
    from {{ ref('amount_decisions') }}

),

sealed as (

    select
        outcomes.seal_seq,
        outcomes.cdr_key,
        outcomes.partner,
        outcomes.direction,
        outcomes.period,
        outcomes.statement_id
    from {{ ref('sealed_outcomes') }} as outcomes
    inner join decided on outcomes.cdr_key = decided.cdr_key
    where outcomes.statement_id is not null

),

-- All that stands on sealed statements for a session: its own line, and the corrections that were sealed since.
billed as (

    select
        lines.cdr_key,
        sum(lines.amount_excl_tax) as billed_excl_tax,
        sum(coalesce(lines.session_excl_tax, lines.amount_excl_tax)) as billed_session_excl_tax,
        max(case when lines.kind = 'session' then lines.line_no end) as line_no,
        max(case when lines.kind = 'session' then lines.own_party end) as own_party,
        max(case when lines.kind = 'session' then lines.currency end) as currency,
        max(case when lines.kind = 'session' then lines.tax_category end) as tax_category,
        max(case when lines.kind = 'session' then lines.tax_percent end) as tax_percent,
        max(case when lines.kind = 'session' then lines.session_currency end) as session_currency,
        max(case when lines.kind = 'session' then lines.fx_source end) as fx_source,
        max(case when lines.kind = 'session' then lines.fx_rate_on end) as fx_rate_on,
        max(case when lines.kind = 'session' then lines.fx_numerator end) as fx_numerator,
        max(case when lines.kind = 'session' then lines.fx_denominator end) as fx_denominator
    from {{ ref('sealed_lines') }} as lines
    inner join decided on lines.cdr_key = decided.cdr_key
    group by lines.cdr_key

),

terms as (

    select
        cdr_key,
        cut_off_days,
        rounding_mode,
        rounding_level,
        rounding_scale
    from {{ ref('cdr_terms') }}

),

bounds as (

    select
        frequency,
        period,
        starts_on,
        ends_on
    from {{ ref('period_bounds') }}

),

local_days as (

    select
        day,
        starts_at
    from {{ ref('local_days') }}

),

next_open as (

    select
        partner,
        period,
        open_period
    from {{ ref('next_open_periods') }}

),

-- A decision after the seal moves nothing there: what it differs by is a line of its own.
corrected as (

    select
        sealed.cdr_key,
        sealed.partner,
        sealed.direction,
        billed.own_party,
        billed.currency,
        sealed.period as corrected_period,
        sealed.statement_id || '#' || cast(billed.line_no as varchar) as corrects,
        decided.seq,
        decided.effective_at,
        decided.reason_code,
        terms.cut_off_days,
        terms.rounding_mode,
        terms.rounding_scale,
        billed.tax_category,
        billed.tax_percent,
        billed.session_currency,
        case
            when billed.session_currency is not null
                then cast(decided.amount_excl_tax - billed.billed_session_excl_tax as decimal(38, 16))
        end as session_excl_tax,
        billed.fx_source,
        billed.fx_rate_on,
        billed.fx_numerator,
        billed.fx_denominator,
        cast(
            case
                when terms.rounding_level = 'statement' then cast({{ decided }} as decimal(18, 8))
                else {{ round_money(decided, 'terms.rounding_mode', 'terms.rounding_scale') }}
            end - billed.billed_excl_tax as decimal(18, 8)
        ) as amount_excl_tax
    from sealed
    inner join decided on sealed.cdr_key = decided.cdr_key and sealed.seal_seq < decided.seq
    inner join billed on sealed.cdr_key = billed.cdr_key
    inner join terms on sealed.cdr_key = terms.cdr_key

),

moments as (

    select
        corrected.corrected_period,
        corrected.effective_at,
        corrected.cut_off_days,
        min(later.starts_on) as starts_on,
        max(own.frequency) as frequency
    from corrected
    inner join bounds as own on corrected.corrected_period = own.period
    inner join bounds as later on own.frequency = later.frequency and own.starts_on < later.starts_on
    inner join local_days
        on
            {{ add_days('later.ends_on', 'corrected.cut_off_days') }} = local_days.day
            and corrected.effective_at < local_days.starts_at
    group by corrected.corrected_period, corrected.effective_at, corrected.cut_off_days

),

placed as (

    select
        corrected.cdr_key,
        corrected.partner,
        corrected.direction,
        corrected.own_party,
        corrected.currency,
        corrected.corrected_period,
        corrected.corrects,
        corrected.seq,
        corrected.reason_code,
        corrected.amount_excl_tax,
        corrected.tax_category,
        corrected.tax_percent,
        corrected.session_currency,
        corrected.session_excl_tax,
        corrected.fx_source,
        corrected.fx_rate_on,
        corrected.fx_numerator,
        corrected.fx_denominator,
        corrected.rounding_mode,
        corrected.rounding_scale,
        coalesce(next_open.open_period, bounds.period) as period
    from corrected
    inner join moments
        on
            corrected.corrected_period = moments.corrected_period
            and corrected.effective_at = moments.effective_at
            and corrected.cut_off_days = moments.cut_off_days
    inner join bounds on moments.frequency = bounds.frequency and moments.starts_on = bounds.starts_on
    left join next_open on corrected.partner = next_open.partner and bounds.period = next_open.period
    where corrected.amount_excl_tax <> 0

),

-- One adjustment run for each sealed period that it corrects, in the order of these.
numbered as (

    select
        *,
        cast(
            dense_rank() over (partition by partner, period, direction, currency order by corrected_period) as integer
        ) as adjustment_no
    from placed

)

select
    cdr_key,
    partner,
    period,
    direction,
    currency,
    adjustment_no,
    own_party,
    period || '-' || partner || '-' || case when direction = 'receivable' then 'R' else 'P' end || '-' || currency
    || '-A' || cast(adjustment_no as varchar) as statement_id,
    corrected_period,
    corrects,
    seq as decision_seq,
    reason_code,
    amount_excl_tax,
    tax_category,
    tax_percent,
    rounding_mode,
    rounding_scale,
    session_currency,
    session_excl_tax,
    fx_source,
    fx_rate_on,
    fx_numerator,
    fx_denominator
from numbered
