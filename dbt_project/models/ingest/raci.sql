with

raci_as_read as (

    select
        activity,
        responsible,
        accountable,
        consulted,
        informed,
        known_seq,
        known_from,
        known_to,
        is_opening
    from {{ source('ingest', 'raw_raci') }}

)

select
    activity,
    responsible,
    accountable,
    consulted,
    informed,
    known_seq,
    known_from,
    known_to,
    is_opening
from raci_as_read
