with

cdrs as (

    select
        cdr_key,
        record_id,
        cpo_party,
        meter_id,
        started_at,
        is_credit
    from {{ ref('cdrs') }}

),

readings as (

    select
        cdrs.cdr_key,
        readings.value_no,
        readings.reading_no,
        readings.meter_serial,
        readings.page,
        readings.page_no,
        upper(readings.context) as context,
        readings.reading_kwh,
        readings.loss_kwh,
        upper(readings.time_status) as time_status,
        upper(readings.status) as status,
        coalesce(readings.error_flags, '') as error_flags,
        readings.signature,
        case
            when readings.context is not null then upper(readings.context) = 'B'
            else lower(coalesce(readings.nature, '')) = 'start'
        end as is_start,
        case
            when readings.context is not null then upper(readings.context) in ('E', 'L', 'R', 'A', 'P')
            else lower(coalesce(readings.nature, '')) = 'end'
        end as is_end
    from {{ ref('meter_readings') }} as readings
    inner join cdrs on readings.record_id = cdrs.record_id
    where not cdrs.is_credit

),

-- The first beginning and the last end count; a text may repeat the beginning.
starts as (

    select
        cdr_key,
        reading_kwh,
        row_number() over (partition by cdr_key order by value_no asc, reading_no asc) as start_no
    from readings
    where is_start and reading_kwh is not null

),

ends as (

    select
        cdr_key,
        reading_kwh,
        loss_kwh,
        row_number() over (partition by cdr_key order by value_no desc, reading_no desc) as end_no
    from readings
    where is_end and reading_kwh is not null

),

by_cdr as (

    select
        cdr_key,
        max(meter_serial) as meter_serial,
        min(case when upper(page) like 'T%' then page_no end) as page_min,
        max(case when upper(page) like 'T%' then page_no end) as page_max,
        max(case when signature = 'bad' then 1 else 0 end) = 1 as is_signature_bad,
        max(case when signature = 'unknown' then 1 else 0 end) = 1 as is_signature_unknown,
        min(case when status <> 'G' then status end) as odd_status,
        max(case when status = 'S' then 1 else 0 end) = 1 as is_substitute,
        max(case when status = 'X' then 1 else 0 end) = 1 as is_exchanged,
        max(case when error_flags like '%E%' then 1 else 0 end) = 1 as has_energy_error,
        max(case when error_flags like '%t%' then 1 else 0 end) = 1 as has_time_error,
        max(case when context = 'X' then 1 else 0 end) = 1 as has_exception,
        max(case time_status when 'S' then 0 when 'R' then 1 when 'U' then 2 when 'I' then 2 end) as time_doubt
    from readings
    group by cdr_key

)

select
    by_cdr.cdr_key,
    by_cdr.meter_serial,
    by_cdr.page_min,
    by_cdr.page_max,
    by_cdr.is_signature_bad,
    by_cdr.is_signature_unknown,
    by_cdr.odd_status,
    by_cdr.is_substitute,
    by_cdr.is_exchanged,
    by_cdr.has_energy_error,
    by_cdr.has_time_error,
    by_cdr.has_exception,
    by_cdr.time_doubt,
    starts.reading_kwh as start_kwh,
    ends.reading_kwh as end_kwh,
    ends.loss_kwh,
    lower(cdrs.cpo_party) || '|' || lower(coalesce(by_cdr.meter_serial, cdrs.meter_id)) as meter_key,
    cdrs.started_at
from by_cdr
inner join cdrs on by_cdr.cdr_key = cdrs.cdr_key
left join starts on by_cdr.cdr_key = starts.cdr_key and starts.start_no = 1
left join ends on by_cdr.cdr_key = ends.cdr_key and ends.end_no = 1
