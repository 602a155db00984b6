with

part_prices as (

    select
        price_id,
        part_no,
        volume,
        last_sorted_no,
        last_period_no,
        last_tariff_index,
        last_tariff_no,
        last_element_no
    from "evsettle"."rate"."part_prices"
    -- Fees have no steps.
    where part_no not in (1, 3)

),

period_prices as (

    select
        price_id,
        period_no,
        sorted_no,
        part_no,
        volume,
        tariff_index,
        tariff_no,
        element_no
    from "evsettle"."rate"."period_prices"

),

step_readings as (

    select
        price_id,
        base_price_id,
        step_no
    from "evsettle"."rate"."step_readings"

),

tariff_prices as (

    select
        tariff_no,
        element_no,
        component_no,
        part_no,
        price,
        tax_percent,
        tax_included,
        step_size,
        coalesce(step_round_rule, 'ROUND_UP') as step_round_rule
    from "evsettle"."rate"."tariff_prices"
    where step_size > 0

),

parking as (

    select price_id
    from part_prices
    where part_no = 6

),

-- What is rounded: once per session; or, in other readings, what the last tariff priced, time and parking each,
-- or the volume of each period. Where charging and parking time were both priced the base rounds only the parking.
consumed as (

    select
        part_prices.price_id,
        part_prices.part_no,
        part_prices.volume,
        part_prices.last_sorted_no as sorted_no,
        part_prices.last_period_no as period_no,
        part_prices.last_tariff_index as tariff_index,
        part_prices.last_tariff_no as tariff_no,
        part_prices.last_element_no as element_no
    from part_prices
    left join parking on part_prices.price_id = parking.price_id
    where part_prices.part_no <> 5 or parking.price_id is null

    union all

    select
        step_readings.price_id,
        part_prices.part_no,
        part_prices.volume,
        part_prices.last_sorted_no as sorted_no,
        part_prices.last_period_no as period_no,
        part_prices.last_tariff_index as tariff_index,
        part_prices.last_tariff_no as tariff_no,
        part_prices.last_element_no as element_no
    from step_readings
    inner join part_prices on step_readings.base_price_id = part_prices.price_id
    where step_readings.step_no = 4

    union all

    select
        step_readings.price_id,
        part_prices.part_no,
        sum(period_prices.volume) as volume,
        part_prices.last_sorted_no as sorted_no,
        part_prices.last_period_no as period_no,
        part_prices.last_tariff_index as tariff_index,
        part_prices.last_tariff_no as tariff_no,
        part_prices.last_element_no as element_no
    from step_readings
    inner join part_prices on step_readings.base_price_id = part_prices.price_id
    inner join period_prices
        on
            part_prices.price_id = period_prices.price_id
            and part_prices.part_no = period_prices.part_no
            and part_prices.last_tariff_index = period_prices.tariff_index
    left join parking on part_prices.price_id = parking.price_id
    where
        step_readings.step_no in (3, 6)
        and (step_readings.step_no = 6 or part_prices.part_no <> 5 or parking.price_id is null)
    group by
        step_readings.price_id, part_prices.part_no, part_prices.last_sorted_no, part_prices.last_period_no,
        part_prices.last_tariff_index, part_prices.last_tariff_no, part_prices.last_element_no

    union all

    select
        step_readings.price_id,
        period_prices.part_no,
        cast(period_prices.volume as decimal(38, 8)) as volume,
        period_prices.sorted_no,
        period_prices.period_no,
        period_prices.tariff_index,
        period_prices.tariff_no,
        period_prices.element_no
    from step_readings
    inner join period_prices on step_readings.base_price_id = period_prices.price_id
    where step_readings.step_no = 5 and period_prices.part_no not in (1, 3)

),

components as (

    select
        consumed.*,
        tariff_prices.component_no,
        tariff_prices.price as unit_price,
        tariff_prices.tax_percent,
        tariff_prices.tax_included,
        tariff_prices.step_size,
        tariff_prices.step_round_rule,
        case when consumed.part_no = 4 then 1000 else 3600 end as units_per_volume
    from consumed
    inner join tariff_prices
        on
            consumed.tariff_no = tariff_prices.tariff_no
            and consumed.element_no = tariff_prices.element_no
            and consumed.part_no = tariff_prices.part_no
    where consumed.volume > 0

),

-- Wh and seconds. Volumes are priced as sent; only to count steps is time snapped to the nearest second,
-- so that 0.516667 h are 31 steps of a minute and not 32. Numbers of 64 bits are divided and rounded in a tenth of the
-- time that 128 take; a total of a million or more does not fit them.
in_steps as (

    select
        *,
        cast(volume * units_per_volume as decimal(38, 8)) as units_sent,
        case
            when volume < 1000000 and part_no = 4 then cast(cast(volume as decimal(18, 8)) * 1000 as decimal(18, 8))
            when volume < 1000000 then cast(round(cast(volume as decimal(18, 8)) * 3600, 0) as decimal(18, 8))
        end as units,
        case
            when volume < 1000000 then null
            when part_no = 4 then cast(volume * 1000 as decimal(38, 8))
            else cast(round(volume * 3600, 0) as decimal(38, 8))
        end as wide_units
    from components

),

started_steps as (

    select
        *,
        coalesce(units % cast(step_size as decimal(18, 8)), wide_units % step_size) as units_over
    from in_steps

),

-- The billed total is a whole number of steps: 1.973 h in steps of 300 s are 24 of them, two hours exactly.
rounded as (

    select
        *,
        cast(
            coalesce(units, wide_units) - units_over - units_sent
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
    part_no,
    cast(decimal_division(
        cast(units_added as decimal(30, 16)),
        nullif(cast(units_per_volume as decimal(38, 8)), 0),
        8
    ) as decimal(18, 8)) as volume,
    tariff_index,
    tariff_no,
    element_no,
    component_no,
    unit_price,
    tax_percent,
    step_size,
    -- Wh into kWh leaves no residue.
    part_no <> 4 or coalesce(tax_included = 'YES', false) as is_divided,
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
