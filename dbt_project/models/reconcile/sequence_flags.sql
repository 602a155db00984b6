{{ config(materialized='table') }}

with

files as (

    select
        file_seq,
        source,
        file_name,
        source || '/cdrs/' || file_name as subject_id
    from {{ ref('files') }}
    where feed = 'cdrs'

),

-- The last number of a name counts its series. Dates count days, which need not each have a file.
numbered as (

    select
        file_seq,
        source,
        regexp_replace(file_name, '[0-9]{1,6}([^0-9]*)$', '#\1') as series,
        cast(nullif(regexp_extract(file_name, '([0-9]{1,6})[^0-9]*$', 1), '') as integer) as number
    from files
    where
        regexp_matches(file_name, '(^|[^0-9])[0-9]{1,6}[^0-9]*$')
        and not regexp_matches(file_name, '[0-9]{4}[-_.]?[0-9]{2}([-_.]?[0-9]{2})?[^0-9]*$')

),

known_numbers as (

    select distinct
        source,
        series,
        number
    from numbered

),

stepped as (

    select
        source,
        series,
        number,
        lag(number) over (partition by source, series order by number) as number_before,
        count(*) over (partition by source, series) as series_length
    from known_numbers

)

select
    files.file_seq,
    files.subject_id,
    stepped.number_before,
    stepped.number,
    -- Two names with a number are no series yet.
    cast(
        case
            when stepped.number_before is null or stepped.series_length < 3 then null
            when stepped.number > stepped.number_before + 1 then 0
            else 1
        end as smallint
    ) as seq_gap
from files
left join numbered on files.file_seq = numbered.file_seq
left join stepped
    on numbered.source = stepped.source and numbered.series = stepped.series and numbered.number = stepped.number
