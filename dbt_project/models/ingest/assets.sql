with

assets_as_read as (

    select
        evse_uid,
        owner_party,
        commissioned_on,
        retired_on,
        site_model,
        user_group,
        max_power_kw,
        known_seq,
        known_from,
        known_to,
        is_opening
    from {{ source('ingest', 'raw_assets') }}

)

select
    evse_uid,
    owner_party,
    commissioned_on,
    retired_on,
    site_model,
    user_group,
    max_power_kw,
    known_seq,
    known_from,
    known_to,
    is_opening
from assets_as_read
