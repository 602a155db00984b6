with

revisions as (

    select
        record_id,
        source,
        token_type,
        location_id,
        {{ seconds_between('ended_at', 'received_at') }} as lag_seconds
    from {{ ref('cdr_revisions') }}

),

-- A source that is neither us nor a partner is a hub.
partners as (

    select distinct partner as source
    from {{ ref('contracts') }}

)

select
    revisions.record_id,
    revisions.location_id,
    case
        when revisions.source <> 'own' and partners.source is null then 'hub'
        when revisions.token_type = 'APP_USER' then 'app'
        else 'direct'
    end as channel,
    -- Times that cannot be: received before the session's end, or ten years after.
    cast(
        case when revisions.lag_seconds >= 0 and revisions.lag_seconds < 315360000 then revisions.lag_seconds end
        as bigint
    ) as lag_seconds
from revisions
left join partners on revisions.source = partners.source
