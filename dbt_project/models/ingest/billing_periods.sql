with

billing_periods_as_read as (

    select
        frequency,
        period,
        starts_on,
        ends_on
    from {{ source('ingest', 'raw_billing_periods') }}

)

select
    frequency,
    period,
    starts_on,
    ends_on
from billing_periods_as_read
