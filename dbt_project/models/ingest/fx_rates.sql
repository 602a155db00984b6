with

fx_rates_as_read as (

    select
        rate_on,
        base,
        quote,
        rate,
        source,
        known_seq,
        known_from,
        known_to,
        is_opening
    from {{ source('ingest', 'raw_fx_rates') }}

)

select
    rate_on,
    base,
    quote,
    rate,
    source,
    known_seq,
    known_from,
    known_to,
    is_opening
from fx_rates_as_read
