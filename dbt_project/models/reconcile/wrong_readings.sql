{{ config(materialized='incremental', incremental_strategy='replace_work') }}

with

work as (

    select cdr_key
    from {{ ref('work') }}

),

tolerances as (

    select *
    from {{ ref('claim_tolerances') }}

),

cdrs as (

    select
        cdr_key,
        claimed_incl_tax
    from {{ ref('cdrs') }}

),

repriced as (

    select *
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
    where abs(cdrs.claimed_incl_tax - priced.rated_incl_tax * priced.share) > priced.tolerance

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

{{ line_gaps() }}

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
