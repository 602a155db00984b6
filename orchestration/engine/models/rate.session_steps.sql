with

period_prices as (

    select
        record_id,
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

consumed as (

    select
        record_id,
        part,
        sum(volume) as volume,
        max(sorted_no) as last_sorted_no
    from period_prices
    group by record_id, part

),

parking as (

    select record_id
    from consumed
    where part = 'parking'

),

-- Wh and seconds. Volumes are priced as sent; only to count steps is time snapped to the nearest second,
-- so that 0.516667 h are 31 steps of a minute and not 32.
in_steps as (

    select
        period_prices.record_id,
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
            consumed.record_id = period_prices.record_id
            and consumed.part = period_prices.part
            and consumed.last_sorted_no = period_prices.sorted_no
    left join parking on consumed.record_id = parking.record_id
    where
        period_prices.step_size > 0
        and consumed.volume > 0
        -- Where charging and parking time were both priced, only the parking is rounded.
        and (consumed.part <> 'time' or parking.record_id is null)

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

)

select
    record_id,
    period_no,
    sorted_no,
    part,
    dimension,
    cast(decimal_division(
        cast(units_added as decimal(30, 16)),
        nullif(cast(units_per_volume as decimal(38, 8)), 0),
        16
    ) as decimal(18, 8)) as volume,
    tariff_id,
    tariff_index,
    tariff_version,
    tariff_no,
    element_no,
    component_no,
    unit_price,
    tax_percent,
    step_size,
    cast(
        case
            when tax_included = 'YES' and product <> 0
                then decimal_division(
        cast(product as decimal(30, 16)),
        nullif(cast(units_per_volume * (1 + tax_percent * 0.01) as decimal(38, 8)), 0),
        16
    )
            else decimal_division(
        cast(product as decimal(30, 16)),
        nullif(cast(units_per_volume as decimal(38, 8)), 0),
        16
    )
        end
        as decimal(38, 16)
    ) as amount_excl_tax,
    cast(
        case
            when tax_included in ('YES', 'N/A') or product = 0
                then decimal_division(
        cast(product as decimal(30, 16)),
        nullif(cast(units_per_volume as decimal(38, 8)), 0),
        16
    )
            else
                decimal_division(
        cast(cast(product as decimal(38, 14)) * cast(1 + tax_percent * 0.01 as decimal(12, 8)) as decimal(30, 16)),
        nullif(cast(units_per_volume as decimal(38, 8)), 0),
        16
    )
        end
        as decimal(38, 16)
    ) as amount_incl_tax
from amounts
