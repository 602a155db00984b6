{#
    Common table expressions from `claims` (of the model that calls it) to `gaps`: one row per cdr_key, with how far the
    claim is from its price, and what steps, limits and earlier rounding would have added. Worked out from the base
    price's own lines.
#}
{% macro line_gaps() -%}
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
{%- endmacro %}
