with

files as (

    select
        file_seq,
        source,
        received_at
    from {{ ref('files') }}
    where feed = 'cdrs'

),

local_days as (

    select
        day,
        starts_at
    from {{ ref('local_days') }}

),

-- A contract begins at midnight of the network's zone; beyond the calendar, at midnight UTC.
contracts as (

    select
        contracts.partner,
        contracts.contract_version,
        coalesce(first_days.starts_at, cast(contracts.valid_from as timestamptz)) as starts_at,
        coalesce(last_days.starts_at, cast(contracts.valid_to as timestamptz)) as ends_at
    from {{ ref('contracts') }} as contracts
    left join local_days as first_days on contracts.valid_from = first_days.day
    left join local_days as last_days on contracts.valid_to = last_days.day

)

select
    files.file_seq,
    contracts.partner,
    contracts.contract_version
from files
inner join contracts on files.source = contracts.partner
where
    files.received_at >= contracts.starts_at
    and (contracts.ends_at is null or files.received_at < contracts.ends_at)
