{{ config(materialized='incremental', incremental_strategy='replace_work') }}

{% set columns = [
    'period_no', 'part_no', 'volume', 'tariff_index', 'tariff_no', 'element_no', 'component_no', 'unit_price',
    'tax_percent', 'step_size', 'amount_excl_tax', 'amount_incl_tax'
] %}
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
    from {{ ref('session_tariffs') }}

),

tariffs_in_force as (

    select
        cdr_key,
        tariff_index,
        tariff_id,
        tariff_version
    from {{ ref('tariffs_in_force') }}

),

record_problems as (

    select record_id
    from {{ ref('record_problems') }}
    where is_blocking

),

reading_prices as (

    select
        price_id,
        sorted_no,
        {{ columns | join(',\n        ') }}
    from {{ ref('reading_prices') }}

),

session_steps as (

    select
        price_id,
        sorted_no,
        {{ columns | join(',\n        ') }}
    from {{ ref('session_steps') }}

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
    from {{ ref('rounding_lines') }}

),

limit_lines as (

    select
        price_id,
        tariff_index,
        limit_name,
        amount_excl_tax,
        amount_incl_tax
    from {{ ref('limit_lines') }}

),

tariff_elements as (

    select
        tariff_no,
        element_no,
        restrictions_text
    from {{ ref('tariff_elements') }}

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
        {{ columns | join(',\n        ') }}
    from reading_prices

    union all

    select
        price_id,
        'step' as kind,
        sorted_no * 10 + case part_no when 4 then 7 when 5 then 8 when 2 then 9 else 10 end as line_no,
        {{ columns | join(',\n        ') }}
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
    {{ reading_name('numbered.price_id') }} as reading,
    cast(numbered.line_no as integer) as line_no,
    numbered.kind,
    {{ part_name('numbered.part_no') }} as part,
    numbered.period_no,
    {{ part_dimension('numbered.part_no') }} as dimension,
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
