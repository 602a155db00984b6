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
    from {{ ref('period_contexts') }}
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
        coalesce(day_mask, {{ epoch_days('start_date') }}, {{ epoch_days('end_date') }}) is not null
        -- One bound alone runs from or to midnight.
        or (start_minute is null) <> (end_minute is null) as reads_midnight
    from {{ ref('tariff_elements') }}

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
        {{ epoch_microseconds('zone_offsets.utc_from') }} as from_us,
        {{ epoch_microseconds('zone_offsets.utc_to') }} as to_us,
        cast(zone_offsets.offset_seconds as bigint) * 1000000 as offset_us
    from {{ ref('zone_offsets') }} as zone_offsets
    cross join times
    where
        {{ epoch_microseconds('zone_offsets.utc_from') }} < times.last_us
        and {{ epoch_microseconds('zone_offsets.utc_to') }} > times.first_us

),

-- A change of the hour may open or close a window at once.
changes as (

    select
        periods.record_id,
        periods.sorted_no,
        spans.from_us as cut_us
    from periods
    inner join clock_bounds on periods.tariff_no = clock_bounds.tariff_no
    inner join spans on periods.time_zone = spans.zone
    where periods.started_us < spans.from_us and spans.from_us < periods.ended_us
    group by periods.record_id, periods.sorted_no, spans.from_us

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
        clock_distances.record_id,
        clock_distances.sorted_no,
        clock_distances.local_us + clock_distances.distance_us
        + cast(later_days.days_later as bigint) * 86400000000 - spans.offset_us as cut_us
    from clock_distances
    inner join later_days
        on clock_distances.distance_us + cast(later_days.days_later as bigint) * 86400000000 < clock_distances.length_us
    inner join spans on clock_distances.time_zone = spans.zone
    where
        clock_distances.local_us + clock_distances.distance_us
        + cast(later_days.days_later as bigint) * 86400000000 - spans.offset_us
        >= greatest(spans.from_us, clock_distances.started_us + 1)
        and clock_distances.local_us + clock_distances.distance_us
        + cast(later_days.days_later as bigint) * 86400000000 - spans.offset_us
        < least(spans.to_us, clock_distances.ended_us)

),

-- The moment when the session had used so much, were its energy spread evenly over the period.
energy_shares as (

    select
        periods.record_id,
        periods.sorted_no,
        periods.started_us,
        periods.length_us,
        energy_bounds.bound_kwh,
        {{ decimal_division('energy_bounds.bound_kwh - periods.energy_before_kwh', 'periods.energy_kwh') }}
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
