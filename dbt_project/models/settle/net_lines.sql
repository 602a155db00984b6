with

outcomes as (

    select
        cdr_key,
        revision,
        statement_id,
        case when direction = 'payable' then 'EMSP' else 'CPO' end as own_role,
        case when direction = 'payable' then emsp_party else cpo_party end as party,
        currency,
        credit_of,
        started_at,
        case when is_credit then -abs(settled_energy_kwh) else settled_energy_kwh end as energy_kwh,
        is_credit,
        settled_by,
        settled_excl_tax
    from {{ ref('cdr_outcomes') }}
    where statement_id is not null and not is_sealed

),

entities as (

    select
        party,
        role,
        entity_party
    from {{ ref('legal_entities') }}

),

terms as (

    select
        cdr_key,
        rounding_mode,
        rounding_level,
        rounding_scale
    from {{ ref('cdr_terms') }}

),

taxes as (

    select
        cdr_key,
        category as tax_category,
        rate_percent as tax_percent
    from {{ ref('cdr_taxes_due') }}

),

-- A credit of a sealed session takes back the tax that its line bears, from who billed it.
billed as (

    select
        cdr_key,
        own_party,
        tax_category,
        tax_percent
    from {{ ref('sealed_lines') }}
    where kind = 'session'

),

exchanges as (

    select
        cdr_key,
        to_currency,
        fx_source,
        fx_rate_on,
        fx_numerator,
        fx_denominator
    from {{ ref('fx_applied') }}

),

billable as (

    select
        cdr_key,
        revision
    from {{ ref('cdrs_billable') }}

),

checked as (

    select
        cdr_key,
        revision
    from {{ source('settle', 'gate_verdicts') }}
    where verdict = 'pass'

),

sessions as (

    select
        outcomes.cdr_key,
        outcomes.statement_id,
        coalesce(entities.entity_party, outcomes.party) as own_party,
        coalesce(exchanges.to_currency, outcomes.currency) as currency,
        outcomes.credit_of,
        outcomes.started_at,
        outcomes.energy_kwh,
        outcomes.is_credit,
        outcomes.settled_by,
        {{ exchanged('outcomes.settled_excl_tax', 'exchanges') }} as settled_excl_tax,
        case when exchanges.to_currency is not null then outcomes.currency end as session_currency,
        case when exchanges.to_currency is not null then outcomes.settled_excl_tax end as session_excl_tax,
        exchanges.fx_source,
        exchanges.fx_rate_on,
        exchanges.fx_numerator,
        exchanges.fx_denominator,
        terms.rounding_mode,
        terms.rounding_level,
        terms.rounding_scale
    from outcomes
    inner join terms on outcomes.cdr_key = terms.cdr_key
    left join entities on outcomes.party = entities.party and outcomes.own_role = entities.role
    left join exchanges on outcomes.cdr_key = exchanges.cdr_key
    -- Inner on purpose: a line needs the pass of gates 1 and 2 (billable) and of gate 3.
    inner join billable on outcomes.cdr_key = billable.cdr_key and outcomes.revision = billable.revision
    inner join checked on outcomes.cdr_key = checked.cdr_key and outcomes.revision = checked.revision

),

-- What an expected price is made of: the tariff's lines and the discounts'.
expected_lines as (

    select
        cdr_key,
        amount_excl_tax
    from {{ ref('price_lines') }}
    where reading = 'base'
    union all
    select
        cdr_key,
        amount_excl_tax
    from {{ ref('discount_lines') }}

),

-- Level line rounds each price line and each discount. A claim has no lines of ours: it is rounded whole,
-- and so is what was exchanged.
rounded_lines as (

    select
        sessions.cdr_key,
        sum({{ round_money('expected_lines.amount_excl_tax', 'sessions.rounding_mode', 'sessions.rounding_scale') }})
            as amount_excl_tax
    from sessions
    inner join expected_lines on sessions.cdr_key = expected_lines.cdr_key
    where
        sessions.rounding_level = 'line'
        and sessions.settled_by = 'expected'
        and not sessions.is_credit
        and sessions.session_currency is null
    group by sessions.cdr_key

),

session_lines as (

    select
        sessions.statement_id,
        coalesce(billed.own_party, sessions.own_party) as own_party,
        sessions.cdr_key,
        sessions.currency,
        sessions.started_at,
        sessions.energy_kwh,
        sessions.settled_excl_tax,
        sessions.rounding_mode,
        sessions.rounding_level,
        sessions.rounding_scale,
        case when billed.cdr_key is null then taxes.tax_category else billed.tax_category end as tax_category,
        case when billed.cdr_key is null then taxes.tax_percent else billed.tax_percent end as tax_percent,
        sessions.session_currency,
        sessions.session_excl_tax,
        sessions.fx_source,
        sessions.fx_rate_on,
        sessions.fx_numerator,
        sessions.fx_denominator,
        case
            when sessions.rounding_level = 'statement' then cast(sessions.settled_excl_tax as decimal(18, 8))
            when rounded_lines.cdr_key is not null
                then cast(rounded_lines.amount_excl_tax as decimal(18, 8))
            else
                cast(
                    {{ round_money('sessions.settled_excl_tax', 'sessions.rounding_mode', 'sessions.rounding_scale') }}
                    as decimal(18, 8)
                )
        end as amount_excl_tax
    from sessions
    left join rounded_lines on sessions.cdr_key = rounded_lines.cdr_key
    left join taxes on sessions.cdr_key = taxes.cdr_key
    left join billed on sessions.credit_of = billed.cdr_key

),

-- Level statement rounds the sum of the exact amounts once; the difference is a line of its own. Tax is due on a
-- rounded sum, so what is taxed apart is summed apart, and what stands on another document.
statement_sums as (

    select
        statement_id,
        own_party,
        currency,
        rounding_mode,
        rounding_scale,
        tax_category,
        tax_percent,
        sum(settled_excl_tax) as settled_excl_tax,
        sum(amount_excl_tax) as amount_excl_tax
    from session_lines
    where rounding_level = 'statement'
    group by statement_id, own_party, currency, rounding_mode, rounding_scale, tax_category, tax_percent

),

roundings as (

    select
        statement_id,
        own_party,
        currency,
        rounding_mode,
        rounding_scale,
        tax_category,
        tax_percent,
        cast(
            {{ round_money('settled_excl_tax', 'rounding_mode', 'rounding_scale') }} - amount_excl_tax
            as decimal(18, 8)
        ) as amount_excl_tax
    from statement_sums

)

select
    statement_id,
    own_party,
    'session' as kind,
    cdr_key,
    currency,
    energy_kwh,
    amount_excl_tax,
    tax_category,
    tax_percent,
    rounding_mode,
    rounding_scale,
    1 as kind_no,
    started_at,
    cdr_key as line_key,
    session_currency,
    session_excl_tax,
    fx_source,
    fx_rate_on,
    fx_numerator,
    fx_denominator
from session_lines

union all

select
    statement_id,
    own_party,
    'rounding' as kind,
    cast(null as varchar) as cdr_key,
    currency,
    cast(null as decimal(18, 8)) as energy_kwh,
    amount_excl_tax,
    tax_category,
    tax_percent,
    rounding_mode,
    rounding_scale,
    2 as kind_no,
    cast(null as timestamptz) as started_at,
    rounding_mode || cast(rounding_scale as varchar) || coalesce(tax_category, '')
    || coalesce(cast(tax_percent as varchar), '') || coalesce(own_party, '') as line_key,
    cast(null as varchar) as session_currency,
    cast(null as decimal(38, 16)) as session_excl_tax,
    cast(null as varchar) as fx_source,
    cast(null as date) as fx_rate_on,
    cast(null as decimal(18, 8)) as fx_numerator,
    cast(null as decimal(18, 8)) as fx_denominator
from roundings
where amount_excl_tax <> 0
