with

files as (

    select
        file_seq,
        source,
        feed,
        file_name,
        arrival_seq,
        replays_file_seq,
        record_count,
        stated_record_count,
        stated_energy_kwh,
        stated_excl_tax,
        stated_incl_tax
    from {{ ref('files') }}
    where feed = 'cdrs'

),

records as (

    select
        file_seq,
        energy_kwh,
        claimed_excl_tax,
        claimed_incl_tax
    from {{ ref('cdr_revisions') }}

),

-- Few files come with sums.
summed as (

    select
        files.file_seq,
        coalesce(sum(records.energy_kwh), 0) as energy_kwh,
        coalesce(sum(records.claimed_excl_tax), 0) as excl_tax,
        coalesce(sum(records.claimed_incl_tax), 0) as incl_tax
    from files
    left join records on files.file_seq = records.file_seq
    where coalesce(files.stated_energy_kwh, files.stated_excl_tax, files.stated_incl_tax) is not null
    group by files.file_seq

),

originals as (

    select
        file_seq,
        arrival_seq,
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
        overlaps_swapped,
        days_written,
        days_swapped
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
    cast(case when originals.arrival_seq = files.arrival_seq then 1 else 0 end as smallint) as is_replayed_in_arrival,
    swap_evidence.swappable_count,
    swap_evidence.breaks_written,
    swap_evidence.breaks_swapped,
    swap_evidence.overlaps_written,
    swap_evidence.overlaps_swapped,
    swap_evidence.days_written,
    swap_evidence.days_swapped,
    time_evidence.row_count,
    time_evidence.old_year_count,
    time_evidence.century_count,
    time_evidence.weekday_right_count,
    time_evidence.weekday_wrong_count,
    time_evidence.zone_count,
    time_evidence.zone_contradicted_count,
    files.record_count,
    files.stated_record_count,
    concat_ws(
        ', ',
        cast(files.record_count as varchar) || case when files.record_count = 1 then ' record' else ' records' end,
        case when files.stated_energy_kwh is not null then cast(summed.energy_kwh as varchar) || ' kWh' end,
        case when files.stated_excl_tax is not null then cast(summed.excl_tax as varchar) || ' without tax' end,
        case when files.stated_incl_tax is not null then cast(summed.incl_tax as varchar) || ' with tax' end
    ) as landed_totals,
    concat_ws(
        ', ',
        cast(files.stated_record_count as varchar)
        || case when files.stated_record_count = 1 then ' record' else ' records' end,
        cast(files.stated_energy_kwh as varchar) || ' kWh',
        cast(files.stated_excl_tax as varchar) || ' without tax',
        cast(files.stated_incl_tax as varchar) || ' with tax'
    ) as stated_totals,
    cast(case
        when files.stated_record_count is null or files.replays_file_seq is not null then null
        when files.stated_record_count <> files.record_count then 0
        when summed.energy_kwh <> files.stated_energy_kwh then 0
        when summed.excl_tax <> files.stated_excl_tax then 0
        when summed.incl_tax <> files.stated_incl_tax then 0
        else 1
    end as smallint) as batch_count_mismatch,
    cast(case when files.replays_file_seq is null then 1 else 0 end as smallint) as batch_replayed,
    cast(case
        when swap_evidence.swappable_count > 0 then case when swap_evidence.is_suspect then 0 else 1 end
    end as smallint) as time_day_month_swap,
    cast(case
        when time_evidence.row_count > 0
            -- A single row of a good file is that session's own fault.
            then case when time_evidence.old_year_count * 2 > time_evidence.row_count then 0 else 1 end
    end as smallint) as time_year_implausible,
    cast(case
        when time_evidence.zone_count > 0 then case when time_evidence.zone_contradicted_count > 0 then 0 else 1 end
    end as smallint) as time_local_as_utc
from files
left join originals on files.replays_file_seq = originals.file_seq
left join summed on files.file_seq = summed.file_seq
left join swap_evidence on files.file_seq = swap_evidence.file_seq
left join time_evidence on files.file_seq = time_evidence.file_seq
