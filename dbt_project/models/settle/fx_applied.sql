with

run as (

    select max(as_of) as as_of
    from {{ ref('settlement_run') }}

),

local_days as (

    select
        day,
        starts_at,
        lead(starts_at) over (order by day) as ends_at
    from {{ ref('local_days') }}

),

today as (

    select
        local_days.day,
        local_days.ends_at
    from run
    inner join local_days on run.as_of >= local_days.starts_at and run.as_of < local_days.ends_at

),

cdrs as (

    select
        cdr_key,
        currency,
        credit_of,
        coalesce(ended_at, started_at) as ended_at
    from {{ ref('cdrs') }}

),

terms as (

    select
        cdr_key,
        partner,
        contract_version,
        contract_currency
    from {{ ref('cdr_terms') }}

),

settlement_terms as (

    select
        partner,
        contract_version,
        lower(fx_source) as fx_source,
        fx_rate_date,
        fx_max_age_days
    from {{ ref('settlement_terms') }}
    where fx_source is not null

),

sealed as (

    select cdr_key
    from {{ ref('sealed_outcomes') }}

),

periods as (

    select
        cdr_periods.cdr_key,
        max({{ add_days('bounds.ends_on', '-1') }}) as last_day
    from {{ ref('cdr_periods') }} as cdr_periods
    inner join {{ ref('period_bounds') }} as bounds on cdr_periods.billing_period = bounds.period
    group by cdr_periods.cdr_key

),

-- The day whose rate counts; a period that still runs takes the rate of today.
wanted as (

    select
        cdrs.cdr_key,
        cdrs.currency as base,
        cdrs.credit_of,
        terms.contract_currency as quote,
        settlement_terms.fx_source,
        settlement_terms.fx_max_age_days,
        case
            when settlement_terms.fx_rate_date = 'period_end' then least(periods.last_day, today.day)
            else local_days.day
        end as wanted_on,
        -- Until the period is sealed, tomorrow may ask for another day's rate.
        case when settlement_terms.fx_rate_date = 'period_end' and sealed.cdr_key is null then today.ends_at end
            as waits_until
    from cdrs
    inner join terms on cdrs.cdr_key = terms.cdr_key
    inner join settlement_terms
        on terms.partner = settlement_terms.partner and terms.contract_version = settlement_terms.contract_version
    left join local_days on cdrs.ended_at >= local_days.starts_at and cdrs.ended_at < local_days.ends_at
    left join periods on cdrs.cdr_key = periods.cdr_key
    left join today on true
    left join sealed on cdrs.cdr_key = sealed.cdr_key
    where cdrs.currency <> terms.contract_currency

),

known_rates as (

    select
        fx_rates.rate_on,
        upper(fx_rates.base) as base,
        upper(fx_rates.quote) as quote,
        lower(fx_rates.source) as source,
        fx_rates.rate
    from {{ ref('fx_rates') }} as fx_rates
    cross join run
    where
        fx_rates.rate > 0
        and {{ is_known('fx_rates', 'run.as_of') }}

),

-- As quoted, the other way round, or through a currency that both are quoted in: of several the first by name.
paths as (

    select
        rate_on,
        base,
        quote,
        source,
        rate as numerator,
        cast(1 as decimal(18, 8)) as denominator,
        1 as path_no,
        '' as crossed
    from known_rates

    union all

    select
        rate_on,
        quote as base,
        base as quote,
        source,
        cast(1 as decimal(18, 8)) as numerator,
        rate as denominator,
        2 as path_no,
        '' as crossed
    from known_rates

    union all

    select
        theirs.rate_on,
        theirs.quote as base,
        ours.quote,
        theirs.source,
        ours.rate as numerator,
        theirs.rate as denominator,
        3 as path_no,
        theirs.base as crossed
    from known_rates as theirs
    inner join known_rates as ours
        on theirs.rate_on = ours.rate_on and theirs.base = ours.base and theirs.source = ours.source
    where theirs.quote <> ours.quote

),

pairs as (

    select distinct
        base,
        quote,
        fx_source,
        fx_max_age_days,
        wanted_on
    from wanted
    where wanted_on is not null

),

found as (

    select
        pairs.base,
        pairs.quote,
        pairs.fx_source,
        pairs.fx_max_age_days,
        pairs.wanted_on,
        paths.rate_on,
        paths.numerator,
        paths.denominator,
        row_number() over (
            partition by pairs.base, pairs.quote, pairs.fx_source, pairs.fx_max_age_days, pairs.wanted_on
            order by
                paths.rate_on desc,
                paths.path_no asc,
                paths.crossed asc,
                paths.numerator asc,
                paths.denominator asc
        ) as choice
    from pairs
    inner join paths
        on
            pairs.base = paths.base
            and pairs.quote = paths.quote
            and pairs.fx_source = paths.source
            and pairs.wanted_on >= paths.rate_on
            and {{ add_days('paths.rate_on', 'pairs.fx_max_age_days') }} >= pairs.wanted_on

),

-- A credit takes back what was billed, at the rate at which that was billed.
billed as (

    select
        cdr_key,
        currency,
        fx_source,
        fx_rate_on,
        fx_numerator,
        fx_denominator
    from {{ ref('sealed_lines') }}
    where kind = 'session' and fx_numerator is not null

)

select
    wanted.cdr_key,
    wanted.base as from_currency,
    coalesce(billed.currency, wanted.quote) as to_currency,
    coalesce(billed.fx_source, wanted.fx_source) as fx_source,
    wanted.wanted_on,
    wanted.fx_max_age_days,
    wanted.waits_until,
    coalesce(billed.fx_rate_on, found.rate_on) as fx_rate_on,
    coalesce(billed.fx_numerator, found.numerator) as fx_numerator,
    coalesce(billed.fx_denominator, found.denominator) as fx_denominator,
    case
        when billed.cdr_key is not null then {{ decimal_division('billed.fx_numerator', 'billed.fx_denominator') }}
        else {{ decimal_division('found.numerator', 'found.denominator') }}
    end as fx_rate
from wanted
left join found
    on
        wanted.base = found.base
        and wanted.quote = found.quote
        and wanted.fx_source = found.fx_source
        and wanted.fx_max_age_days = found.fx_max_age_days
        and wanted.wanted_on = found.wanted_on
        and found.choice = 1
left join billed on wanted.credit_of = billed.cdr_key
