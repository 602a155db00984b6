{{ config(materialized='incremental', incremental_strategy='replace_work') }}

with

work as (

    select cdr_key
    from {{ ref('work') }}

),

cdrs as (

    select
        cdr_key,
        record_id,
        amount_sign
    from {{ ref('cdrs') }}

),

record_problems as (

    select record_id
    from {{ ref('record_problems') }}
    where is_blocking

),

reading_prices as (

    select
        price_id,
        period_no,
        sorted_no,
        part,
        dimension,
        volume,
        tariff_id,
        tariff_version,
        tariff_no,
        element_no,
        component_no,
        unit_price,
        tax_percent,
        step_size,
        amount_excl_tax,
        amount_incl_tax
    from {{ ref('reading_prices') }}

),

session_steps as (

    select
        price_id,
        period_no,
        sorted_no,
        part,
        dimension,
        volume,
        tariff_id,
        tariff_version,
        tariff_no,
        element_no,
        component_no,
        unit_price,
        tax_percent,
        step_size,
        amount_excl_tax,
        amount_incl_tax
    from {{ ref('session_steps') }}

),

rounding_lines as (

    select
        price_id,
        part,
        dimension,
        tariff_id,
        tariff_index,
        tariff_version,
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
        tariff_id,
        tariff_index,
        tariff_version,
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

-- A CDR that cannot be priced has no lines: half a price would be a silent number.
priced_cdrs as (

    select
        cdrs.record_id,
        cdrs.cdr_key,
        cdrs.amount_sign
    from cdrs
    inner join work on cdrs.cdr_key = work.cdr_key
    where cdrs.record_id not in (select record_problems.record_id from record_problems)

),

-- Ten numbers a period, in the order of reading; its step lines are the last of them, limits come after all periods.
numbered as (

    select
        price_id,
        'component' as kind,
        sorted_no * 10
        + case part when 'reservation' then 1 when 'fixed' then 3 when 'energy' then 4 when 'time' then 5 else 6 end
        + case when dimension = 'FLAT' or part <> 'reservation' then 0 else 1 end as line_no,
        period_no,
        part,
        dimension,
        volume,
        tariff_id,
        tariff_version,
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
        sorted_no * 10
        + case part when 'energy' then 7 when 'time' then 8 when 'reservation' then 9 else 10 end as line_no,
        period_no,
        part,
        dimension,
        volume,
        tariff_id,
        tariff_version,
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
            partition by price_id order by tariff_index, tariff_id, element_no, component_no, part
        ) as line_no,
        null as period_no,
        part,
        dimension,
        cast(null as decimal(18, 8)) as volume,
        tariff_id,
        tariff_version,
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
        2000000 + row_number() over (partition by price_id order by tariff_index, tariff_id) as line_no,
        null as period_no,
        'limit' as part,
        'LIMIT' as dimension,
        cast(null as decimal(18, 8)) as volume,
        tariff_id,
        tariff_version,
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
    priced_cdrs.cdr_key,
    {{ reading_name('numbered.price_id') }} as reading,
    cast(numbered.line_no as integer) as line_no,
    numbered.kind,
    numbered.part,
    numbered.period_no,
    numbered.dimension,
    numbered.volume,
    numbered.tariff_id,
    numbered.tariff_version,
    numbered.element_no,
    numbered.component_no,
    tariff_elements.restrictions_text as restrictions,
    numbered.unit_price,
    numbered.tax_percent,
    numbered.step_size,
    case when numbered.kind = 'step' then numbered.volume end as step_surcharge,
    -- A credit takes back every part; volumes stay positive.
    cast(priced_cdrs.amount_sign * numbered.amount_excl_tax as decimal(38, 16)) as amount_excl_tax,
    cast(priced_cdrs.amount_sign * numbered.amount_incl_tax as decimal(38, 16)) as amount_incl_tax
from numbered
inner join priced_cdrs on numbered.price_id - numbered.price_id % 16 = priced_cdrs.record_id * 16
left join tariff_elements
    on numbered.tariff_no = tariff_elements.tariff_no and numbered.element_no = tariff_elements.element_no
-- What is priced only to be compared with has no lines.
where numbered.price_id % 16 < 8
