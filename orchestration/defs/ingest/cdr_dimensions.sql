-- The chunk's periods again, those with odd dimensions read one dimension at a time: a type that is not billable or
-- not known, in other letters, given twice, or without a number.
with

dimensions as (

    select
        record_id,
        period_no,
        ocpi_version,
        unnest(odd_dimensions) as dimension
    from ocpi_periods
    where odd_dimensions is not null

),

volumes as (

    select
        dimensions.record_id,
        dimensions.period_no,
        dimensions.ocpi_version,
        dimensions.dimension.type as sent_type,
        coalesce(upper(dimensions.dimension.type), '') as type,
        cast(dimensions.dimension.volume as varchar) as leaf,
        -- A price reads a number in quotes; in the house it is none, and the gate rejects its record.
        coalesce(
            ocpi_number(cast(dimensions.dimension.volume as varchar)),
            if(ocpi_load.profile = 'price', ocpi_quoted_number(cast(dimensions.dimension.volume as varchar)), null)
        ) as volume
    from dimensions
    cross join ocpi_load

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

repeated as (

    select
        record_id,
        period_no,
        string_agg(problem, '; ' order by sent_type) as problems
    from (
        select
            record_id,
            period_no,
            sent_type,
            sent_type || ' is given more than once' as problem
        from volumes
        group by record_id, period_no, sent_type
        having count(*) > 1
    )
    group by record_id, period_no

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
        string_agg(distinct type, ',' order by type) filter (where kind = 'other') as other_dimensions,
        string_agg(distinct type, ',' order by type) filter (where kind = 'unknown') as unknown_dimensions,
        string_agg(problem, '; ' order by problem) as problems
    from judged
    group by record_id, period_no

),

noted as (

    select
        wide.*,
        nullif(concat_ws('; ', wide.problems, repeated.problems), '') as dimension_problems
    from wide
    left join repeated on wide.record_id = repeated.record_id and wide.period_no = repeated.period_no

)

select periods.* replace (
    noted.energy_kwh as energy_kwh,
    noted.time_hours as time_hours,
    noted.parking_hours as parking_hours,
    noted.reservation_hours as reservation_hours,
    noted.min_current as min_current,
    noted.max_current as max_current,
    noted.min_power as min_power,
    noted.max_power as max_power,
    noted.energy_import_kwh as energy_import_kwh,
    noted.energy_export_kwh as energy_export_kwh,
    noted.other_dimensions as other_dimensions,
    noted.unknown_dimensions as unknown_dimensions,
    noted.dimension_problems as dimension_problems
)
from ocpi_periods as periods
inner join noted on periods.record_id = noted.record_id and periods.period_no = noted.period_no
union all
select * from ocpi_periods
where odd_dimensions is null
