with

revisions as (

    select
        record_id,
        file_seq,
        source,
        cdr_key,
        received_at,
        location_id,
        coalesce(ended_at, started_at) as ended_at
    from {{ ref('cdr_revisions') }}

),

flags as (

    select
        record_id,
        subject_id,
        partner,
        direction
    from {{ ref('record_flags') }}

),

fates as (

    select
        record_id,
        currency,
        fate,
        claimed_excl_tax
    from {{ ref('record_fates') }}

),

-- A record whose parties cannot be read is its sender's, where that is a partner and not a hub.
contracts as (

    select distinct partner
    from {{ ref('contracts') }}

),

outcomes as (

    select
        record_id,
        expected_excl_tax
    from {{ ref('cdr_outcomes') }}

),

-- Whoever proposed something about a session has looked at it, whether or not a second person agreed.
looked_at as (

    select distinct subject
    from {{ ref('ledger_entries') }}
    where
        kind = 'decision'
        and (subject like 'cdr:%' or subject like 'record:%')
        and replace(event, 'propose ', '') in ('waive', 'exclude', 'adjust', 'replace', 'release', 'reprocess')

),

found as (

    select
        subject_kind || ':' || coalesce(cdr_key, subject_id) as subject,
        max(case when severity in ('hold', 'reject') then 1 else 0 end) as is_faulty,
        max(case when waived_by in ('waiver', 'adjustment') then 1 else 0 end) as is_answered
    from {{ ref('findings') }}
    where subject_kind in ('cdr', 'record')
    group by subject_kind || ':' || coalesce(cdr_key, subject_id)

),

day_spans as (

    select
        utc_day_no,
        day,
        starts_at,
        ends_at
    from {{ ref('local_day_spans') }}

),

-- An arrival brings thousands of records at one moment.
arrivals as (

    select
        moments.received_at,
        day_spans.day as received_on
    from (select distinct revisions.received_at from revisions) as moments
    inner join day_spans
        on
            {{ day_number(epoch_microseconds('moments.received_at')) }} = day_spans.utc_day_no
            and moments.received_at >= day_spans.starts_at
            and moments.received_at < day_spans.ends_at

),

-- A clock that is wrong must not put a session on a day that nobody looks at.
ends as (

    select
        revisions.record_id,
        revisions.file_seq,
        arrivals.received_on,
        case when day_spans.day <= arrivals.received_on then day_spans.day end as ended_on
    from revisions
    inner join arrivals on revisions.received_at = arrivals.received_at
    left join day_spans
        on
            {{ day_number(epoch_microseconds('revisions.ended_at')) }} = day_spans.utc_day_no
            and revisions.ended_at >= day_spans.starts_at
            and revisions.ended_at < day_spans.ends_at

),

-- Where its own end cannot be true a record stands with the last of its file.
file_ends as (

    select
        file_seq,
        max(ended_on) as ended_on
    from ends
    group by file_seq

),

placed as (

    select
        revisions.record_id,
        case when fates.fate in ('quarantined', 'superseded') then 'record' else 'cdr' end as subject_kind,
        case when fates.fate in ('quarantined', 'superseded') then flags.subject_id else revisions.cdr_key end
            as subject_id,
        case
            when flags.direction = 'internal' then 'own'
            else coalesce(flags.partner, contracts.partner, 'unknown')
        end as partner,
        coalesce(revisions.location_id, 'unknown') as location_id,
        fates.currency,
        fates.fate,
        coalesce(ends.ended_on, file_ends.ended_on, ends.received_on) as charged_on,
        ends.received_on,
        revisions.received_at,
        case
            when fates.fate in ('held', 'excluded', 'quarantined')
                then abs(coalesce(fates.claimed_excl_tax, outcomes.expected_excl_tax))
        end as at_stake_excl_tax
    from revisions
    inner join flags on revisions.record_id = flags.record_id
    inner join fates on revisions.record_id = fates.record_id
    inner join ends on revisions.record_id = ends.record_id
    inner join file_ends on revisions.file_seq = file_ends.file_seq
    left join outcomes on revisions.record_id = outcomes.record_id
    left join contracts on revisions.source = contracts.partner

)

select
    placed.record_id,
    placed.subject_kind,
    placed.subject_id,
    placed.partner,
    placed.location_id,
    placed.currency,
    placed.fate,
    placed.charged_on,
    placed.received_on,
    placed.received_at,
    coalesce(found.is_faulty, 0) = 1 as is_faulty,
    looked_at.subject is not null or coalesce(found.is_answered, 0) = 1 as is_by_person,
    cast(placed.at_stake_excl_tax as decimal(38, 16)) as at_stake_excl_tax
from placed
left join found on placed.subject_kind || ':' || placed.subject_id = found.subject
left join looked_at on placed.subject_kind || ':' || placed.subject_id = looked_at.subject
