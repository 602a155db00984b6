with

work as (

    select cdr_key
    from "evsettle"."inspect"."work"

),

cdrs as (

    select
        cdr_key,
        is_credit,
        claimed_excl_tax,
        claimed_incl_tax
    from "evsettle"."inspect"."cdrs"

),

terms as (

    select
        cdr_key,
        tolerance_amount,
        tolerance_percent
    from "evsettle"."inspect"."cdr_terms"

),

discounts as (

    select
        cdr_key,
        discount_percent
    from "evsettle"."reconcile"."session_discounts"

),

discount_shares as (

    select
        cdr_key,
        sum(discount_percent) as discount_percent
    from discounts
    group by cdr_key

),

prices as (

    select
        cdr_key,
        reading,
        total_excl_tax,
        total_incl_tax,
        is_priced
    from "evsettle"."rate"."price_totals"

),

price_ranges as (

    select
        cdr_key,
        reading_min,
        reading_max,
        min_excl_tax,
        max_excl_tax
    from "evsettle"."rate"."price_ranges"

),

sessions as (

    select
        cdrs.cdr_key,
        coalesce(cdrs.is_credit, false) as is_credit,
        -- A credit's claim counts with its sign; one sent positive is read as negative (CREDIT_SIGN_WRONG).
        case when cdrs.is_credit then -abs(cdrs.claimed_excl_tax) else cdrs.claimed_excl_tax end as claimed_excl_tax,
        case when cdrs.is_credit then -abs(cdrs.claimed_incl_tax) else cdrs.claimed_incl_tax end as claimed_incl_tax,
        cast(coalesce(discount_shares.discount_percent, 0) as decimal(18, 8)) as discount_percent,
        coalesce(terms.tolerance_amount, 0) as tolerance_amount,
        coalesce(terms.tolerance_percent, 0) as tolerance_percent
    from work
    inner join cdrs on work.cdr_key = cdrs.cdr_key
    left join terms on cdrs.cdr_key = terms.cdr_key
    left join discount_shares on cdrs.cdr_key = discount_shares.cdr_key

),

base_readings as (

    select
        prices.cdr_key,
        prices.total_excl_tax as rated_excl_tax,
        prices.total_incl_tax as rated_incl_tax
    from prices
    inner join work on prices.cdr_key = work.cdr_key
    where prices.is_priced and prices.total_excl_tax is not null and prices.reading = 'base'

),

-- The sum of the lines that discount_lines shows: each discount is a share of the tariff's price.
base_discounts as (

    select
        base_readings.cdr_key,
        sum(cast(-cast(base_readings.rated_excl_tax as decimal(38, 16)) * discounts.discount_percent * 0.01 as decimal(38, 16))) as discount_excl_tax
    from base_readings
    inner join discounts on base_readings.cdr_key = discounts.cdr_key
    group by base_readings.cdr_key

),

base_prices as (

    select
        base_readings.cdr_key,
        base_readings.rated_excl_tax,
        base_readings.rated_incl_tax,
        coalesce(base_discounts.discount_excl_tax, 0) as discount_excl_tax,
        base_readings.rated_excl_tax + coalesce(base_discounts.discount_excl_tax, 0) as expected_excl_tax
    from base_readings
    left join base_discounts on base_readings.cdr_key = base_discounts.cdr_key

),

range_discounts as (

    select
        price_ranges.cdr_key,
        sum(cast(-cast(price_ranges.min_excl_tax as decimal(38, 16)) * discounts.discount_percent * 0.01 as decimal(38, 16))) as min_discount,
        sum(cast(-cast(price_ranges.max_excl_tax as decimal(38, 16)) * discounts.discount_percent * 0.01 as decimal(38, 16))) as max_discount
    from price_ranges
    inner join discounts on price_ranges.cdr_key = discounts.cdr_key
    group by price_ranges.cdr_key

),

-- A discount is a share of the price, so it takes the same share off both ends.
ranges as (

    select
        price_ranges.cdr_key,
        price_ranges.min_excl_tax + coalesce(range_discounts.min_discount, 0) as range_min,
        price_ranges.max_excl_tax + coalesce(range_discounts.max_discount, 0) as range_max,
        case
            when price_ranges.reading_min = price_ranges.reading_max then price_ranges.reading_min
            else price_ranges.reading_min || ',' || price_ranges.reading_max
        end as readings
    from price_ranges
    left join range_discounts on price_ranges.cdr_key = range_discounts.cdr_key

),

compared as (

    select
        sessions.cdr_key,
        sessions.is_credit,
        sessions.claimed_excl_tax,
        sessions.claimed_incl_tax,
        base_prices.rated_excl_tax,
        base_prices.rated_incl_tax,
        base_prices.discount_excl_tax,
        base_prices.expected_excl_tax,
        ranges.range_min,
        ranges.range_max,
        ranges.readings,
        sessions.discount_percent,
        sessions.claimed_excl_tax - base_prices.expected_excl_tax as difference,
        greatest(
            sessions.tolerance_amount,
            cast(abs(base_prices.expected_excl_tax) as decimal(38, 12)) * sessions.tolerance_percent * 0.01
        ) as tolerance
    from sessions
    left join base_prices on sessions.cdr_key = base_prices.cdr_key
    left join ranges on base_prices.cdr_key = ranges.cdr_key

)

select
    cdr_key,
    is_credit,
    claimed_excl_tax,
    claimed_incl_tax,
    cast(rated_excl_tax as decimal(38, 16)) as rated_excl_tax,
    cast(rated_incl_tax as decimal(38, 16)) as rated_incl_tax,
    discount_percent,
    cast(discount_excl_tax as decimal(38, 16)) as discount_excl_tax,
    cast(expected_excl_tax as decimal(38, 16)) as expected_excl_tax,
    cast(range_min as decimal(38, 16)) as range_min,
    cast(range_max as decimal(38, 16)) as range_max,
    readings,
    cast(difference as decimal(38, 16)) as difference,
    -- How far the claim lies outside the range of honest prices; 0 inside it. greatest() skips nulls, so an
    -- unknown side must be caught before it, or an unpriced claim would lie inside.
    cast(
        case
            when claimed_excl_tax is not null and range_min is not null
                then greatest(claimed_excl_tax - range_max, range_min - claimed_excl_tax, 0)
        end as decimal(38, 16)
    ) as range_gap,
    cast(case when expected_excl_tax is not null then tolerance end as decimal(38, 16)) as tolerance
from compared
