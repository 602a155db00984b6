with

periods as (

    select
        record_id,
        sorted_no,
        tariff_no,
        time_zone,
        is_charging,
        started_us,
        ended_us,
        ended_us - started_us as length_us,
        energy_kwh,
        energy_before_kwh,
        charging_started_us,
        local_us
    from "evsettle"."rate"."period_contexts"
    where tariff_no is not null and ended_us > started_us

),

tariff_elements as (

    select
        tariff_no,
        start_minute,
        end_minute,
        min_kwh,
        max_kwh,
        min_duration_seconds,
        max_duration_seconds,
        coalesce(day_mask, date_diff('day', date '1970-01-01', start_date), date_diff('day', date '1970-01-01', end_date)) is not null
        -- One bound alone runs from or to midnight.
        or (start_minute is null) <> (end_minute is null) as reads_midnight
    from "evsettle"."ingest"."tariff_elements"

),

clock_bounds as (

    select
        tariff_no,
        start_minute as minute_of_day
    from tariff_elements
    where start_minute is not null
    union
    select
        tariff_no,
        end_minute % 1440 as minute_of_day
    from tariff_elements
    where end_minute is not null
    union
    select
        tariff_no,
        0 as minute_of_day
    from tariff_elements
    where reads_midnight

),


    energy_bounds as (

        select
            tariff_no,
            min_kwh as bound_kwh
        from tariff_elements
        where min_kwh is not null
        union
        select
            tariff_no,
            max_kwh as bound_kwh
        from tariff_elements
        where max_kwh is not null

    ),

    duration_bounds as (

        select
            tariff_no,
            min_duration_seconds as bound_seconds
        from tariff_elements
        where min_duration_seconds is not null
        union
        select
            tariff_no,
            max_duration_seconds as bound_seconds
        from tariff_elements
        where max_duration_seconds is not null

    ),


-- Of the years that the table of zones covers only what these sessions lived through.
times as (

    select
        min(started_us) as first_us,
        max(ended_us) as last_us
    from periods

),

spans as (

    select
        zone_offsets.zone,
        epoch_us(zone_offsets.utc_from) as from_us,
        epoch_us(zone_offsets.utc_to) as to_us,
        cast(zone_offsets.offset_seconds as bigint) * 1000000 as offset_us
    from "evsettle"."ingest"."zone_offsets" as zone_offsets
    cross join times
    where
        epoch_us(zone_offsets.utc_from) < times.last_us
        and epoch_us(zone_offsets.utc_to) > times.first_us

),

clock_tariffs as (

    select distinct tariff_no
    from clock_bounds

),

clock_changes as (

    select
        spans.zone,
        spans.from_us
    from spans
    inner join times on spans.from_us > times.first_us

),

-- A change of the hour may open or close a window at once.
changes as (

    select
        periods.record_id,
        periods.sorted_no,
        clock_changes.from_us as cut_us
    from periods
    inner join clock_tariffs on periods.tariff_no = clock_tariffs.tariff_no
    inner join clock_changes
        on
            periods.time_zone = clock_changes.zone
            and periods.started_us < clock_changes.from_us
            and periods.ended_us > clock_changes.from_us

),

changed_periods as (

    select
        record_id,
        sorted_no
    from changes
    group by record_id, sorted_no

),

-- How long until the clock next shows the bound. A period that begins on a bound does not cross it then.
clock_distances as (

    select
        periods.record_id,
        periods.sorted_no,
        periods.time_zone,
        periods.started_us,
        periods.ended_us,
        periods.local_us,
        -- The clock of a period that a change falls into does not run with the time: it may show a bound sooner or
        -- later, or again. A day is looked at on both sides.
        periods.length_us + case when changed_periods.record_id is not null then 86400000000 else 0 end as length_us,
        case when changed_periods.record_id is not null then 0 else 86400000000 end
        - (
            (periods.local_us - cast(clock_bounds.minute_of_day as bigint) * 60000000) % 86400000000 + 86400000000
        ) % 86400000000 as distance_us
    from periods
    inner join clock_bounds on periods.tariff_no = clock_bounds.tariff_no
    left join changed_periods
        on periods.record_id = changed_periods.record_id and periods.sorted_no = changed_periods.sorted_no
    where periods.local_us is not null

),

-- Hardly any bound lies within its period: only those meet the list of days.
near_bounds as (

    select *
    from clock_distances
    where distance_us < length_us

),

digits (digit) as (

    values (0), (1), (2), (3), (4), (5), (6), (7), (8), (9)

),

later_days (days_later) as (

    select tens.digit * 10 + ones.digit as days_later
    from digits as tens
    cross join digits as ones

),

clock_cuts as (

    select
        near_bounds.record_id,
        near_bounds.sorted_no,
        near_bounds.local_us + near_bounds.distance_us
        + cast(later_days.days_later as bigint) * 86400000000 - spans.offset_us as cut_us
    from near_bounds
    inner join later_days
        on near_bounds.distance_us + cast(later_days.days_later as bigint) * 86400000000 < near_bounds.length_us
    inner join spans on near_bounds.time_zone = spans.zone
    where
        near_bounds.local_us + near_bounds.distance_us
        + cast(later_days.days_later as bigint) * 86400000000 - spans.offset_us
        >= greatest(spans.from_us, near_bounds.started_us + 1)
        and near_bounds.local_us + near_bounds.distance_us
        + cast(later_days.days_later as bigint) * 86400000000 - spans.offset_us
        < least(spans.to_us, near_bounds.ended_us)

),

-- The moment when the session had used so much, were its energy spread evenly over the period.
energy_shares as (

    select
        periods.record_id,
        periods.sorted_no,
        periods.started_us,
        periods.length_us,
        energy_bounds.bound_kwh,
        decimal_division(
        cast(energy_bounds.bound_kwh - periods.energy_before_kwh as decimal(30, 16)),
        nullif(cast(periods.energy_kwh as decimal(38, 8)), 0),
        16
    )
            as share_before
    from periods
    inner join energy_bounds on periods.tariff_no = energy_bounds.tariff_no
    where
        periods.is_charging
        and energy_bounds.bound_kwh > periods.energy_before_kwh
        and energy_bounds.bound_kwh < periods.energy_before_kwh + periods.energy_kwh

),

energy_cuts as (

    select
        record_id,
        sorted_no,
        bound_kwh as energy_at_cut_kwh,
        started_us
        + greatest(1, least(length_us - 1, cast(cast(share_before as decimal(18, 16)) * length_us as bigint))) as cut_us
    from energy_shares

),

duration_cuts as (

    select
        periods.record_id,
        periods.sorted_no,
        periods.charging_started_us + cast(duration_bounds.bound_seconds as bigint) * 1000000 as cut_us
    from periods
    inner join duration_bounds on periods.tariff_no = duration_bounds.tariff_no
    where
        periods.is_charging
        and duration_bounds.bound_seconds < 100000000
        and periods.charging_started_us + cast(duration_bounds.bound_seconds as bigint) * 1000000 > periods.started_us
        and periods.charging_started_us + cast(duration_bounds.bound_seconds as bigint) * 1000000 < periods.ended_us

),

cuts as (

    
        select
            record_id,
            sorted_no,
            cut_us,
            cast(null as decimal(38, 8)) as energy_at_cut_kwh
        from changes
        union all
    
        select
            record_id,
            sorted_no,
            cut_us,
            cast(null as decimal(38, 8)) as energy_at_cut_kwh
        from clock_cuts
        union all
    
        select
            record_id,
            sorted_no,
            cut_us,
            cast(null as decimal(38, 8)) as energy_at_cut_kwh
        from duration_cuts
        union all
    
    select
        record_id,
        sorted_no,
        cut_us,
        cast(energy_at_cut_kwh as decimal(38, 8)) as energy_at_cut_kwh
    from energy_cuts

)

select
    record_id,
    sorted_no,
    cut_us,
    max(energy_at_cut_kwh) as energy_at_cut_kwh
from cuts
group by record_id, sorted_no, cut_us
