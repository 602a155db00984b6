with

accounts_as_read as (

    select
        role,
        account,
        name,
        known_seq,
        known_from,
        known_to,
        is_opening
    from {{ source('ingest', 'raw_accounts') }}

)

select
    role,
    account,
    name,
    known_seq,
    known_from,
    known_to,
    is_opening
from accounts_as_read
