{%- set line_tax = decimal_division('cast(amount_excl_tax as decimal(38, 8)) * tax_percent', '100') -%}
with

untaxed_lines as (

    select
        statement_id,
        own_party,
        kind,
        cdr_key,
        currency,
        energy_kwh,
        amount_excl_tax,
        tax_category,
        tax_percent,
        rounding_mode,
        rounding_scale,
        kind_no,
        started_at,
        line_key,
        corrects,
        session_currency,
        session_excl_tax,
        fx_source,
        fx_rate_on,
        fx_numerator,
        fx_denominator,
        term,
        contract_version,
        quantity
    from {{ ref('untaxed_lines') }}

),

taxed_lines as (

    select
        *,
        cast({{ round_money(line_tax, 'rounding_mode', 'rounding_scale') }} as decimal(18, 8)) as tax
    from untaxed_lines

),

-- On a document tax is due once for each rate, on the sum; what the lines' own tax differs from it is a line too.
-- A document is of one legal entity of ours.
tax_sums as (

    select
        statement_id,
        own_party,
        currency,
        tax_category,
        tax_percent,
        min(rounding_mode) as rounding_mode,
        max(rounding_scale) as rounding_scale,
        cast(sum(amount_excl_tax) as decimal(18, 8)) as amount_excl_tax,
        sum(tax) as tax
    from taxed_lines
    where tax_percent is not null
    group by statement_id, own_party, currency, tax_category, tax_percent

),

tax_roundings as (

    select
        statement_id,
        own_party,
        currency,
        tax_category,
        tax_percent,
        cast({{ round_money(line_tax, 'rounding_mode', 'rounding_scale') }} - tax as decimal(18, 8)) as tax
    from tax_sums

),

lines as (

    select
        statement_id,
        own_party,
        kind,
        cdr_key,
        currency,
        energy_kwh,
        amount_excl_tax,
        tax_category,
        tax_percent,
        tax,
        kind_no,
        started_at,
        line_key,
        corrects,
        session_currency,
        session_excl_tax,
        fx_source,
        fx_rate_on,
        fx_numerator,
        fx_denominator,
        term,
        contract_version,
        quantity
    from taxed_lines

    union all

    select
        statement_id,
        own_party,
        'tax_rounding' as kind,
        cast(null as varchar) as cdr_key,
        currency,
        cast(null as decimal(18, 8)) as energy_kwh,
        cast(0 as decimal(18, 8)) as amount_excl_tax,
        tax_category,
        tax_percent,
        tax,
        9 as kind_no,
        cast(null as timestamptz) as started_at,
        coalesce(tax_category, '') || cast(tax_percent as varchar) || coalesce(own_party, '') as line_key,
        cast(null as varchar) as corrects,
        cast(null as varchar) as session_currency,
        cast(null as decimal(38, 16)) as session_excl_tax,
        cast(null as varchar) as fx_source,
        cast(null as date) as fx_rate_on,
        cast(null as decimal(18, 8)) as fx_numerator,
        cast(null as decimal(18, 8)) as fx_denominator,
        cast(null as varchar) as term,
        cast(null as varchar) as contract_version,
        cast(null as decimal(18, 8)) as quantity
    from tax_roundings
    where tax <> 0

),

-- What is sealed stands as it was.
together as (

    select
        statement_id,
        own_party,
        cast(
            row_number() over (
                partition by statement_id
                order by kind_no asc, started_at asc, line_key asc
            ) as integer
        ) as line_no,
        kind,
        cdr_key,
        amount_excl_tax,
        tax,
        cast(amount_excl_tax + tax as decimal(18, 8)) as amount_incl_tax,
        currency,
        cast(energy_kwh as decimal(18, 8)) as energy_kwh,
        tax_category,
        tax_percent,
        corrects,
        session_currency,
        session_excl_tax,
        fx_source,
        fx_rate_on,
        fx_numerator,
        fx_denominator,
        term,
        contract_version,
        quantity
    from lines

    union all

    select
        statement_id,
        own_party,
        line_no,
        kind,
        cdr_key,
        amount_excl_tax,
        tax,
        amount_incl_tax,
        currency,
        energy_kwh,
        tax_category,
        tax_percent,
        corrects,
        session_currency,
        session_excl_tax,
        fx_source,
        fx_rate_on,
        fx_numerator,
        fx_denominator,
        term,
        contract_version,
        quantity
    from {{ ref('sealed_lines') }}

)

select
    statement_id,
    own_party,
    line_no,
    kind,
    cdr_key,
    amount_excl_tax,
    tax,
    amount_incl_tax,
    currency,
    energy_kwh,
    tax_category,
    tax_percent,
    corrects,
    session_currency,
    session_excl_tax,
    fx_source,
    fx_rate_on,
    fx_numerator,
    fx_denominator,
    {{ decimal_division('fx_numerator', 'fx_denominator') }} as fx_rate,
    term,
    contract_version,
    quantity
from together
