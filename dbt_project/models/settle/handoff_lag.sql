with

run as (

    select max(as_of) as as_of
    from {{ ref('settlement_run') }}

),

records as (

    select
        record_id,
        source,
        ended_at,
        last_updated,
        received_at
    from {{ ref('cdr_revisions') }}

),

ways as (

    select
        record_id,
        channel
    from {{ ref('session_ways') }}

),

sessions as (

    select
        outcomes.cdr_key,
        case when outcomes.direction = 'internal' then 'own' else coalesce(outcomes.partner, 'unknown') end as partner,
        coalesce(outcomes.period, 'unknown') as period,
        coalesce(outcomes.direction, 'unknown') as direction,
        outcomes.location_id,
        outcomes.state,
        outcomes.cleared_at,
        records.source,
        records.ended_at,
        records.last_updated,
        records.received_at,
        ways.channel
    from {{ ref('cdr_outcomes') }} as outcomes
    inner join records on outcomes.record_id = records.record_id
    left join ways on outcomes.record_id = ways.record_id

),

never_came as (

    select
        leakage.subject_id,
        leakage.partner,
        leakage.period,
        leakage.direction,
        leakage.location_id,
        {{ add_seconds('run.as_of', '-leakage.lag_seconds') }} as from_at
    from {{ ref('leakage') }} as leakage
    cross join run
    where leakage.kind = 'missing'

),

hops as (

    -- The charger's session becomes its operator's record.
    select
        cdr_key as subject_id,
        partner,
        period,
        direction,
        location_id,
        channel,
        source,
        1 as hop_no,
        'record' as hop,
        ended_at as from_at,
        last_updated as to_at,
        false as is_open
    from sessions

    union all

    -- The record comes to us, from the operator or by a hub.
    select
        cdr_key as subject_id,
        partner,
        period,
        direction,
        location_id,
        channel,
        source,
        2 as hop_no,
        'delivery' as hop,
        last_updated as from_at,
        received_at as to_at,
        false as is_open
    from sessions

    union all

    -- What came becomes billable, or waits.
    select
        sessions.cdr_key as subject_id,
        sessions.partner,
        sessions.period,
        sessions.direction,
        sessions.location_id,
        sessions.channel,
        sessions.source,
        3 as hop_no,
        'clearing' as hop,
        sessions.received_at as from_at,
        case when sessions.state = 'held' then run.as_of else sessions.cleared_at end as to_at,
        sessions.state = 'held' as is_open
    from sessions
    cross join run
    where sessions.state = 'held' or sessions.cleared_at is not null

    union all

    select
        never_came.subject_id,
        never_came.partner,
        never_came.period,
        never_came.direction,
        never_came.location_id,
        cast(null as varchar) as channel,
        cast(null as varchar) as source,
        2 as hop_no,
        'delivery' as hop,
        never_came.from_at,
        run.as_of as to_at,
        true as is_open
    from never_came
    cross join run

),

measured as (

    select
        *,
        {{ seconds_between('from_at', 'to_at') }} as seconds
    from hops

)

select
    subject_id,
    cast(hop_no as integer) as hop_no,
    hop,
    partner,
    period,
    direction,
    location_id,
    channel,
    source,
    from_at,
    to_at,
    -- Times that cannot be: the next hand-off before this one, or ten years after.
    cast(case when seconds >= 0 and seconds < 315360000 then seconds end as bigint) as lag_seconds,
    case
        when is_open then 'broken'
        when seconds is null or seconds < 0 or seconds >= 315360000 then 'unknown'
        when seconds > 86400 then 'late'
        else 'in_time'
    end as standing
from measured
