-- One row per charging period of the chunk, dimensions side by side, with what is wrong in it.
-- A period whose dimensions are all billable, each there once and a number, is done here; the others keep their
-- dimensions for cdr_dimensions.sql, which says what is the matter with them.
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

listed as (

    select
        record_id,
        ocpi_version,
        profile,
        period_no,
        period is null as is_no_object,
        cast(period.start_date_time as varchar) as start_leaf,
        nullif(period.tariff_id, '') as tariff_id,
        period.dimensions as dimensions,
        list_transform(period.dimensions, lambda dimension: dimension.type) as types,
        list_transform(period.dimensions, lambda dimension: ocpi_number(cast(dimension.volume as varchar))) as volumes,
        list_transform(
            period.dimensions,
            lambda dimension: ocpi_is_excess(
                cast(dimension.volume as varchar), ocpi_number(cast(dimension.volume as varchar))
            )
        ) as excesses
    from periods

),

placed as (

    select
        *,
        list_position(types, 'ENERGY') as energy_at,
        list_position(types, 'TIME') as time_at,
        list_position(types, 'PARKING_TIME') as parking_at,
        list_position(types, 'MIN_CURRENT') as min_current_at,
        list_position(types, 'MAX_CURRENT') as max_current_at,
        case when ocpi_version <> '2.1.1' then list_position(types, 'RESERVATION_TIME') end as reservation_at,
        case when ocpi_version <> '2.1.1' then list_position(types, 'MIN_POWER') end as min_power_at,
        case when ocpi_version <> '2.1.1' then list_position(types, 'MAX_POWER') end as max_power_at
    from listed

),

judged as (

    select
        *,
        coalesce(len(dimensions), 0) = 0
        or (
            (
                (energy_at is not null)::integer + (time_at is not null)::integer + (parking_at is not null)::integer
                + (min_current_at is not null)::integer + (max_current_at is not null)::integer
                + (reservation_at is not null)::integer + (min_power_at is not null)::integer
                + (max_power_at is not null)::integer
            ) = len(types)
            and list_count(volumes) = len(volumes)
        ) as is_plain
    from placed

)

select
    record_id,
    period_no,
    coalesce(ocpi_instant(start_leaf), if(profile = 'price', null, ocpi_epoch(start_leaf))) as started_at,
    tariff_id,
    volumes[energy_at] as energy_kwh,
    volumes[time_at] as time_hours,
    volumes[parking_at] as parking_hours,
    volumes[reservation_at] as reservation_hours,
    volumes[min_current_at] as min_current,
    volumes[max_current_at] as max_current,
    volumes[min_power_at] as min_power,
    volumes[max_power_at] as max_power,
    cast(null as decimal(18, 8)) as energy_import_kwh,
    cast(null as decimal(18, 8)) as energy_export_kwh,
    cast(null as varchar) as other_dimensions,
    cast(null as varchar) as unknown_dimensions,
    -- An empty list is a period in which nothing was consumed; without a list nobody knows.
    case when dimensions is null and not is_no_object then 'it has no list of dimensions' end as dimension_problems,
    coalesce(list_contains(excesses, true), false) as is_excess,
    coalesce(list_max(volumes) >= 1000000 or list_min(volumes) <= -1000000, false) as is_long,
    case
        when start_leaf is null or start_leaf = '""' then 'charging_periods[' || period_no || '].start_date_time'
        -- A price without a volume says so itself.
        when
            profile <> 'price' and not is_plain
            and len(list_filter(dimensions, lambda dimension: dimension.type <> 'FLAT' and dimension.volume is null)) > 0
            then 'charging_periods[' || period_no || '].dimensions.volume'
    end as missing,
    is_no_object
    or (started_at is null and missing is null)
    or (
        not is_plain
        and len(list_filter(
            dimensions,
            lambda dimension: dimension.volume is not null
            and dimension.type <> 'FLAT'
            and ocpi_number(cast(dimension.volume as varchar)) is null
            -- A price reads a number in quotes and says so; of a volume that is none the period speaks.
            and (profile <> 'price' or ocpi_quoted_number(cast(dimension.volume as varchar)) is not null)
        )) > 0
    ) as is_odd,
    coalesce(ocpi_time_form(start_leaf), 'utc') as zone_form,
    ocpi_version,
    case when not is_plain then dimensions end as odd_dimensions
from judged
