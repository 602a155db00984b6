-- One row per charging period of the chunk, dimensions side by side, with what is wrong in it.
create or replace temp table ocpi_periods as
with

periods as (

    select
        ocpi_heads.record_id,
        ocpi_heads.ocpi_version,
        ocpi_load.profile,
        unnest(range(1, len(cdr.charging_periods) + 1)) as period_no,
        unnest(cdr.charging_periods) as period
    from ocpi_heads
    cross join ocpi_load
    where len(cdr.charging_periods) > 0

),

dimensions as (

    select
        record_id,
        period_no,
        ocpi_version,
        unnest(period.dimensions) as dimension
    from periods
    where len(period.dimensions) > 0

),

volumes as (

    select
        record_id,
        period_no,
        ocpi_version,
        coalesce(upper(dimension.type), '') as type,
        cast(dimension.volume as varchar) as leaf,
        ocpi_number(cast(dimension.volume as varchar)) as volume
    from dimensions

),

judged as (

    select
        *,
        case
            when type in ('ENERGY', 'TIME', 'PARKING_TIME', 'MIN_CURRENT', 'MAX_CURRENT') then 'known'
            when ocpi_version = '2.1.1' then if(type = 'FLAT', 'other', 'unknown')
            when type in ('RESERVATION_TIME', 'MIN_POWER', 'MAX_POWER') then 'known'
            when type in ('ENERGY_IMPORT', 'ENERGY_EXPORT', 'CURRENT', 'POWER', 'STATE_OF_CHARGE') then 'other'
            else 'unknown'
        end as kind,
        case
            when type = '' then 'a dimension has no type'
            when volume is not null or type = 'FLAT' then null
            when leaf is null then type || ' has no volume'
            else ocpi_number_problem(type || ' volume', leaf)
        end as problem
    from volumes

),

wide as (

    select
        record_id,
        period_no,
        try_cast(sum(volume) filter (where type = 'ENERGY') as decimal(18, 8)) as energy_kwh,
        try_cast(sum(volume) filter (where type = 'TIME') as decimal(18, 8)) as time_hours,
        try_cast(sum(volume) filter (where type = 'PARKING_TIME') as decimal(18, 8)) as parking_hours,
        try_cast(sum(volume) filter (where type = 'RESERVATION_TIME') as decimal(18, 8)) as reservation_hours,
        min(volume) filter (where type = 'MIN_CURRENT') as min_current,
        max(volume) filter (where type = 'MAX_CURRENT') as max_current,
        min(volume) filter (where type = 'MIN_POWER') as min_power,
        max(volume) filter (where type = 'MAX_POWER') as max_power,
        try_cast(sum(volume) filter (where type = 'ENERGY_IMPORT') as decimal(18, 8)) as energy_import_kwh,
        try_cast(sum(volume) filter (where type = 'ENERGY_EXPORT') as decimal(18, 8)) as energy_export_kwh,
        bool_or(ocpi_is_excess(leaf, volume)) as is_excess,
        bool_or(ocpi_is_long(leaf)) as is_long
    from judged
    group by record_id, period_no

),

-- Texts are put together for the few periods that need one.
noted as (

    select
        record_id,
        period_no,
        string_agg(distinct type, ',' order by type) filter (where kind = 'other') as other_dimensions,
        string_agg(distinct type, ',' order by type) filter (where kind = 'unknown') as unknown_dimensions,
        string_agg(problem, '; ' order by problem) as problems
    from judged
    where kind <> 'known' or problem is not null
    group by record_id, period_no

),

repeated_types as (

    select
        periods.record_id,
        periods.period_no,
        unnest(list_distinct(list_transform(periods.period.dimensions, lambda dimension: dimension.type))) as type,
        periods.period.dimensions as dimensions
    from periods
    where
        len(periods.period.dimensions) > 1
        and len(periods.period.dimensions)
        > len(list_distinct(list_transform(periods.period.dimensions, lambda dimension: dimension.type)))

),

repeated as (

    select
        record_id,
        period_no,
        string_agg(type || ' is given more than once', '; ' order by type) as problems
    from repeated_types
    where len(list_filter(dimensions, lambda dimension: dimension.type = repeated_types.type)) > 1
    group by record_id, period_no

)

select
    periods.record_id,
    periods.period_no,
    coalesce(
        ocpi_instant(cast(periods.period.start_date_time as varchar)),
        if(periods.profile = 'price', null, ocpi_epoch(cast(periods.period.start_date_time as varchar)))
    ) as started_at,
    nullif(periods.period.tariff_id, '') as tariff_id,
    wide.energy_kwh,
    wide.time_hours,
    wide.parking_hours,
    wide.reservation_hours,
    wide.min_current,
    wide.max_current,
    wide.min_power,
    wide.max_power,
    wide.energy_import_kwh,
    wide.energy_export_kwh,
    noted.other_dimensions,
    noted.unknown_dimensions,
    nullif(concat_ws('; ', noted.problems, repeated.problems), '') as dimension_problems,
    coalesce(wide.is_excess, false) as is_excess,
    coalesce(wide.is_long, false) as is_long,
    case
        when periods.period.start_date_time is null or cast(periods.period.start_date_time as varchar) = '""'
            then 'charging_periods[' || periods.period_no || '].start_date_time'
    end as missing,
    periods.period is null
    or (started_at is null and missing is null) as is_odd
from periods
left join wide on periods.record_id = wide.record_id and periods.period_no = wide.period_no
left join noted on periods.record_id = noted.record_id and periods.period_no = noted.period_no
left join repeated on periods.record_id = repeated.record_id and periods.period_no = repeated.period_no
