with

period_contexts as (

    select
        record_id,
        is_v211,
        tariff_index
    from "evsettle"."rate"."period_contexts"

),

period_prices as (

    select
        price_id,
        sorted_no,
        part_no,
        tariff_index,
        step_size
    from "evsettle"."rate"."period_prices"
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

    
        select
            record_id * 16 + 0 as price_id,
            is_v211
        from sessions_in_doubt
        union all
    
        select
            record_id * 16 + 1 as price_id,
            is_v211
        from sessions_in_doubt
        union all
    
        select
            record_id * 16 + 2 as price_id,
            is_v211
        from sessions_in_doubt
        
    

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

    select
        price_id - price_id % 16
        + case price_id % 16 when 0 then 3 when 1 then 9 else 12 end
            as price_id,
        price_id as base_price_id,
        3 as step_no
    from sessions
    where is_switched
    

        union all

    

    select
        price_id - price_id % 16
        + case price_id % 16 when 0 then 4 when 1 then 10 else 13 end
            as price_id,
        price_id as base_price_id,
        4 as step_no
    from sessions
    where has_two_durations
    

        union all

    

    select
        price_id - price_id % 16
        + case price_id % 16 when 0 then 5 when 1 then 11 else 14 end
            as price_id,
        price_id as base_price_id,
        5 as step_no
    from sessions
    where has_several_periods
    

        union all

    

    select
        price_id - price_id % 16
        + case price_id % 16 when 0 then 6 when 1 then 7 else 15 end
            as price_id,
        price_id as base_price_id,
        6 as step_no
    from sessions
    where is_switched and has_two_durations
