with

period_contexts as (

    select
        record_id,
        is_v211,
        tariff_index
    from {{ ref('period_contexts') }}

),

period_prices as (

    select
        price_id,
        sorted_no,
        part_no,
        tariff_index,
        step_size
    from {{ ref('period_prices') }}
    where part_no not in (1, 3)

),

-- Two kinds of session only: those that changed their tariff, and those of 2.1.1, which does not say of what the
-- steps are counted.
sessions_in_doubt as (

    select
        record_id,
        bool_or(is_v211) as is_v211
    from period_contexts
    where is_v211 or tariff_index > 1
    group by record_id

),

-- On the base's clock and on the two others of an hour that comes twice.
candidates as (

    {% for clock_no in range(3) %}
        select
            record_id * 16 + {{ clock_no }} as price_id,
            is_v211
        from sessions_in_doubt
        {{ 'union all' if not loop.last }}
    {% endfor %}

),

parts as (

    select
        period_prices.price_id,
        period_prices.part_no,
        bool_or(candidates.is_v211) as is_v211,
        count(*) as periods,
        min(period_prices.tariff_index) <> max(period_prices.tariff_index) as is_switched,
        max(period_prices.step_size) > 0 as has_step
    from period_prices
    inner join candidates on period_prices.price_id = candidates.price_id
    group by period_prices.price_id, period_prices.part_no

),

sessions as (

    select
        price_id,
        bool_or(is_switched and has_step) as is_switched,
        bool_or(is_v211 and part_no = 5 and has_step) and bool_or(part_no = 6) as has_two_durations,
        bool_or(is_v211 and periods > 1 and has_step) as has_several_periods
    from parts
    group by price_id

)

-- Each kind of step, and its number on the base's clock and on the two others.
{% for step_no, condition, numbers in [
    (3, 'is_switched', (3, 9, 12)),
    (4, 'has_two_durations', (4, 10, 13)),
    (5, 'has_several_periods', (5, 11, 14)),
    (6, 'is_switched and has_two_durations', (6, 7, 15)),
] %}
    select
        price_id - price_id % 16
        + case price_id % 16 when 0 then {{ numbers[0] }} when 1 then {{ numbers[1] }} else {{ numbers[2] }} end
            as price_id,
        price_id as base_price_id,
        {{ step_no }} as step_no
    from sessions
    where {{ condition }}
    {% if not loop.last %}

        union all

    {% endif %}
{% endfor %}
