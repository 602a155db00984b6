{{ config(materialized='incremental', incremental_strategy='replace_work') }}

with

work as (

    select cdr_key
    from {{ ref('work') }}

),

all_cdrs as (

    select
        cdr_key,
        record_id,
        lower(cpo_party) as cpo_key,
        lower(session_id) as session_id_key,
        lower(evse_uid) as evse_key,
        lower(token_uid) as token_key,
        cdr_id,
        coalesce(is_credit, false) as is_credit,
        received_at,
        started_at,
        ended_at,
        energy_kwh,
        claimed_excl_tax
    from {{ ref('cdrs') }}

),

cdrs as (

    select all_cdrs.*
    from all_cdrs
    inner join work on all_cdrs.cdr_key = work.cdr_key

),

run as (

    select as_of
    from {{ ref('settlement_run') }}

),

tolerances as (

    select
        cdr_key,
        session_cdr_diff as energy_tolerance,
        resubmit_limit as most_tries,
        resubmit_limit_second as most_days,
        duration_seconds
    from {{ ref('claim_tolerances') }}

),

waits as (

    select
        deadlines.cdr_key,
        max(case when deadlines.rule_id = 'SESSION_MISSING' then deadlines.ends_at end) as session_due_at,
        max(case when deadlines.rule_id = 'CREDIT_NOT_REPLACED' then deadlines.ends_at end) as replacement_due_at,
        max(case when deadlines.rule_id = 'CREDIT_NO_ORIGINAL' then deadlines.ends_at end) as original_due_at
    from {{ ref('deadlines') }} as deadlines
    inner join work on deadlines.cdr_key = work.cdr_key
    group by deadlines.cdr_key

),

sessions as (

    select
        session_key,
        cpo_party,
        status,
        started_at,
        ended_at,
        energy_kwh
    from {{ ref('sessions') }}
    where is_latest

),

-- Whoever ever told of a session runs that module.
senders as (

    select distinct lower(cpo_party) as cpo_key
    from sessions
    where cpo_party is not null

),

remarks as (

    select
        record_id,
        remark
    from {{ ref('cdr_revisions') }}

),

credits as (

    select
        cdr_key,
        original_key
    from {{ ref('credit_pairs') }}
    where is_standing

),

-- The same session under another id: named alike, or by the same token at the same place and start.
repeats as (

    select
        cdrs.cdr_key,
        others.cdr_key as other_key,
        others.received_at,
        others.energy_kwh <> cdrs.energy_kwh or others.claimed_excl_tax <> cdrs.claimed_excl_tax as is_other_total,
        others.received_at < cdrs.received_at
        or (others.received_at = cdrs.received_at and others.cdr_key < cdrs.cdr_key) as is_earlier
    from cdrs
    inner join all_cdrs as others
        on cdrs.cpo_key = others.cpo_key and cdrs.session_id_key = others.session_id_key
    where
        cdrs.cdr_key <> others.cdr_key
        and not others.is_credit
        and coalesce(cdrs.evse_key = others.evse_key, true)
        and coalesce(abs({{ seconds_between('cdrs.started_at', 'others.started_at') }}) <= 300, true)

),

-- Sent again counts from the first time; the clock of one starts when the one before came, or was credited.
resubmissions as (

    select
        repeats.cdr_key,
        count(distinct repeats.other_key) as resubmission_no,
        min(case when repeats.is_other_total and credits.cdr_key is null then repeats.other_key end) as earlier_key,
        max(coalesce(takers.received_at, repeats.received_at)) as asked_at
    from repeats
    left join credits on repeats.other_key = credits.original_key
    left join all_cdrs as takers on credits.cdr_key = takers.cdr_key
    where repeats.is_earlier
    group by repeats.cdr_key

),

replacements as (

    select distinct credits.cdr_key
    from credits
    inner join all_cdrs as originals on credits.original_key = originals.cdr_key
    inner join all_cdrs as others
        on originals.cpo_key = others.cpo_key and originals.evse_key = others.evse_key
    where
        others.cdr_key <> originals.cdr_key
        and not others.is_credit
        and (
            originals.session_id_key = others.session_id_key
            or (
                coalesce(originals.token_key = others.token_key, true)
                and abs({{ seconds_between('originals.started_at', 'others.started_at') }}) <= 300
            )
        )

),

measured as (

    select
        cdrs.cdr_key,
        cdrs.is_credit,
        cdrs.session_id_key,
        cdrs.energy_kwh,
        cdrs.started_at,
        cdrs.ended_at,
        senders.cpo_key is not null as has_sessions,
        sessions.session_key is not null as has_session,
        sessions.status as session_status,
        sessions.energy_kwh as session_energy_kwh,
        sessions.started_at as session_started_at,
        sessions.ended_at as session_ended_at,
        abs(sessions.energy_kwh - cdrs.energy_kwh) as energy_gap,
        greatest(
            abs(coalesce({{ seconds_between('sessions.started_at', 'cdrs.started_at') }}, 0)),
            abs(coalesce({{ seconds_between('sessions.ended_at', 'cdrs.ended_at') }}, 0))
        ) as time_gap_seconds,
        run.as_of > waits.session_due_at as is_session_late,
        run.as_of > waits.replacement_due_at as is_replacement_late,
        run.as_of > waits.original_due_at as is_original_late,
        waits.original_due_at,
        tolerances.energy_tolerance,
        tolerances.most_tries,
        tolerances.most_days,
        {{ seconds_between('resubmissions.asked_at', 'cdrs.received_at') }} as seconds_after,
        resubmissions.resubmission_no,
        resubmissions.asked_at,
        tolerances.duration_seconds,
        credits.original_key as credited_key,
        replacements.cdr_key is not null as is_replaced,
        resubmissions.earlier_key,
        remarks.remark
    from cdrs
    cross join run
    left join tolerances on cdrs.cdr_key = tolerances.cdr_key
    left join waits on cdrs.cdr_key = waits.cdr_key
    left join senders on cdrs.cpo_key = senders.cpo_key
    left join sessions on cdrs.cpo_key || '|' || cdrs.session_id_key = sessions.session_key
    left join credits on cdrs.cdr_key = credits.cdr_key
    left join replacements on cdrs.cdr_key = replacements.cdr_key
    left join resubmissions on cdrs.cdr_key = resubmissions.cdr_key
    left join remarks on cdrs.record_id = remarks.record_id

)

select
    cdr_key,
    session_status,
    session_energy_kwh,
    session_started_at,
    session_ended_at,
    cast(energy_gap as decimal(18, 8)) as energy_gap,
    cast(time_gap_seconds as bigint) as time_gap_seconds,
    earlier_key,
    credited_key,
    remark,
    original_due_at,
    is_original_late,
    cast(resubmission_no as integer) as resubmission_no,
    asked_at,
    cast(
        case
            when is_credit or not has_sessions or session_id_key is null then null
            when has_session then 1
            -- Its times are unknown: nothing says that it may still come.
            when coalesce(is_session_late, true) then 0
        end as smallint
    ) as session_missing,
    cast(
        case
            when is_credit or not has_session or coalesce(upper(session_status), '') <> 'COMPLETED' then null
            when energy_gap > energy_tolerance or time_gap_seconds > duration_seconds then 0
            when coalesce(energy_gap, time_gap_seconds) is not null then 1
        end as smallint
    ) as session_cdr_diff,
    cast(
        case
            when is_credit or session_id_key is null then null
            when earlier_key is not null then 0
            else 1
        end as smallint
    ) as resubmit_totals_changed,
    cast(
        case
            when is_credit or resubmission_no is null then null
            when resubmission_no > most_tries or seconds_after > most_days * 86400 then 0
            else 1
        end as smallint
    ) as resubmit_limit,
    cast(
        case
            when credited_key is null then null
            when is_replaced then 1
            when is_replacement_late then 0
        end as smallint
    ) as credit_not_replaced,
    cast(
        case
            when remark is null then null
            when remark like '%[?]%' or remark like '%[*]%' then 0
            else 1
        end as smallint
    ) as price_not_significant
from measured
