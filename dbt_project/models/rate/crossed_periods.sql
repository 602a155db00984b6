with

split_periods as (

    select
        record_id,
        sorted_no,
        period_no,
        energy_kwh,
        time_hours,
        parking_hours,
        reservation_hours
    from {{ ref('split_periods') }}
    where not is_split

),

period_elements as (

    select
        price_id,
        sorted_no,
        energy_rank,
        time_rank,
        parking_rank,
        reservation_rank,
        flat_rank,
        reservation_flat_rank
    from {{ ref('period_elements') }}
    where price_id % 16 = 8

),

-- Where a start fee first falls due.
fees as (

    select
        price_id,
        min(sorted_no) filter (where flat_rank is not null) as flat_sorted_no,
        min(sorted_no) filter (where reservation_flat_rank is not null) as reservation_flat_sorted_no
    from period_elements
    where coalesce(flat_rank, reservation_flat_rank) is not null
    group by price_id

),

-- The element that prices each volume of a piece; 0 where none does, null where there is no volume.
choices as (

    select
        split_periods.record_id,
        split_periods.period_no,
        split_periods.sorted_no,
        case when split_periods.energy_kwh <> 0 then coalesce(period_elements.energy_rank, 0) end as energy_rank,
        case when split_periods.time_hours <> 0 then coalesce(period_elements.time_rank, 0) end as time_rank,
        case when split_periods.parking_hours <> 0 then coalesce(period_elements.parking_rank, 0) end as parking_rank,
        case when split_periods.reservation_hours <> 0 then coalesce(period_elements.reservation_rank, 0) end
            as reservation_rank,
        split_periods.sorted_no in (fees.flat_sorted_no, fees.reservation_flat_sorted_no) as has_fee
    from split_periods
    left join period_elements
        on
            split_periods.record_id * 16 + 8 = period_elements.price_id
            and split_periods.sorted_no = period_elements.sorted_no
    left join fees on split_periods.record_id * 16 + 8 = fees.price_id

)

select
    record_id,
    period_no
from choices
group by record_id, period_no
having
    min(energy_rank) <> max(energy_rank)
    or min(time_rank) <> max(time_rank)
    or min(parking_rank) <> max(parking_rank)
    or min(reservation_rank) <> max(reservation_rank)
    or max(case when has_fee then sorted_no end) > min(sorted_no)
