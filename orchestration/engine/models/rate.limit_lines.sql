with

reading_periods as (

    select
        price_id,
        tariff_index,
        tariff_no
    from "evsettle"."rate"."reading_periods"

),

step_readings as (

    select
        price_id,
        base_price_id
    from "evsettle"."rate"."step_readings"

),

reading_prices as (

    select
        price_id,
        tariff_index,
        tariff_no,
        amount_excl_tax,
        amount_incl_tax
    from "evsettle"."rate"."reading_prices"

),

session_steps as (

    select
        price_id,
        tariff_index,
        tariff_no,
        amount_excl_tax,
        amount_incl_tax
    from "evsettle"."rate"."session_steps"

),

rounding_lines as (

    select
        price_id,
        tariff_index,
        tariff_no,
        amount_excl_tax,
        amount_incl_tax
    from "evsettle"."rate"."rounding_lines"

),

-- With tax_included N/A net and gross are one amount, and both limits hold for it: the higher minimum, the lower
-- maximum. greatest and least pass over a side that is not given.
limits as (

    select
        tariff_no,
        case
            when tax_included = 'N/A' then greatest(min_price_excl_tax, min_price_incl_tax) else min_price_excl_tax
        end as min_excl,
        case
            when tax_included = 'N/A' then greatest(min_price_excl_tax, min_price_incl_tax) else min_price_incl_tax
        end as min_incl,
        case
            when tax_included = 'N/A' then least(max_price_excl_tax, max_price_incl_tax) else max_price_excl_tax
        end as max_excl,
        case
            when tax_included = 'N/A' then least(max_price_excl_tax, max_price_incl_tax) else max_price_incl_tax
        end as max_incl
    from "evsettle"."ingest"."tariff_bodies"
    where coalesce(min_price_excl_tax, min_price_incl_tax, max_price_excl_tax, max_price_incl_tax) is not null

),

-- A tariff that a period used is limited even when nothing in it was priced. Its place in the CDR names it: some
-- send a tariff without an id.
period_uses as (

    select
        reading_periods.price_id,
        reading_periods.tariff_index,
        min(reading_periods.tariff_no) as tariff_no
    from reading_periods
    where reading_periods.tariff_no in (select limits.tariff_no from limits)
    group by reading_periods.price_id, reading_periods.tariff_index

),

uses as (

    select
        price_id,
        tariff_index,
        tariff_no
    from period_uses
    union all
    select
        step_readings.price_id,
        period_uses.tariff_index,
        period_uses.tariff_no
    from step_readings
    inner join period_uses on step_readings.base_price_id = period_uses.price_id

),

amounts as (

    select
        price_id,
        tariff_index,
        amount_excl_tax,
        amount_incl_tax
    from reading_prices
    where tariff_no in (select limits.tariff_no from limits)

    union all

    select
        price_id,
        tariff_index,
        amount_excl_tax,
        amount_incl_tax
    from session_steps
    where tariff_no in (select limits.tariff_no from limits)

    union all

    select
        price_id,
        tariff_index,
        amount_excl_tax,
        amount_incl_tax
    from rounding_lines
    where tariff_no in (select limits.tariff_no from limits)

),

sums as (

    select
        price_id,
        tariff_index,
        case when count(*) = count(amount_excl_tax) then sum(amount_excl_tax) end as excl_tax,
        case when count(*) = count(amount_incl_tax) then sum(amount_incl_tax) end as incl_tax
    from amounts
    group by price_id, tariff_index

),

priced as (

    select
        uses.price_id,
        uses.tariff_index,
        limits.min_excl,
        limits.min_incl,
        limits.max_excl,
        limits.max_incl,
        case when sums.price_id is null then 0 else sums.excl_tax end as excl_tax,
        case when sums.price_id is null then 0 else sums.incl_tax end as incl_tax
    from uses
    inner join limits on uses.tariff_no = limits.tariff_no
    left join sums on uses.price_id = sums.price_id and uses.tariff_index = sums.tariff_index

),

-- Each side on its own. A side without a limit of its own follows the other by the effective tax ratio,
-- which is unknown where the priced amount is zero or either side is.
raised as (

    select
        *,
        case
        when min_excl is not null
            then case when excl_tax < min_excl then min_excl else excl_tax end
        when min_incl is null then excl_tax
        when not (incl_tax < min_incl) then excl_tax
        when
            abs(excl_tax) < 100000000
            and abs(excl_tax) < abs(incl_tax) * 1000
            and abs(min_incl) < 100000000
            then
                cast(min_incl as decimal(18, 8)) * cast(
                    decimal_division(
        cast(excl_tax as decimal(25, 16)),
        nullif(cast(incl_tax as decimal(38, 14)), 0),
        15
    ) as decimal(20, 15)
                )
    end as raised_excl,
        case
        when min_incl is not null
            then case when incl_tax < min_incl then min_incl else incl_tax end
        when min_excl is null then incl_tax
        when not (excl_tax < min_excl) then incl_tax
        when
            abs(incl_tax) < 100000000
            and abs(incl_tax) < abs(excl_tax) * 1000
            and abs(min_excl) < 100000000
            then
                cast(min_excl as decimal(18, 8)) * cast(
                    decimal_division(
        cast(incl_tax as decimal(25, 16)),
        nullif(cast(excl_tax as decimal(38, 14)), 0),
        15
    ) as decimal(20, 15)
                )
    end as raised_incl
    from priced

),

lowered as (

    select
        *,
        case
        when max_excl is not null
            then case when raised_excl > max_excl then max_excl else raised_excl end
        when max_incl is null then raised_excl
        when not (raised_incl > max_incl) then raised_excl
        when
            abs(raised_excl) < 100000000
            and abs(raised_excl) < abs(raised_incl) * 1000
            and abs(max_incl) < 100000000
            then
                cast(max_incl as decimal(18, 8)) * cast(
                    decimal_division(
        cast(raised_excl as decimal(25, 16)),
        nullif(cast(raised_incl as decimal(38, 14)), 0),
        15
    ) as decimal(20, 15)
                )
    end as limited_excl,
        case
        when max_incl is not null
            then case when raised_incl > max_incl then max_incl else raised_incl end
        when max_excl is null then raised_incl
        when not (raised_excl > max_excl) then raised_incl
        when
            abs(raised_incl) < 100000000
            and abs(raised_incl) < abs(raised_excl) * 1000
            and abs(max_excl) < 100000000
            then
                cast(max_excl as decimal(18, 8)) * cast(
                    decimal_division(
        cast(raised_incl as decimal(25, 16)),
        nullif(cast(raised_excl as decimal(38, 14)), 0),
        15
    ) as decimal(20, 15)
                )
    end as limited_incl
    from raised

),

-- A side that became unknown was moved too.
moved as (

    select
        *,
        coalesce(raised_excl <> excl_tax, excl_tax is not null)
        or coalesce(raised_incl <> incl_tax, incl_tax is not null) as is_raised,
        coalesce(limited_excl <> excl_tax, excl_tax is not null)
        or coalesce(limited_incl <> incl_tax, incl_tax is not null) as is_limited
    from lowered

)

select
    price_id,
    tariff_index,
    case when is_raised then 'min_price' else 'max_price' end as limit_name,
    cast(limited_excl - excl_tax as decimal(38, 16)) as amount_excl_tax,
    cast(limited_incl - incl_tax as decimal(38, 16)) as amount_incl_tax
from moved
where is_limited
