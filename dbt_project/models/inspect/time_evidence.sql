with

readings as (

    select
        record_id,
        started_at_in_2000s,
        is_weekday_right
    from {{ ref('date_readings') }}

),

revisions as (

    select
        record_id,
        file_seq,
        started_at,
        ended_at
    from {{ ref('cdr_revisions') }}

),

zone_readings as (

    select
        record_id,
        started_at_by_zone,
        ended_at_by_zone
    from {{ ref('date_readings') }}
    where started_at_by_zone is not null or ended_at_by_zone is not null

)

select
    revisions.file_seq,
    count(*) as row_count,
    -- 1970 is a filler, and a rule of its own.
    cast(sum(case
        when
            revisions.started_at < timestamptz '1969-12-31 00:00:00+00'
            or (
                revisions.started_at >= timestamptz '1970-01-03 00:00:00+00'
                and revisions.started_at < timestamptz '2010-01-01 00:00:00+00'
            )
            then 1
        else 0
    end) as bigint) as old_year_count,
    cast(sum(case when readings.started_at_in_2000s is not null then 1 else 0 end) as bigint) as century_count,
    cast(sum(case when readings.is_weekday_right then 1 else 0 end) as bigint) as weekday_right_count,
    cast(sum(case when readings.is_weekday_right = false then 1 else 0 end) as bigint) as weekday_wrong_count,
    cast(sum(case when zone_readings.record_id is not null then 1 else 0 end) as bigint) as zone_count,
    cast(sum(case
        when
            zone_readings.started_at_by_zone <> revisions.started_at
            or zone_readings.ended_at_by_zone <> revisions.ended_at
            then 1
        else 0
    end) as bigint) as zone_contradicted_count
from readings
inner join revisions on readings.record_id = revisions.record_id
left join zone_readings on readings.record_id = zone_readings.record_id
group by revisions.file_seq
