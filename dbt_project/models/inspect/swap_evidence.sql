with

readings as (

    select
        record_id,
        row_in_file,
        started_at,
        ended_at,
        started_at_swapped,
        ended_at_swapped,
        is_swappable,
        is_swapped
    from {{ ref('date_readings') }}

),

revisions as (

    select
        record_id,
        file_seq,
        lower(coalesce(evse_uid, evse_id, location_id)) || '|' || lower(connector_id) as connector_key
    from {{ ref('cdr_revisions') }}

),

-- Each row twice: as it is written, and with day and month exchanged wherever they can be.
as_read as (

    select
        revisions.file_seq,
        readings.record_id,
        revisions.connector_key,
        readings.row_in_file,
        'written' as reading,
        readings.started_at,
        readings.ended_at,
        readings.is_swappable,
        readings.is_swapped
    from readings
    inner join revisions on readings.record_id = revisions.record_id
    union all
    select
        revisions.file_seq,
        readings.record_id,
        revisions.connector_key,
        readings.row_in_file,
        'swapped' as reading,
        readings.started_at_swapped as started_at,
        readings.ended_at_swapped as ended_at,
        readings.is_swappable,
        readings.is_swapped
    from readings
    inner join revisions on readings.record_id = revisions.record_id

),

neighbours as (

    select
        file_seq,
        reading,
        started_at,
        ended_at,
        connector_key,
        is_swappable,
        is_swapped,
        lag(started_at) over (partition by file_seq, reading order by row_in_file) as started_at_before,
        max(case when ended_at > started_at then ended_at end) over (
            partition by file_seq, reading, connector_key
            order by started_at asc, ended_at asc, record_id asc
            rows between unbounded preceding and 1 preceding
        ) as busy_until
    from as_read

),

-- A file may be sorted up or down: what breaks the rarer way is a break.
counts as (

    select
        file_seq,
        reading,
        count(*) as reading_count,
        sum(case when is_swappable then 1 else 0 end) as swappable_count,
        max(case when is_swapped then 1 else 0 end) as has_swapped,
        {{ seconds_between('min(started_at)', 'max(started_at)') }} as span_seconds,
        least(
            sum(case when started_at < started_at_before then 1 else 0 end),
            sum(case when started_at > started_at_before then 1 else 0 end)
        ) as break_count,
        sum(case
            when connector_key is not null and ended_at > started_at and started_at < busy_until then 1
            else 0
        end) as overlap_count
    from neighbours
    group by
        file_seq,
        reading

),

compared as (

    select
        file_seq,
        max(reading_count) as reading_count,
        max(swappable_count) as swappable_count,
        max(has_swapped) as has_swapped,
        max(case when reading = 'written' then span_seconds end) as span_written,
        max(case when reading = 'swapped' then span_seconds end) as span_swapped,
        max(case when reading = 'written' then break_count end) as breaks_written,
        max(case when reading = 'swapped' then break_count end) as breaks_swapped,
        max(case when reading = 'written' then overlap_count end) as overlaps_written,
        max(case when reading = 'swapped' then overlap_count end) as overlaps_swapped
    from counts
    group by file_seq

)

select
    file_seq,
    cast(reading_count as bigint) as reading_count,
    cast(swappable_count as bigint) as swappable_count,
    has_swapped = 1 as is_swapped,
    cast(breaks_written as bigint) as breaks_written,
    cast(breaks_swapped as bigint) as breaks_swapped,
    cast(overlaps_written as bigint) as overlaps_written,
    cast(overlaps_swapped as bigint) as overlaps_swapped,
    cast((span_written - span_written % 86400) / 86400 as bigint) as days_written,
    cast((span_swapped - span_swapped % 86400) / 86400 as bigint) as days_swapped,
    -- Mended: of at least three faults of one kind nine in ten go, and the other kind does not say the reverse
    -- as clearly. A file in no order has breaks either way, which say nothing.
    has_swapped = 0
    and swappable_count > 0
    and (
        (
            breaks_written >= 3
            and breaks_swapped * 10 <= breaks_written
            and not (overlaps_swapped >= 3 and overlaps_written * 10 <= overlaps_swapped)
        )
        or (
            overlaps_written >= 3
            and overlaps_swapped * 10 <= overlaps_written
            and not (breaks_swapped >= 3 and breaks_written * 10 <= breaks_swapped)
        )
        -- Or it stands on a few days of many months, and exchanged on the days of one: a file tells of one month.
        or (
            swappable_count >= 5
            and swappable_count * 2 > reading_count
            and span_written > 62 * 86400
            and span_swapped < 31 * 86400
            and not (breaks_swapped >= 3 and breaks_written * 10 <= breaks_swapped)
            and not (overlaps_swapped >= 3 and overlaps_written * 10 <= overlaps_swapped)
        )
    ) as is_suspect
from compared
