with

run as (

    select max(as_of) as as_of
    from {{ ref('settlement_run') }}

),

records as (

    select
        record_id,
        file_seq,
        source,
        ended_at,
        last_updated,
        received_at
    from {{ ref('cdr_revisions') }}

),

-- A file cannot be made before its newest record: a hub had the others at least until then.
files as (

    select
        file_seq,
        max(last_updated) as made_at
    from records
    where last_updated <= received_at
    group by file_seq

),

-- What was there before its source delivered here at all was not handed over late: nobody was there to take it.
sources as (

    select
        source,
        min(received_at) as first_received_at
    from records
    group by source

),

terms as (

    select
        cdr_key,
        partner,
        contract_version
    from {{ ref('cdr_terms') }}

),

limits as (

    select
        partner,
        contract_version,
        hop,
        limit_hours
    from {{ ref('handoff_terms') }}

),

history as (

    select
        cdr_key,
        is_history
    from {{ ref('cdr_periods') }}

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
        ways.channel,
        files.made_at,
        sources.first_received_at,
        coalesce(history.is_history, false) as is_history
    from {{ ref('cdr_outcomes') }} as outcomes
    inner join records on outcomes.record_id = records.record_id
    inner join sources on records.source = sources.source
    left join ways on outcomes.record_id = ways.record_id
    left join files on records.file_seq = files.file_seq
    left join history on outcomes.cdr_key = history.cdr_key

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
        false as is_open,
        first_received_at,
        is_history
    from sessions

    union all

    -- The operator gives it to a hub, which puts it in a file.
    select
        cdr_key as subject_id,
        partner,
        period,
        direction,
        location_id,
        channel,
        source,
        2 as hop_no,
        'hub' as hop,
        last_updated as from_at,
        made_at as to_at,
        false as is_open,
        first_received_at,
        is_history
    from sessions
    where channel = 'hub'

    union all

    -- The operator or the hub gives it to us.
    select
        cdr_key as subject_id,
        partner,
        period,
        direction,
        location_id,
        channel,
        source,
        3 as hop_no,
        'delivery' as hop,
        case when channel = 'hub' and last_updated <= made_at then made_at else last_updated end as from_at,
        received_at as to_at,
        false as is_open,
        first_received_at,
        is_history
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
        4 as hop_no,
        'clearing' as hop,
        sessions.received_at as from_at,
        case when sessions.state = 'held' then run.as_of else sessions.cleared_at end as to_at,
        sessions.state = 'held' as is_open,
        cast(null as timestamptz) as first_received_at,
        sessions.is_history
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
        3 as hop_no,
        'delivery' as hop,
        never_came.from_at,
        run.as_of as to_at,
        true as is_open,
        cast(null as timestamptz) as first_received_at,
        false as is_history
    from never_came
    cross join run

),

measured as (

    select
        hops.*,
        {{ seconds_between('hops.from_at', 'hops.to_at') }} as seconds,
        {{ seconds_between('hops.first_received_at', 'hops.to_at') }} as seconds_since_first,
        -- Without a contract a hand-off has a day; with one, its hours, and null is any.
        case when limits.hop is null then 86400 else cast(limits.limit_hours as bigint) * 3600 end as limit_seconds
    from hops
    left join terms on hops.subject_id = terms.cdr_key
    left join limits
        on
            terms.partner = limits.partner
            and terms.contract_version = limits.contract_version
            and hops.hop = limits.hop

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
        when limit_seconds is null or seconds <= limit_seconds then 'in_time'
        -- Both times of a record are its operator's: how late it was has nothing to do with us.
        when is_history and hop <> 'record' then 'history'
        when hop in ('hub', 'delivery') and seconds_since_first <= limit_seconds then 'history'
        else 'late'
    end as standing
from measured
