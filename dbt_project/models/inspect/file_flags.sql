with

files as (

    select
        file_seq,
        source,
        feed,
        file_name,
        replays_file_seq,
        record_count,
        stated_record_count
    from {{ ref('files') }}
    where feed = 'cdrs'

),

originals as (

    select
        file_seq,
        source || '/' || feed || '/' || file_name as subject_id
    from {{ ref('files') }}

),

swap_evidence as (

    select
        file_seq,
        swappable_count,
        is_suspect,
        breaks_written,
        breaks_swapped,
        overlaps_written,
        overlaps_swapped
    from {{ ref('swap_evidence') }}

),

time_evidence as (

    select
        file_seq,
        row_count,
        old_year_count,
        century_count,
        weekday_right_count,
        weekday_wrong_count,
        zone_count,
        zone_contradicted_count
    from {{ ref('time_evidence') }}

)

select
    files.file_seq,
    files.source || '/cdrs/' || files.file_name as subject_id,
    originals.subject_id as replayed_subject_id,
    swap_evidence.swappable_count,
    swap_evidence.breaks_written,
    swap_evidence.breaks_swapped,
    swap_evidence.overlaps_written,
    swap_evidence.overlaps_swapped,
    time_evidence.row_count,
    time_evidence.old_year_count,
    time_evidence.century_count,
    time_evidence.weekday_right_count,
    time_evidence.weekday_wrong_count,
    time_evidence.zone_count,
    time_evidence.zone_contradicted_count,
    files.record_count,
    files.stated_record_count,
    cast(case
        when files.stated_record_count is null or files.replays_file_seq is not null then null
        when files.stated_record_count = files.record_count then 1
        else 0
    end as smallint) as batch_count_mismatch,
    cast(case when files.replays_file_seq is null then 1 else 0 end as smallint) as batch_replayed,
    cast(case
        when swap_evidence.swappable_count > 0 then case when swap_evidence.is_suspect then 0 else 1 end
    end as smallint) as time_day_month_swap,
    cast(case
        when time_evidence.row_count > 0 then case when time_evidence.old_year_count > 0 then 0 else 1 end
    end as smallint) as time_year_implausible,
    cast(case
        when time_evidence.zone_count > 0 then case when time_evidence.zone_contradicted_count > 0 then 0 else 1 end
    end as smallint) as time_local_as_utc
from files
left join originals on files.replays_file_seq = originals.file_seq
left join swap_evidence on files.file_seq = swap_evidence.file_seq
left join time_evidence on files.file_seq = time_evidence.file_seq
