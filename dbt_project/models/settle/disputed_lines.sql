{%- set taxed = 'cast(withheld.withheld_excl_tax as decimal(38, 8)) * sealed_lines.tax_percent' -%}
{%- set tax = decimal_division(taxed, '100') -%}
{#- A claim is in the session's currency, the balance in the statement's. -#}
{%- set exact = exchanged('openings.disputed_excl_tax', 'sealed_lines') -%}
{%- set disputed = round_money(exact, 'terms.rounding_mode', 'terms.rounding_scale') -%}
with

openings as (

    select
        dispute_id,
        seq as opened_seq,
        happened_at as opened_at,
        decided_by as opened_by,
        cdr_key,
        reason_code,
        amount_excl_tax as disputed_excl_tax,
        claimant
    from {{ ref('dispute_events') }}
    where event = 'dispute'

),

-- Few sessions are disputed: what follows looks at these only.
claimed as (

    select distinct cdr_key
    from openings

),

cdrs as (

    select
        cdrs.cdr_key,
        cdrs.partner,
        cdrs.currency
    from {{ ref('cdrs') }} as cdrs
    inner join claimed on cdrs.cdr_key = claimed.cdr_key

),

prices as (

    select
        expected_prices.cdr_key,
        coalesce(expected_prices.claimed_excl_tax, expected_prices.expected_excl_tax) as billed_excl_tax
    from {{ ref('expected_prices') }} as expected_prices
    inner join claimed on expected_prices.cdr_key = claimed.cdr_key

),

terms as (

    select
        cdr_terms.cdr_key,
        cdr_terms.cut_off_days,
        cdr_terms.rounding_mode,
        cdr_terms.rounding_scale,
        settlement_terms.dispute_window_days,
        settlement_terms.dispute_statements
    from {{ ref('cdr_terms') }} as cdr_terms
    inner join claimed on cdr_terms.cdr_key = claimed.cdr_key
    inner join {{ ref('settlement_terms') }} as settlement_terms
        on
            cdr_terms.partner = settlement_terms.partner
            and cdr_terms.contract_version = settlement_terms.contract_version

),

sealed as (

    select
        outcomes.cdr_key,
        outcomes.partner,
        outcomes.currency,
        outcomes.period,
        outcomes.statement_id,
        seals.sealed_at
    from {{ ref('sealed_outcomes') }} as outcomes
    inner join claimed on outcomes.cdr_key = claimed.cdr_key
    inner join {{ ref('seals') }} as seals on outcomes.seal_seq = seals.seal_seq
    where outcomes.statement_id is not null

),

-- All that stands on sealed statements for a session: its own line, and the corrections that were sealed since.
sealed_lines as (

    select
        sealed.cdr_key,
        max(case when sealed.kind = 'session' then sealed.line_no end) as line_no,
        max(case when sealed.kind = 'session' then sealed.tax_percent end) as tax_percent,
        max(case when sealed.kind = 'session' then sealed.fx_numerator end) as fx_numerator,
        max(case when sealed.kind = 'session' then sealed.fx_denominator end) as fx_denominator,
        sum(coalesce(sealed.session_excl_tax, sealed.amount_excl_tax)) as billed_session_excl_tax,
        sum(sealed.amount_excl_tax) as billed_excl_tax
    from {{ ref('sealed_lines') }} as sealed
    inner join claimed on sealed.cdr_key = claimed.cdr_key
    group by sealed.cdr_key

),

bounds as (

    select
        period,
        ends_on
    from {{ ref('period_bounds') }}

),

local_days as (

    select
        day,
        starts_at,
        lead(starts_at) over (order by day) as ends_at
    from {{ ref('local_days') }}

),

-- A statement goes out when it is sealed, or for review when it is cut off: from then on the window runs.
issued as (

    select
        sealed.cdr_key,
        case
            when terms.dispute_statements = 'at_draft' then {{ add_days('bounds.ends_on', 'terms.cut_off_days') }}
            else local_days.day
        end as issued_on
    from sealed
    inner join local_days on sealed.sealed_at >= local_days.starts_at and sealed.sealed_at < local_days.ends_at
    inner join bounds on sealed.period = bounds.period
    left join terms on sealed.cdr_key = terms.cdr_key

),

-- No window makes no such day, and it never closes; it lasts to the end of its last day.
windows as (

    select
        issued.cdr_key,
        local_days.starts_at as window_ends_at
    from issued
    inner join terms on issued.cdr_key = terms.cdr_key
    inner join local_days on {{ add_days('issued.issued_on', 'terms.dispute_window_days + 1') }} = local_days.day

),

-- No more than the line leaves the balance; without an amount it is the whole line.
withheld as (

    select
        openings.dispute_id,
        cast(
            case
                when sealed_lines.billed_excl_tax >= 0
                    then
                        least(
                            coalesce({{ disputed }}, sealed_lines.billed_excl_tax),
                            sealed_lines.billed_excl_tax
                        )
                else
                    -least(
                        coalesce({{ disputed }}, -sealed_lines.billed_excl_tax),
                        -sealed_lines.billed_excl_tax
                    )
            end as decimal(18, 8)
        ) as withheld_excl_tax
    from openings
    inner join sealed_lines on openings.cdr_key = sealed_lines.cdr_key
    left join terms on openings.cdr_key = terms.cdr_key

)

select
    openings.dispute_id,
    openings.opened_seq,
    openings.opened_at,
    openings.opened_by,
    openings.cdr_key,
    openings.reason_code,
    openings.claimant,
    openings.disputed_excl_tax,
    coalesce(sealed.partner, cdrs.partner) as partner,
    coalesce(sealed.currency, cdrs.currency) as currency,
    cast(coalesce(sealed_lines.billed_session_excl_tax, prices.billed_excl_tax) as decimal(38, 16)) as billed_excl_tax,
    sealed.statement_id,
    sealed_lines.line_no,
    withheld.withheld_excl_tax,
    cast({{ round_money(tax, 'terms.rounding_mode', 'terms.rounding_scale') }} as decimal(18, 8)) as withheld_tax,
    windows.window_ends_at,
    coalesce(openings.opened_at >= windows.window_ends_at, false) as is_out_of_time
from openings
left join cdrs on openings.cdr_key = cdrs.cdr_key
left join prices on openings.cdr_key = prices.cdr_key
left join terms on openings.cdr_key = terms.cdr_key
left join sealed on openings.cdr_key = sealed.cdr_key
left join sealed_lines on openings.cdr_key = sealed_lines.cdr_key
left join windows on openings.cdr_key = windows.cdr_key
left join withheld on openings.dispute_id = withheld.dispute_id
