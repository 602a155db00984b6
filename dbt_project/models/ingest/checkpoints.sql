with

checkpoints_as_read as (

    select
        frequency,
        draft_days,
        approval_days,
        close_days
    from {{ source('ingest', 'raw_checkpoints') }}

)

select
    frequency,
    draft_days,
    approval_days,
    close_days
from checkpoints_as_read
