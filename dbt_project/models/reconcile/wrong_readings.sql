{{ config(materialized='incremental', incremental_strategy='replace_work') }}

with

work as (

    select cdr_key
    from {{ ref('work') }}

),

tolerances as (

    select
        cdr_key,
        price_step_per_period,
        price_step_time_parking,
        price_min_misapplied,
        price_max_misapplied,
        price_element_order,
        price_band_in_utc,
        price_rounding_stage,
        tariff_claimed_vs_force
    from {{ ref('claim_tolerances') }}

),

cdrs as (

    select
        cdr_key,
        claimed_incl_tax
    from {{ ref('cdrs') }}

),

repriced as (

    select
        cdr_key,
        reading,
        variant,
        other_reading,
        total_excl_tax
    from {{ source('reconcile', 'repriced_claims') }}

),

other_discounts as (

    select cdr_key
    from {{ ref('discount_readings') }}

),

priced as (

    select
        expected_prices.cdr_key,
        expected_prices.claimed_excl_tax,
        expected_prices.expected_excl_tax,
        expected_prices.difference,
        expected_prices.tolerance,
        expected_prices.rated_incl_tax,
        coalesce(expected_prices.range_gap > expected_prices.tolerance, false) as is_apart,
        cast(1 - expected_prices.discount_percent * 0.01 as decimal(18, 10)) as share
    from {{ ref('expected_prices') }} as expected_prices
    inner join work on expected_prices.cdr_key = work.cdr_key
    where expected_prices.expected_excl_tax is not null and not expected_prices.is_credit

),

-- A limit moved the gross too: a claim that is right net may have forgotten it there.
limited as (

    select
        cdr_key,
        sum(case when kind = 'min_price' then amount_incl_tax end) as min_added_incl,
        sum(case when kind = 'max_price' then amount_incl_tax end) as max_added_incl
    from {{ ref('price_lines') }}
    where reading = 'base' and kind in ('min_price', 'max_price')
    group by cdr_key

),

one_sided as (

    select
        priced.cdr_key,
        case
            when
                limited.min_added_incl > 0
                and abs(cdrs.claimed_incl_tax - (priced.rated_incl_tax - limited.min_added_incl) * priced.share)
                <= tolerances.price_min_misapplied
                then 'PRICE_MIN_MISAPPLIED'
            when
                limited.max_added_incl < 0
                and abs(cdrs.claimed_incl_tax - (priced.rated_incl_tax - limited.max_added_incl) * priced.share)
                <= tolerances.price_max_misapplied
                then 'PRICE_MAX_MISAPPLIED'
        end as wrong_reading
    from priced
    inner join limited on priced.cdr_key = limited.cdr_key
    inner join cdrs on priced.cdr_key = cdrs.cdr_key
    inner join tolerances on priced.cdr_key = tolerances.cdr_key
    where abs(cdrs.claimed_incl_tax - priced.rated_incl_tax * priced.share) > 0.02

),

-- The price under the tariff that was cited, beside the one under the version in force. Where nothing was cited, any
-- version that gives the claim.
versions as (

    select
        priced.cdr_key,
        case
            when repriced.reading = 'registry_version' then priced.expected_excl_tax
            else cast(repriced.total_excl_tax * priced.share as decimal(38, 16))
        end as cited_excl_tax,
        case
            when repriced.reading = 'registry_version'
                then cast(repriced.total_excl_tax * priced.share as decimal(38, 16))
            else priced.expected_excl_tax
        end as in_force_excl_tax,
        row_number() over (
            partition by priced.cdr_key order by repriced.reading asc, repriced.variant asc
        ) as version_no
    from priced
    inner join repriced on priced.cdr_key = repriced.cdr_key
    inner join tolerances on priced.cdr_key = tolerances.cdr_key
    where
        repriced.other_reading = 'base'
        and (
            repriced.reading in ('cited_version', 'registry_version')
            or (
                repriced.reading = 'other_version'
                and abs(priced.claimed_excl_tax - repriced.total_excl_tax * priced.share) <= priced.tolerance
            )
        )
        and abs(repriced.total_excl_tax * priced.share - priced.expected_excl_tax) > tolerances.tariff_claimed_vs_force

),

-- Only a claim beyond the tolerance is asked how it came about.
claims as (

    select
        priced.cdr_key,
        priced.claimed_excl_tax,
        priced.expected_excl_tax,
        priced.is_apart,
        priced.share
    from priced
    where abs(priced.difference) > priced.tolerance

),

read_wrong as (

    select
        claims.cdr_key,
        max(case
            when
                repriced.reading = 'bands_in_utc'
                and abs(claims.claimed_excl_tax - repriced.total_excl_tax * claims.share)
                <= tolerances.price_band_in_utc
                then 1
        end) as is_in_utc,
        max(case
            when
                repriced.reading in ('last_element', 'second_element')
                and abs(claims.claimed_excl_tax - repriced.total_excl_tax * claims.share)
                <= tolerances.price_element_order
                then 1
        end) as is_later_element
    from claims
    inner join repriced on claims.cdr_key = repriced.cdr_key
    inner join tolerances on claims.cdr_key = tolerances.cdr_key
    where claims.is_apart
    group by claims.cdr_key

),

lines as (

    select
        price_lines.cdr_key,
        price_lines.line_no,
        price_lines.kind,
        price_lines.part,
        price_lines.step_size,
        price_lines.volume,
        price_lines.amount_excl_tax,
        -- Wh, or seconds to the nearest one.
        case
            when price_lines.part = 'energy' then cast(price_lines.volume * 1000 as decimal(38, 8))
            else cast(round(price_lines.volume * 3600, 0) as decimal(38, 8))
        end as units
    from {{ ref('price_lines') }} as price_lines
    inner join claims on price_lines.cdr_key = claims.cdr_key
    where price_lines.reading = 'base'

),

-- What one line, or the last one of its part for the whole part, would have added.
components as (

    select
        cdr_key,
        part,
        units,
        step_size,
        amount_excl_tax,
        sum(units) over (partition by cdr_key, part) as part_units,
        row_number() over (partition by cdr_key, part order by line_no desc) as last_no
    from lines
    -- Larger ones could not be multiplied exactly, and are faults of another kind.
    where
        kind = 'component' and part in ('energy', 'time', 'parking') and units > 0
        and abs(amount_excl_tax) < 1000000 and coalesce(step_size, 0) <= 1000000

),

steps as (

    select
        cdr_key,
        part,
        last_no,
        case
            when step_size > 0 and units % step_size <> 0
                then cast(amount_excl_tax as decimal(20, 8)) * cast(step_size - units % step_size as decimal(18, 4))
            else 0
        end as line_product,
        case
            when step_size > 0 and part_units % step_size <> 0
                then
                    cast(amount_excl_tax as decimal(20, 8))
                    * cast(step_size - part_units % step_size as decimal(18, 4))
            else 0
        end as part_product,
        units
    from components

),

added as (

    select
        cdr_key,
        sum(cast({{ decimal_division('line_product', 'units') }} as decimal(38, 12))) as per_period,
        sum(case
            when part = 'time' and last_no = 1
                then cast({{ decimal_division('part_product', 'units') }} as decimal(38, 12))
        end) as time_step,
        max(case when part = 'parking' then 1 else 0 end) as has_parking
    from steps
    group by cdr_key

),

stepped as (

    select
        cdr_key,
        sum(case when kind = 'step' then amount_excl_tax else 0 end) as step_amount,
        sum(case when kind = 'step' and part = 'parking' then amount_excl_tax else 0 end) as parking_step,
        sum(case when kind = 'min_price' then amount_excl_tax end) as min_added,
        sum(case when kind = 'max_price' then amount_excl_tax end) as max_added
    from lines
    group by cdr_key

),

-- To the hundredth a line, or a part; up, down, or to the nearest. Where a limit was met the lines do not add up.
rounded_lines as (

    select
        cdr_key,
        count(*) as lines,
        sum(cast(round(amount_excl_tax, 2) as decimal(18, 2))) as nearest,
        sum(cast(ceil(cast(amount_excl_tax as decimal(20, 10)) * 100) * 0.01 as decimal(18, 2))) as up,
        sum(cast(floor(cast(amount_excl_tax as decimal(20, 10)) * 100) * 0.01 as decimal(18, 2))) as down
    from lines
    where amount_excl_tax <> 0 and abs(amount_excl_tax) < 1000000
    group by cdr_key

),

part_sums as (

    select
        cdr_key,
        part,
        sum(amount_excl_tax) as amount_excl_tax
    from lines
    where abs(amount_excl_tax) < 1000000
    group by cdr_key, part

),

rounded_parts as (

    select
        cdr_key,
        sum(cast(ceil(cast(amount_excl_tax as decimal(20, 10)) * 100) * 0.01 as decimal(18, 2))) as up,
        sum(cast(floor(cast(amount_excl_tax as decimal(20, 10)) * 100) * 0.01 as decimal(18, 2))) as down
    from part_sums
    group by cdr_key

),

gaps as (

    select
        claims.cdr_key,
        claims.claimed_excl_tax - claims.expected_excl_tax as gap,
        claims.expected_excl_tax,
        claims.is_apart,
        -- The claim is the sum of lines or parts that were rounded one by one, up to half a hundredth.
        least(
            abs(claims.claimed_excl_tax - rounded_lines.nearest * claims.share),
            abs(claims.claimed_excl_tax - rounded_lines.up * claims.share),
            abs(claims.claimed_excl_tax - rounded_lines.down * claims.share),
            abs(claims.claimed_excl_tax - rounded_parts.up * claims.share),
            abs(claims.claimed_excl_tax - rounded_parts.down * claims.share)
        ) < 0.005 as is_rounded_earlier,
        rounded_lines.lines,
        (added.per_period - stepped.step_amount) * claims.share as per_period_gap,
        case when added.has_parking = 1 then added.time_step * claims.share end as both_gap,
        case when added.has_parking = 1 then (added.time_step - stepped.parking_step) * claims.share end as time_gap,
        stepped.min_added * claims.share as min_added,
        stepped.max_added * claims.share as max_added
    from claims
    inner join stepped on claims.cdr_key = stepped.cdr_key
    left join added on claims.cdr_key = added.cdr_key
    left join rounded_lines on claims.cdr_key = rounded_lines.cdr_key
    left join rounded_parts on claims.cdr_key = rounded_parts.cdr_key

),

named as (

    select
        gaps.cdr_key,
        case
            -- The limit forgotten, or the minimum laid on top of the price that falls short of it.
            when not gaps.is_apart then null
            when gaps.min_added > 0 and abs(gaps.gap + gaps.min_added) <= tolerances.price_min_misapplied
                then 'PRICE_MIN_MISAPPLIED'
            when
                gaps.min_added > 0
                and abs(gaps.gap - (gaps.expected_excl_tax - gaps.min_added)) <= tolerances.price_min_misapplied
                then 'PRICE_MIN_MISAPPLIED'
            when gaps.max_added < 0 and abs(gaps.gap + gaps.max_added) <= tolerances.price_max_misapplied
                then 'PRICE_MAX_MISAPPLIED'
            when coalesce(gaps.min_added, gaps.max_added, 0) <> 0 then null
            when gaps.both_gap > 0 and abs(gaps.gap - gaps.both_gap) <= tolerances.price_step_time_parking
                then 'PRICE_STEP_TIME_PARKING'
            when gaps.both_gap > 0 and abs(gaps.gap - gaps.time_gap) <= tolerances.price_step_time_parking
                then 'PRICE_STEP_TIME_PARKING'
            when gaps.per_period_gap <> 0 and abs(gaps.gap - gaps.per_period_gap) <= tolerances.price_step_per_period
                then 'PRICE_STEP_PER_PERIOD'
        end as wrong_reading,
        coalesce(
            gaps.is_rounded_earlier
            and gaps.min_added is null
            and gaps.max_added is null
            and abs(gaps.gap) <= tolerances.price_rounding_stage * gaps.lines,
            false
        ) as is_rounded_earlier
    from gaps
    inner join tolerances on gaps.cdr_key = tolerances.cdr_key

),

asked as (

    select cdr_key
    from claims
    union
    select cdr_key
    from versions
    union
    select cdr_key
    from one_sided
    where wrong_reading is not null

)

select
    asked.cdr_key,
    -- One mistake is named: what the discount or the version explains needs no other.
    case
        when other_discounts.cdr_key is not null then null
        when abs(claims.claimed_excl_tax - versions.cited_excl_tax) <= priced.tolerance then null
        when named.wrong_reading is not null then named.wrong_reading
        when one_sided.wrong_reading is not null then one_sided.wrong_reading
        when read_wrong.is_in_utc = 1 then 'PRICE_BAND_IN_UTC'
        when read_wrong.is_later_element = 1 then 'PRICE_ELEMENT_ORDER'
        when named.is_rounded_earlier then 'PRICE_ROUNDING_STAGE'
    end as wrong_reading,
    versions.cited_excl_tax,
    versions.in_force_excl_tax
from asked
inner join priced on asked.cdr_key = priced.cdr_key
left join claims on asked.cdr_key = claims.cdr_key
left join other_discounts on asked.cdr_key = other_discounts.cdr_key
left join versions on asked.cdr_key = versions.cdr_key and versions.version_no = 1
left join one_sided on asked.cdr_key = one_sided.cdr_key
left join named on asked.cdr_key = named.cdr_key
left join read_wrong on asked.cdr_key = read_wrong.cdr_key
