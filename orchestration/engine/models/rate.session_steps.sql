with

period_prices as (

    select
        price_id,
        period_no,
        sorted_no,
        part,
        dimension,
        volume,
        tariff_id,
        tariff_index,
        tariff_version,
        tariff_no,
        element_no,
        component_no,
        unit_price,
        tax_percent,
        tax_included,
        step_size,
        step_round_rule
    from "evsettle"."rate"."period_prices"
    where dimension <> 'FLAT'

),

step_readings as (

    select
        price_id,
        base_price_id,
        reading_no
    from "evsettle"."rate"."step_readings"

),

base_volumes as (

    select
        price_id,
        part,
        sum(volume) as volume,
        max(sorted_no) as last_sorted_no
    from period_prices
    group by price_id, part

),

parking as (

    select price_id
    from base_volumes
    where part = 'parking'

),

last_tariffs as (

    select
        base_volumes.price_id,
        base_volumes.part,
        period_prices.tariff_index
    from base_volumes
    inner join period_prices
        on
            base_volumes.price_id = period_prices.price_id
            and base_volumes.part = period_prices.part
            and base_volumes.last_sorted_no = period_prices.sorted_no
    inner join step_readings on base_volumes.price_id = step_readings.base_price_id and step_readings.reading_no = 3

),

-- What is rounded: once per session; or, in other readings, what the last tariff priced, time and parking each,
-- or the volume of each period. Where charging and parking time were both priced the base rounds only the parking.
consumed as (

    select
        base_volumes.price_id,
        base_volumes.price_id as base_price_id,
        base_volumes.part,
        base_volumes.volume,
        base_volumes.last_sorted_no
    from base_volumes
    left join parking on base_volumes.price_id = parking.price_id
    where base_volumes.part <> 'time' or parking.price_id is null

    union all

    select
        step_readings.price_id,
        step_readings.base_price_id,
        base_volumes.part,
        base_volumes.volume,
        base_volumes.last_sorted_no
    from step_readings
    inner join base_volumes on step_readings.base_price_id = base_volumes.price_id
    where step_readings.reading_no = 4

    union all

    select
        step_readings.price_id,
        step_readings.base_price_id,
        period_prices.part,
        sum(period_prices.volume) as volume,
        max(period_prices.sorted_no) as last_sorted_no
    from step_readings
    inner join period_prices on step_readings.base_price_id = period_prices.price_id
    inner join last_tariffs
        on
            step_readings.base_price_id = last_tariffs.price_id
            and period_prices.part = last_tariffs.part
            and period_prices.tariff_index = last_tariffs.tariff_index
    left join parking on step_readings.base_price_id = parking.price_id
    where
        step_readings.reading_no = 3
        and (period_prices.part <> 'time' or parking.price_id is null)
    group by step_readings.price_id, step_readings.base_price_id, period_prices.part

    union all

    select
        step_readings.price_id,
        step_readings.base_price_id,
        period_prices.part,
        period_prices.volume,
        period_prices.sorted_no as last_sorted_no
    from step_readings
    inner join period_prices on step_readings.base_price_id = period_prices.price_id
    where step_readings.reading_no = 5

),

-- Wh and seconds. Volumes are priced as sent; only to count steps is time snapped to the nearest second,
-- so that 0.516667 h are 31 steps of a minute and not 32.
in_steps as (

    select
        consumed.price_id,
        period_prices.period_no,
        period_prices.sorted_no,
        period_prices.part,
        period_prices.dimension,
        period_prices.tariff_id,
        period_prices.tariff_index,
        period_prices.tariff_version,
        period_prices.tariff_no,
        period_prices.element_no,
        period_prices.component_no,
        period_prices.unit_price,
        period_prices.tax_percent,
        period_prices.tax_included,
        period_prices.step_size,
        coalesce(period_prices.step_round_rule, 'ROUND_UP') as step_round_rule,
        cast(
            consumed.volume * case when consumed.part = 'energy' then 1000 else 3600 end as decimal(38, 8)
        ) as units_sent,
        case
            when consumed.part = 'energy' then cast(consumed.volume * 1000 as decimal(38, 8))
            else cast(round(consumed.volume * 3600, 0) as decimal(38, 8))
        end as units
    from consumed
    inner join period_prices
        on
            consumed.base_price_id = period_prices.price_id
            and consumed.part = period_prices.part
            and consumed.last_sorted_no = period_prices.sorted_no
    where
        period_prices.step_size > 0
        and consumed.volume > 0

),

started_steps as (

    select
        *,
        units % step_size as units_over
    from in_steps

),

-- The billed total is a whole number of steps: 1.973 h in steps of 300 s are 24 of them, two hours exactly.
rounded as (

    select
        *,
        cast(
            units - units_over - units_sent
            + case
                when
                    step_round_rule = 'ROUND_DOWN'
                    or (step_round_rule = 'ROUND_NEAR' and units_over * 2 < step_size)
                    then 0
                else step_size
            end
            as decimal(19, 8)
        ) as units_added
    from started_steps
    where units_over <> 0

),

-- Seconds are no exact number of hours: every multiplication comes first, one division last.
amounts as (

    select
        *,
        case when part = 'energy' then 1000 else 3600 end as units_per_volume,
        units_added * cast(unit_price as decimal(19, 8)) as product
    from rounded

),

divided as (

    select
        *,
        cast(decimal_division(
        cast(product as decimal(30, 16)),
        nullif(cast(units_per_volume as decimal(38, 8)), 0),
        16
    ) as decimal(30, 16)) as amount
    from amounts

)

select
    price_id,
    period_no,
    sorted_no,
    part,
    dimension,
    cast(decimal_division(
        cast(units_added as decimal(30, 16)),
        nullif(cast(units_per_volume as decimal(38, 8)), 0),
        8
    ) as decimal(18, 8)) as volume,
    tariff_id,
    tariff_index,
    tariff_version,
    tariff_no,
    element_no,
    component_no,
    unit_price,
    tax_percent,
    tax_included,
    step_size,
    cast(
        case
            when tax_included = 'YES' and product <> 0
                then decimal_division(
        cast(product as decimal(30, 16)),
        nullif(cast(units_per_volume * (1 + tax_percent * 0.01) as decimal(38, 8)), 0),
        16
    )
            else amount
        end
        as decimal(38, 16)
    ) as amount_excl_tax,
    cast(
        case
            when tax_included in ('YES', 'N/A') or product = 0 then amount
            else decimal_division(amount * cast(1 + tax_percent * 0.01 as decimal(12, 8)), cast(1 as decimal(1, 0)), 16)
        end
        as decimal(38, 16)
    ) as amount_incl_tax
from divided
