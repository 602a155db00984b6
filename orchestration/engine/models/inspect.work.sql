with

touched as (

    select
        kind,
        id,
        reason
    from "evsettle"."ingest"."touched"

),

revisions as (

    select
        record_id,
        work_key,
        cdr_key,
        cpo_party,
        credit_reference_id,
        location_id,
        token_uid,
        session_id,
        started_at,
        ended_at
    from "evsettle"."ingest"."cdr_revisions"

),

cdr_tariffs as (

    select
        record_id,
        tariff_id
    from "evsettle"."ingest"."cdr_tariffs"

),

periods as (

    select
        record_id,
        tariff_id
    from "evsettle"."ingest"."sent_periods"

),

date_readings as (

    select
        record_id,
        started_at,
        ended_at,
        started_at_swapped,
        ended_at_swapped
    from "evsettle"."ingest"."date_readings"

),

everything as (

    select
        revisions.work_key as cdr_key,
        touched.reason
    from revisions
    inner join touched on touched.kind = 'everything'

),

named as (

    select
        id as cdr_key,
        reason
    from touched
    where kind = 'cdr'

),

touched_tariffs as (

    select
        lower(id) as tariff_key,
        reason
    from touched
    where kind = 'tariff'

),

by_tariff as (

    select
        revisions.work_key as cdr_key,
        touched_tariffs.reason
    from cdr_tariffs
    inner join revisions on cdr_tariffs.record_id = revisions.record_id
    inner join touched_tariffs
        on lower(revisions.cpo_party) || '|' || lower(cdr_tariffs.tariff_id) = touched_tariffs.tariff_key
    union all
    select
        revisions.work_key as cdr_key,
        touched_tariffs.reason
    from periods
    inner join revisions on periods.record_id = revisions.record_id
    inner join touched_tariffs
        on lower(revisions.cpo_party) || '|' || lower(periods.tariff_id) = touched_tariffs.tariff_key

),

-- What follows spreads from these keys only, so nothing is joined when everything is to be done.
seeds as (

    select
        cdr_key,
        min(reason) as reason
    from (
        select
            cdr_key,
            reason
        from named
        union all
        select
            cdr_key,
            reason
        from by_tariff
        union all
        select
            cdr_key,
            reason
        from "evsettle"."inspect"."named_cdrs"
        union all
        select
            cdr_key,
            reason
        from "evsettle"."inspect"."evidence_cdrs"
    ) as direct
    group by cdr_key

),

credits as (

    select
        work_key as credit_key,
        lower(cpo_party) || '|' || lower(credit_reference_id) as original_key
    from revisions
    where credit_reference_id is not null and cpo_party is not null

),

with_credits as (

    select
        cdr_key,
        reason
    from seeds
    union all
    select
        credits.original_key as cdr_key,
        'credit of it' as reason
    from credits
    inner join seeds on credits.credit_key = seeds.cdr_key
    union all
    select
        credits.credit_key as cdr_key,
        'its original' as reason
    from credits
    inner join seeds on credits.original_key = seeds.cdr_key

),

-- Every time a revision stood at: as read, and both readings of a date that may be swapped.
spans as (

    select
        record_id,
        started_at,
        ended_at
    from revisions
    where started_at is not null
    union all
    select
        record_id,
        started_at,
        ended_at
    from date_readings
    union all
    select
        record_id,
        started_at_swapped as started_at,
        ended_at_swapped as ended_at
    from date_readings

),

places as (

    select
        work_key,
        record_id,
        place
    from "evsettle"."inspect"."session_places"

),

moved as (

    select
        places.place,
        min(spans.started_at) as first_started_at,
        max(coalesce(spans.ended_at, spans.started_at)) as last_ended_at
    from places
    inner join with_credits on places.work_key = with_credits.cdr_key
    inner join spans on places.record_id = spans.record_id
    group by places.place

),

-- A day more on both sides covers every tolerance of the rules on neighbours.
neighbours as (

    select
        places.work_key as cdr_key,
        'neighbour at the same connector or token' as reason
    from places
    inner join moved on places.place = moved.place
    inner join spans on places.record_id = spans.record_id
    where
        (epoch_us(moved.last_ended_at) // 1000000 - epoch_us(spans.started_at) // 1000000) >= -86400
        and (epoch_us(coalesce(spans.ended_at, spans.started_at)) // 1000000 - epoch_us(moved.first_started_at) // 1000000) >= -86400
    union all
    select
        others.work_key as cdr_key,
        'same session' as reason
    from revisions
    inner join with_credits on revisions.work_key = with_credits.cdr_key
    inner join revisions as others
        on lower(revisions.session_id) = lower(others.session_id) and revisions.cpo_party = others.cpo_party

),

candidates as (

    select
        cdr_key,
        reason
    from everything
    union all
    select
        cdr_key,
        reason
    from with_credits
    union all
    select
        cdr_key,
        reason
    from neighbours

)

select
    candidates.cdr_key,
    min(candidates.reason) as reason
from candidates
-- A touched key whose records are gone after a new reading stays: its old rows must go.
group by candidates.cdr_key
