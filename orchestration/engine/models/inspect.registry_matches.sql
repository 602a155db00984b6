with

uses as (

    select
        cdr_key,
        cpo_key,
        tariff_key,
        tariff_index,
        started_at
    from "evsettle"."inspect"."tariff_uses"
    where tariff_key is not null

),

versions as (

    select
        lower(cpo_party) as cpo_key,
        lower(tariff_id) as tariff_key,
        tariff_version,
        tariff_no,
        tariff_body,
        tariff_type,
        currency,
        valid_from,
        valid_to,
        known_from,
        source,
        sighting_seq,
        record_id,
        is_opening,
        approval,
        is_approved,
        approved_at,
        is_retro_approved
    from "evsettle"."inspect"."tariff_versions"

),

run as (

    select max(as_of) as as_of
    from "evsettle"."ingest"."settlement_run"

),

-- Two clocks: valid at the session's start, known at the run's as_of.
candidates as (

    select
        uses.cdr_key,
        uses.tariff_index,
        versions.*,
        (versions.valid_from is null or versions.valid_from <= uses.started_at)
        and (versions.valid_to is null or uses.started_at < versions.valid_to) as is_at_start
    from uses
    inner join versions on uses.cpo_key = versions.cpo_key and uses.tariff_key = versions.tariff_key
    cross join run
    where run.as_of is null or versions.known_from <= run.as_of

),

-- Among approved ones the successor stands, and of one window what was learned last.
ranked as (

    select
        *,
        row_number() over (
            partition by cdr_key, tariff_index
            order by
                case when is_at_start then 0 else 1 end asc,
                case when is_approved then 0 else 1 end asc,
                valid_from desc nulls last,
                known_from desc,
                sighting_seq desc,
                record_id desc nulls last,
                tariff_version asc
        ) as match_no,
        -- The same content known earlier is no news.
        min(case when is_at_start then known_from end) over (
            partition by cdr_key, tariff_index, tariff_no
        ) as body_known_from
    from candidates

),

best as (

    select *
    from ranked
    where match_no = 1

),

-- Two versions at once that nothing puts in order: of one source's same breath, of two sources, or a
-- window that states an end beyond its successor's start.
rivals as (

    select
        best.cdr_key,
        best.tariff_index,
        count(*) as rival_count
    from best
    inner join candidates on best.cdr_key = candidates.cdr_key and best.tariff_index = candidates.tariff_index
    where
        best.is_at_start
        and candidates.is_at_start
        and best.is_approved
        and candidates.is_approved
        and candidates.tariff_no <> best.tariff_no
        and coalesce(candidates.tariff_type, '') = coalesce(best.tariff_type, '')
        and (
            (
                coalesce(candidates.valid_from, timestamptz '1900-01-01 00:00:00+00')
                = coalesce(best.valid_from, timestamptz '1900-01-01 00:00:00+00')
                and (candidates.source <> best.source or candidates.sighting_seq = best.sighting_seq)
            )
            or (
                candidates.valid_to is not null
                and coalesce(candidates.valid_from, timestamptz '1900-01-01 00:00:00+00')
                <> coalesce(best.valid_from, timestamptz '1900-01-01 00:00:00+00')
            )
        )
    group by
        best.cdr_key,
        best.tariff_index

)

select
    best.cdr_key,
    best.tariff_index,
    best.tariff_version,
    best.tariff_no,
    best.tariff_body,
    best.tariff_type,
    best.currency,
    best.valid_from,
    best.valid_to,
    best.known_from,
    best.body_known_from,
    best.source,
    best.is_opening,
    best.approval,
    best.is_approved,
    best.approved_at,
    best.is_retro_approved,
    best.is_at_start,
    coalesce(rivals.rival_count, 0) as rival_count
from best
left join rivals on best.cdr_key = rivals.cdr_key and best.tariff_index = rivals.tariff_index
