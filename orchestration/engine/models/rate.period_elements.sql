with

reading_periods as (

    select
        price_id,
        period_no,
        sorted_no,
        tariff_index,
        tariff_no,
        energy_kwh,
        time_hours,
        parking_hours,
        reservation_hours,
        is_reservation,
        is_charging,
        is_expired_reservation,
        min_current,
        max_current,
        min_power,
        max_power,
        energy_before_kwh,
        elapsed_us,
        local_minute,
        local_day,
        -- Day 0, 1970-01-01, was a Thursday; bit 0 of a day mask is Monday.
        case ((local_day + 3) % 7 + 7) % 7
            when 0 then 1
            when 1 then 2
            when 2 then 4
            when 3 then 8
            when 4 then 16
            when 5 then 32
            when 6 then 64
        end as day_bit
    from "evsettle"."rate"."reading_periods"
    where tariff_no is not null

),

tariff_elements as (

    select
        tariff_no,
        element_no,
        -- One bound alone: from the start of the day, or to its end.
        case when coalesce(start_minute, end_minute) is not null then coalesce(start_minute, 0) end as from_minute,
        case when coalesce(start_minute, end_minute) is not null then coalesce(end_minute, 1440) end as to_minute,
        date_diff('day', date '1970-01-01', start_date) as from_day,
        date_diff('day', date '1970-01-01', end_date) as to_day,
        day_mask,
        min_kwh,
        max_kwh,
        min_current,
        max_current,
        min_power,
        max_power,
        cast(min_duration_seconds as decimal(38, 0)) * 1000000 as min_elapsed_us,
        cast(max_duration_seconds as decimal(38, 0)) * 1000000 as max_elapsed_us,
        reservation,
        coalesce(start_minute, end_minute, day_mask) is not null
        or coalesce(start_date, end_date) is not null as reads_clock,
        coalesce(min_current, max_current, min_power, max_power) is not null as reads_flow
    from "evsettle"."ingest"."tariff_elements"

),

tariff_components as (

    select
        tariff_no,
        element_no,
        bool_or(dimension = 'ENERGY') as has_energy,
        bool_or(dimension = 'TIME') as has_time,
        bool_or(dimension = 'PARKING_TIME') as has_parking,
        bool_or(dimension = 'FLAT') as has_flat
    from "evsettle"."ingest"."tariff_components"
    group by tariff_no, element_no

),

elements as (

    select
        tariff_elements.*,
        tariff_components.has_energy,
        tariff_components.has_time,
        tariff_components.has_parking,
        tariff_components.has_flat
    from tariff_elements
    inner join tariff_components
        on
            tariff_elements.tariff_no = tariff_components.tariff_no
            and tariff_elements.element_no = tariff_components.element_no

),

-- Restrictions are a logical AND. Two of them may lack what they read: the local clock, and the MIN_ and
-- MAX_ dimensions. They then count as met, and the rank remembers what had to be assumed. A period in which no
-- element is active stays, without one.
active as (

    select
        reading_periods.price_id,
        reading_periods.period_no,
        reading_periods.sorted_no,
        reading_periods.tariff_index,
        reading_periods.tariff_no,
        reading_periods.energy_kwh,
        reading_periods.time_hours,
        reading_periods.parking_hours,
        reading_periods.reservation_hours,
        elements.reservation,
        elements.has_energy,
        elements.has_time,
        elements.has_parking,
        elements.has_flat,
        -- In an expired reservation RESERVATION is the fallback for each dimension. The low bits tell what was assumed.
        case
            when reading_periods.is_expired_reservation and elements.reservation = 'RESERVATION' then 4000000
            else 0
        end
        + elements.element_no * 4
        + case when elements.reads_clock and reading_periods.local_minute is null then 1 else 0 end
        + case
            when
                elements.reads_flow
                and (
                    (elements.min_current is not null and reading_periods.min_current is null)
                    or (elements.max_current is not null and reading_periods.max_current is null)
                    or (elements.min_power is not null and reading_periods.min_power is null)
                    or (elements.max_power is not null and reading_periods.max_power is null)
                )
                then 2
            else 0
        end as element_rank
    from reading_periods
    left join elements
        on
            reading_periods.tariff_no = elements.tariff_no
            and case coalesce(elements.reservation, 'none')
                when 'none' then reading_periods.is_charging
                when 'RESERVATION' then reading_periods.is_reservation
                else reading_periods.is_reservation and reading_periods.is_expired_reservation
            end
            and (
                not elements.reads_clock
                or reading_periods.local_minute is null
                or (
                    (elements.day_mask is null or (elements.day_mask & reading_periods.day_bit) > 0)
                    and (elements.from_day is null or reading_periods.local_day >= elements.from_day)
                    and (elements.to_day is null or reading_periods.local_day < elements.to_day)
                    and case
                        when elements.from_minute is null then true
                        when elements.from_minute <= elements.to_minute
                            then
                                reading_periods.local_minute >= elements.from_minute
                                and reading_periods.local_minute < elements.to_minute
                        else
                            reading_periods.local_minute >= elements.from_minute
                            or reading_periods.local_minute < elements.to_minute
                    end
                )
            )
            and (elements.min_kwh is null or reading_periods.energy_before_kwh >= elements.min_kwh)
            and (elements.max_kwh is null or reading_periods.energy_before_kwh < elements.max_kwh)
            and (elements.min_elapsed_us is null or reading_periods.elapsed_us >= elements.min_elapsed_us)
            and (elements.max_elapsed_us is null or reading_periods.elapsed_us < elements.max_elapsed_us)
            and (
                not elements.reads_flow
                or (
                    coalesce(reading_periods.min_current >= elements.min_current, true)
                    and coalesce(reading_periods.max_current < elements.max_current, true)
                    and coalesce(reading_periods.min_power >= elements.min_power, true)
                    and coalesce(reading_periods.max_power < elements.max_power, true)
                )
            )

)

-- The volumes come along: whoever needs the elements of a period needs them too, and a join costs more. As keys they
-- take less memory than as aggregates.
select
    price_id,
    sorted_no,
    period_no,
    tariff_index,
    tariff_no,
    energy_kwh,
    time_hours,
    parking_hours,
    reservation_hours,
    cast(min(element_rank) filter (where has_energy and reservation is null) as integer) as energy_rank,
    cast(min(element_rank) filter (where has_time and reservation is null) as integer) as time_rank,
    cast(min(element_rank) filter (where has_parking and reservation is null) as integer) as parking_rank,
    cast(min(element_rank) filter (where has_flat and reservation is null) as integer) as flat_rank,
    cast(min(element_rank) filter (where has_time and reservation is not null) as integer) as reservation_rank,
    cast(min(element_rank) filter (where has_flat and reservation is not null) as integer) as reservation_flat_rank
from active
group by
    price_id, sorted_no, period_no, tariff_index, tariff_no, energy_kwh, time_hours, parking_hours, reservation_hours
