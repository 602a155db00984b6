with

master_problems_as_read as (

    select
        path,
        problem,
        since_seq
    from {{ source('ingest', 'raw_master_problems') }}

)

select
    path,
    problem,
    since_seq
from master_problems_as_read
