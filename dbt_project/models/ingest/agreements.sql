with

agreements_as_read as (

    select
        cpo_party,
        emsp_party,
        route,
        valid_from,
        valid_to,
        known_seq,
        known_from,
        known_to,
        is_opening
    from {{ source('ingest', 'raw_agreements') }}

)

select
    cpo_party,
    emsp_party,
    route,
    valid_from,
    valid_to,
    known_seq,
    known_from,
    known_to,
    is_opening
from agreements_as_read
