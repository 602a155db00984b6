select
    statement_id,
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
    cast(null as varchar) as corrects,
    session_currency,
    session_excl_tax,
    fx_source,
    fx_rate_on,
    fx_numerator,
    fx_denominator,
    cast(null as varchar) as term,
    cast(null as varchar) as contract_version,
    cast(null as decimal(18, 8)) as quantity
from {{ ref('net_lines') }}

union all

-- What corrects a sealed line is taxed as that line was.
select
    statement_id,
    'adjustment' as kind,
    cdr_key,
    currency,
    cast(null as decimal(18, 8)) as energy_kwh,
    amount_excl_tax,
    tax_category,
    tax_percent,
    rounding_mode,
    rounding_scale,
    0 as kind_no,
    cast(null as timestamptz) as started_at,
    corrects as line_key,
    corrects,
    session_currency,
    session_excl_tax,
    fx_source,
    fx_rate_on,
    fx_numerator,
    fx_denominator,
    cast(null as varchar) as term,
    cast(null as varchar) as contract_version,
    cast(null as decimal(18, 8)) as quantity
from {{ ref('correction_lines') }}

union all

select
    statement_id,
    'fee' as kind,
    cast(null as varchar) as cdr_key,
    currency,
    cast(null as decimal(18, 8)) as energy_kwh,
    amount_excl_tax,
    tax_category,
    tax_percent,
    rounding_mode,
    rounding_scale,
    3 as kind_no,
    cast(null as timestamptz) as started_at,
    line_key,
    cast(null as varchar) as corrects,
    cast(null as varchar) as session_currency,
    cast(null as decimal(38, 16)) as session_excl_tax,
    cast(null as varchar) as fx_source,
    cast(null as date) as fx_rate_on,
    cast(null as decimal(18, 8)) as fx_numerator,
    cast(null as decimal(18, 8)) as fx_denominator,
    term,
    contract_version,
    quantity
from {{ ref('fee_lines') }}
