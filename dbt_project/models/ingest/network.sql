with

network_as_read as (

    select
        time_zone,
        country,
        currency,
        history_before
    from {{ source('ingest', 'raw_network') }}

)

select
    time_zone,
    country,
    currency,
    history_before
from network_as_read
