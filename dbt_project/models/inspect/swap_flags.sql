with

work as (

    select cdr_key
    from {{ ref('work') }}

),

cdrs as (

    select
        cdr_key,
        record_id,
        file_seq
    from {{ ref('cdrs') }}

),

date_readings as (

    select
        record_id,
        started_at_swapped,
        is_swappable
    from {{ ref('date_readings') }}

),

swap_evidence as (

    select
        file_seq,
        swappable_count,
        is_swapped,
        is_suspect
    from {{ ref('swap_evidence') }}

)

select
    cdrs.cdr_key,
    date_readings.started_at_swapped,
    -- A date that cannot be another one is right, whatever the file.
    cast(case when date_readings.is_swappable and swap_evidence.is_suspect then 0 else 1 end as smallint)
        as time_day_month_swap
from cdrs
inner join work on cdrs.cdr_key = work.cdr_key
inner join date_readings on cdrs.record_id = date_readings.record_id
inner join swap_evidence on cdrs.file_seq = swap_evidence.file_seq
where swap_evidence.swappable_count > 0 or swap_evidence.is_swapped
