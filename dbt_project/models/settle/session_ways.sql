with

revisions as (

    select
        record_id,
        source,
        received_at,
        ended_at,
        token_type,
        location_id
    from {{ ref('cdr_revisions') }}

),

-- A source that is neither us nor a partner is a hub.
partners as (

    select distinct partner as source
    from {{ ref('contracts') }}

),

lags as (

    select
        record_id,
        {{ seconds_between('ended_at', 'received_at') }} as seconds
    from revisions

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
    cast(case when lags.seconds >= 0 and lags.seconds < 315360000 then lags.seconds end as bigint) as lag_seconds
from revisions
inner join lags on revisions.record_id = lags.record_id
left join partners on revisions.source = partners.source
