with

session_tariffs as (

    select
        record_id,
        cdr_key,
        amount_sign,
        tariff_count,
        tariff_index,
        tariff_id,
        tariff_version
    from "evsettle"."rate"."session_tariffs"

),

tariffs_in_force as (

    select
        cdr_key,
        tariff_index,
        tariff_id,
        tariff_version
    from "evsettle"."inspect"."tariffs_in_force"

),

record_problems as (

    select record_id
    from "evsettle"."rate"."record_problems"
    where is_blocking

),

reading_prices as (

    select
        price_id,
        sorted_no,
        period_no,
        part_no,
        volume,
        tariff_index,
        tariff_no,
        element_no,
        component_no,
        unit_price,
        tax_percent,
        step_size,
        amount_excl_tax,
        amount_incl_tax
    from "evsettle"."rate"."reading_prices"

),

session_steps as (

    select
        price_id,
        sorted_no,
        period_no,
        part_no,
        volume,
        tariff_index,
        tariff_no,
        element_no,
        component_no,
        unit_price,
        tax_percent,
        step_size,
        amount_excl_tax,
        amount_incl_tax
    from "evsettle"."rate"."session_steps"

),

rounding_lines as (

    select
        price_id,
        part_no,
        tariff_index,
        tariff_no,
        element_no,
        component_no,
        amount_excl_tax,
        amount_incl_tax
    from "evsettle"."rate"."rounding_lines"

),

limit_lines as (

    select
        price_id,
        tariff_index,
        limit_name,
        amount_excl_tax,
        amount_incl_tax
    from "evsettle"."rate"."limit_lines"

),

tariff_elements as (

    select
        tariff_no,
        element_no,
        restrictions_text
    from "evsettle"."ingest"."tariff_elements"

),

-- Texts are looked up here, once, and by numbers until here. A CDR that cannot be priced has no lines: half a price
-- would be a silent number.
session_texts as (

    select
        record_id,
        cdr_key,
        amount_sign,
        tariff_index,
        tariff_id,
        tariff_version
    from session_tariffs
    where tariff_count = 1
    union all
    select
        session_tariffs.record_id,
        session_tariffs.cdr_key,
        session_tariffs.amount_sign,
        tariffs_in_force.tariff_index,
        tariffs_in_force.tariff_id,
        tariffs_in_force.tariff_version
    from session_tariffs
    inner join tariffs_in_force on session_tariffs.cdr_key = tariffs_in_force.cdr_key
    where session_tariffs.tariff_count > 1

),

priced_tariffs as (

    select session_texts.*
    from session_texts
    where session_texts.record_id not in (select record_problems.record_id from record_problems)

),

-- Ten numbers a period, in the order of reading; its step lines are the last of them, limits come after all periods.
numbered as (

    select
        price_id,
        'component' as kind,
        sorted_no * 10 + part_no as line_no,
        period_no,
        part_no,
        volume,
        tariff_index,
        tariff_no,
        element_no,
        component_no,
        unit_price,
        tax_percent,
        step_size,
        amount_excl_tax,
        amount_incl_tax
    from reading_prices

    union all

    select
        price_id,
        'step' as kind,
        sorted_no * 10 + case part_no when 4 then 7 when 5 then 8 when 2 then 9 else 10 end as line_no,
        period_no,
        part_no,
        volume,
        tariff_index,
        tariff_no,
        element_no,
        component_no,
        unit_price,
        tax_percent,
        step_size,
        amount_excl_tax,
        amount_incl_tax
    from session_steps

    union all

    select
        price_id,
        'price_round' as kind,
        1000000 + row_number() over (
            partition by price_id order by tariff_index, element_no, component_no, part_no
        ) as line_no,
        null as period_no,
        part_no,
        cast(null as decimal(18, 8)) as volume,
        tariff_index,
        tariff_no,
        element_no,
        component_no,
        cast(null as decimal(18, 8)) as unit_price,
        cast(null as decimal(18, 8)) as tax_percent,
        null as step_size,
        amount_excl_tax,
        amount_incl_tax
    from rounding_lines

    union all

    select
        price_id,
        limit_name as kind,
        2000000 + row_number() over (partition by price_id order by tariff_index) as line_no,
        null as period_no,
        7 as part_no,
        cast(null as decimal(18, 8)) as volume,
        tariff_index,
        null as tariff_no,
        null as element_no,
        null as component_no,
        cast(null as decimal(18, 8)) as unit_price,
        cast(null as decimal(18, 8)) as tax_percent,
        null as step_size,
        amount_excl_tax,
        amount_incl_tax
    from limit_lines

)

select
    priced_tariffs.cdr_key,
    case numbered.price_id % 16
        when 0 then 'base'
        when 1 then 'clock_before_change'
        when 2 then 'clock_after_change'
        when 3 then 'step_of_last_tariff'
        when 4 then 'step_each_duration'
        when 5 then 'step_each_period'
        when 6 then 'step_of_last_tariff+step_each_duration'
        when 8 then 'split'
        when 9 then 'clock_before_change+step_of_last_tariff'
        when 10 then 'clock_before_change+step_each_duration'
        when 11 then 'clock_before_change+step_each_period'
        when 7 then 'clock_before_change+step_of_last_tariff+step_each_duration'
        when 12 then 'clock_after_change+step_of_last_tariff'
        when 13 then 'clock_after_change+step_each_duration'
        when 14 then 'clock_after_change+step_each_period'
        when 15 then 'clock_after_change+step_of_last_tariff+step_each_duration'
    end as reading,
    cast(numbered.line_no as integer) as line_no,
    numbered.kind,
    case numbered.part_no
        when 3 then 'fixed'
        when 4 then 'energy'
        when 5 then 'time'
        when 6 then 'parking'
        when 7 then 'limit'
        else 'reservation'
    end as part,
    numbered.period_no,
    case numbered.part_no
        when 4 then 'ENERGY'
        when 2 then 'TIME'
        when 5 then 'TIME'
        when 6 then 'PARKING_TIME'
        when 7 then 'LIMIT'
        else 'FLAT'
    end as dimension,
    numbered.volume,
    priced_tariffs.tariff_id,
    priced_tariffs.tariff_version,
    numbered.element_no,
    numbered.component_no,
    tariff_elements.restrictions_text as restrictions,
    numbered.unit_price,
    numbered.tax_percent,
    numbered.step_size,
    case when numbered.kind = 'step' then numbered.volume end as step_surcharge,
    -- A credit takes back every part; volumes stay positive.
    cast(priced_tariffs.amount_sign * numbered.amount_excl_tax as decimal(38, 16)) as amount_excl_tax,
    cast(priced_tariffs.amount_sign * numbered.amount_incl_tax as decimal(38, 16)) as amount_incl_tax
from numbered
inner join priced_tariffs
    on
        numbered.price_id - numbered.price_id % 16 = priced_tariffs.record_id * 16
        and numbered.tariff_index = priced_tariffs.tariff_index
left join tariff_elements
    on numbered.tariff_no = tariff_elements.tariff_no and numbered.element_no = tariff_elements.element_no
-- What is priced only to be compared with has no lines, nor have two readings at once.
where numbered.price_id % 16 < 6
