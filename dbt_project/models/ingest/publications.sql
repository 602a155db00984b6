with

publications_as_read as (

    select
        tariff_id,
        tariff_body,
        published_at,
        published_by,
        channel,
        known_seq,
        known_from,
        known_to,
        is_opening
    from {{ source('ingest', 'raw_publications') }}

)

select
    tariff_id,
    tariff_body,
    published_at,
    published_by,
    channel,
    known_seq,
    known_from,
    known_to,
    is_opening
from publications_as_read
