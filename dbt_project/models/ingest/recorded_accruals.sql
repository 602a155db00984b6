with

recorded_accruals_as_read as (

    select
        run_end_seq,
        as_of,
        period,
        partner,
        party,
        direction,
        currency,
        sessions,
        amount_excl_tax
    from {{ source('ingest', 'raw_recorded_accruals') }}

)

select
    run_end_seq,
    as_of,
    period,
    partner,
    party,
    direction,
    currency,
    sessions,
    amount_excl_tax
from recorded_accruals_as_read
