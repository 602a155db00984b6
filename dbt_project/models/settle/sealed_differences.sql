{%- set now = exchanged('priced.now_excl_tax', 'lines') -%}
with

sealed as (

    select
        seal_seq,
        cdr_key,
        partner,
        direction,
        currency,
        period,
        statement_id,
        state,
        energy_kwh,
        tariff_id,
        tariff_version,
        claimed_excl_tax,
        rated_excl_tax,
        expected_excl_tax,
        settled_excl_tax
    from {{ ref('sealed_outcomes') }}
    where statement_id is not null

),

computed as (

    select
        cdr_key,
        state,
        energy_kwh,
        tariff_version,
        claimed_excl_tax,
        rated_excl_tax,
        expected_excl_tax,
        settled_excl_tax
    from {{ ref('computed_outcomes') }}

),

decided as (

    select
        cdr_key,
        seq,
        amount_excl_tax
    from {{ ref('amount_decisions') }}

),

lines as (

    select
        cdr_key,
        max(case when kind = 'session' then fx_numerator end) as fx_numerator,
        max(case when kind = 'session' then fx_denominator end) as fx_denominator,
        max(case when kind = 'session' then currency end) as currency,
        sum(case when kind = 'session' then amount_excl_tax else 0 end) as billed_excl_tax,
        sum(case when kind = 'adjustment' then amount_excl_tax else 0 end) as corrected_excl_tax
    from {{ ref('statement_lines') }}
    where cdr_key is not null
    group by cdr_key

),

findings as (

    select
        cdr_key,
        min(rule_id) as rule_id
    from {{ ref('open_findings') }}
    where severity <> 'warn' and status = 'open' and cdr_key is not null
    group by cdr_key

),

terms as (

    select
        cdr_key,
        rounding_mode,
        rounding_level,
        rounding_scale
    from {{ ref('cdr_terms') }}

),

compared as (

    select
        sealed.cdr_key,
        sealed.partner,
        sealed.period,
        sealed.direction,
        sealed.currency,
        sealed.statement_id,
        sealed.tariff_id,
        sealed.state as sealed_state,
        computed.state as state_now,
        sealed.tariff_version as sealed_tariff_version,
        computed.tariff_version as tariff_version_now,
        sealed.expected_excl_tax as sealed_expected_excl_tax,
        computed.expected_excl_tax as expected_excl_tax_now,
        sealed.settled_excl_tax as sealed_excl_tax,
        decided.amount_excl_tax as decided_excl_tax,
        findings.rule_id,
        case
            when decided.cdr_key is not null then 'decision'
            when
                computed.cdr_key is null
                or {{ differs('sealed.claimed_excl_tax', 'computed.claimed_excl_tax') }}
                or {{ differs('sealed.energy_kwh', 'computed.energy_kwh') }}
                then 'reading'
            when
                {{ differs('sealed.tariff_version', 'computed.tariff_version') }}
                and {{ differs('sealed.expected_excl_tax', 'computed.expected_excl_tax') }}
                then 'tariff'
            when {{ differs('sealed.rated_excl_tax', 'computed.rated_excl_tax') }} then 'price'
            when {{ differs('sealed.expected_excl_tax', 'computed.expected_excl_tax') }} then 'discount'
            when {{ differs('sealed.state', 'computed.state') }} then 'findings'
        end as cause
    from sealed
    left join computed on sealed.cdr_key = computed.cdr_key
    left join decided on sealed.cdr_key = decided.cdr_key and sealed.seal_seq < decided.seq
    left join findings on sealed.cdr_key = findings.cdr_key

),

-- What it would come to now. Where a finding holds it, only a decision says that.
priced as (

    select
        *,
        case
            when cause = 'decision' then decided_excl_tax
            when cause in ('tariff', 'price', 'discount')
                then cast(sealed_excl_tax + expected_excl_tax_now - sealed_expected_excl_tax as decimal(38, 16))
            when state_now in ('excluded', 'credited') then 0
        end as now_excl_tax
    from compared
    where cause is not null

),

rounded as (

    select
        priced.cdr_key,
        cast(
            case
                when terms.rounding_level = 'statement' or terms.cdr_key is null
                    then cast({{ now }} as decimal(18, 8))
                else {{ round_money(now, 'terms.rounding_mode', 'terms.rounding_scale') }}
            end as decimal(18, 8)
        ) as now_excl_tax
    from priced
    inner join lines on priced.cdr_key = lines.cdr_key
    left join terms on priced.cdr_key = terms.cdr_key

)

select
    priced.cdr_key,
    priced.partner,
    priced.period,
    priced.direction,
    lines.currency,
    priced.statement_id,
    priced.cause,
    priced.rule_id,
    priced.sealed_state,
    priced.state_now,
    priced.tariff_id,
    priced.sealed_tariff_version,
    priced.tariff_version_now,
    priced.sealed_expected_excl_tax,
    priced.expected_excl_tax_now,
    lines.billed_excl_tax,
    rounded.now_excl_tax,
    cast(rounded.now_excl_tax - lines.billed_excl_tax as decimal(18, 8)) as difference_excl_tax,
    cast(lines.corrected_excl_tax as decimal(18, 8)) as corrected_excl_tax,
    cast(rounded.now_excl_tax - lines.billed_excl_tax - lines.corrected_excl_tax as decimal(18, 8)) as open_excl_tax
from priced
inner join lines on priced.cdr_key = lines.cdr_key
inner join rounded on priced.cdr_key = rounded.cdr_key
