with

closed_months_as_read as (

    select
        period,
        closes_at,
        accrual_seq,
        row_number() over (partition by period order by run_end_seq) as told
    from {{ source('ingest', 'raw_closed_months') }}

)

select
    period,
    closes_at,
    accrual_seq
from closed_months_as_read
where told = 1
