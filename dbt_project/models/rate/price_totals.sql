{{ config(materialized='incremental', incremental_strategy='replace_work') }}

{% set parts = ['fixed', 'energy', 'time', 'parking', 'reservation', 'limit'] %}

with

session_tariffs as (

    select
        record_id,
        cdr_key,
        currency,
        amount_sign,
        started_us,
        ended_us
    from {{ ref('session_tariffs') }}

),

period_contexts as (

    select
        record_id,
        started_us,
        ended_us,
        cdr_started_us,
        cdr_ended_us,
        is_reservation,
        is_charging,
        energy_kwh,
        parking_hours
    from {{ ref('period_contexts') }}

),

record_problems as (

    select record_id
    from {{ ref('record_problems') }}
    where is_blocking

),

part_totals as (

    select
        price_id,
        is_limited,
        half_up_excl_tax,
        half_even_excl_tax,
    {% for part in parts %}
        {{ part }}_excl_tax,
        {{ part }}_incl_tax{{ ',' if not loop.last }}
    {% endfor %}
    from {{ ref('part_totals') }}

),

work_cdrs as (

    select
        cdr_key,
        record_id,
        currency,
        amount_sign,
        ended_us - started_us as elapsed_us,
        record_id not in (select record_problems.record_id from record_problems) as is_priced
    from session_tariffs

),

-- Reserved time is no time of the session.
volumes as (

    select
        record_id,
        sum(energy_kwh) as energy_kwh,
        sum(parking_hours) as parking_hours,
        sum(
            case
                when is_reservation and not is_charging
                    then greatest(least(ended_us, cdr_ended_us) - greatest(started_us, cdr_started_us), 0)
                else 0
            end
        ) as reserved_us
    from period_contexts
    group by record_id

),

-- A reading that differs prices a period at least.
period_elements as (

    select price_id
    from {{ ref('period_elements') }}
    where price_id % 16 <> 0

),

step_readings as (

    select price_id
    from {{ ref('step_readings') }}

),

readings as (

    select
        reading_no,
        reading,
        is_allowed
    from {{ ref('readings') }}

),

other_prices as (

    select price_id
    from period_elements
    union
    select price_id
    from step_readings

),

prices as (

    select
        record_id,
        record_id * 16 as price_id,
        0 as reading_no
    from work_cdrs
    union all
    select
        work_cdrs.record_id,
        other_prices.price_id,
        cast(other_prices.price_id % 16 as integer) as reading_no
    from other_prices
    inner join work_cdrs on other_prices.price_id - other_prices.price_id % 16 = work_cdrs.record_id * 16

)

select
    work_cdrs.cdr_key,
    readings.reading,
    readings.is_allowed,
    work_cdrs.currency,
    work_cdrs.is_priced,
    {% for amount in ['excl_tax', 'incl_tax'] %}
        cast(
            case
                when not work_cdrs.is_priced then null
                when part_totals.price_id is null then 0
                else
                    work_cdrs.amount_sign * (
                        {%- for part in parts %}
                            part_totals.{{ part }}_{{ amount }}{{ ' +' if not loop.last }}
                        {%- endfor %}
                    )
            end
            as decimal(38, 16)
        ) as total_{{ amount }},
        {% for part in parts %}
            cast(
                case
                    when not work_cdrs.is_priced then null
                    when part_totals.price_id is null then 0
                    else work_cdrs.amount_sign * part_totals.{{ part }}_{{ amount }}
                end
                as decimal(38, 16)
            ) as {{ part }}_{{ amount }},
        {% endfor %}
    {% endfor %}
    {% for mode in ['half_up', 'half_even'] %}
        cast(
            case
                when not work_cdrs.is_priced then null
                when part_totals.price_id is null then 0
                else work_cdrs.amount_sign * part_totals.{{ mode }}_excl_tax
            end
            as decimal(38, 16)
        ) as lines_{{ mode }}_excl_tax,
    {% endfor %}
    coalesce(part_totals.is_limited, false) as is_limited,
    coalesce(volumes.energy_kwh, 0) as total_energy_kwh,
    -- An hour has 3,600 million microseconds: 36 of them are 0.00000001 of it.
    cast(
        {{ decimal_division(
            'cast(work_cdrs.elapsed_us - coalesce(volumes.reserved_us, 0) as decimal(18, 0))',
            '3600000000', whole=18, divisor_places=0, places=8
        ) }}
        as decimal(38, 8)
    ) as total_time_hours,
    coalesce(volumes.parking_hours, 0) as total_parking_hours
from prices
inner join work_cdrs on prices.record_id = work_cdrs.record_id
inner join readings on prices.reading_no = readings.reading_no
left join volumes on work_cdrs.record_id = volumes.record_id
left join part_totals on prices.price_id = part_totals.price_id
