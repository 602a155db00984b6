with

cdrs as (

    select
        cdr_key,
        revision,
        source,
        file_name,
        received_at
    from {{ ref('cdrs') }}

),

history as (

    select
        run_end_seq,
        as_of,
        cdr_key,
        revision,
        state_to
    from {{ ref('cdr_history') }}

),

run as (

    select as_of
    from {{ ref('settlement_run') }}

),

decisions as (

    select
        effective_at,
        kind,
        subject_kind,
        subject_id
    from {{ ref('decisions') }}

),

-- Findings that would hold or exclude if a decision had not waived them. Gate 3 judges by the period found here,
-- so its own findings cannot be asked; their waivers count from the run that saw them.
waived as (

    select
        cdr_key,
        finding_id
    from {{ source('inspect', 'gate_findings') }}
    where status = 'waived' and severity <> 'warn' and cdr_key is not null

    union all

    select
        cdr_key,
        finding_id
    from {{ source('reconcile', 'gate_findings') }}
    where status = 'waived' and severity <> 'warn' and cdr_key is not null

),

clearings as (

    select
        waived.cdr_key,
        decisions.effective_at
    from waived
    inner join decisions
        on
            (waived.cdr_key = decisions.subject_id and decisions.subject_kind = 'cdr')
            or (waived.finding_id = decisions.subject_id and decisions.subject_kind = 'finding')
    where decisions.kind in ('waive', 'release', 'adjust')

    union all

    select
        cdrs.cdr_key,
        decisions.effective_at
    from cdrs
    inner join decisions on cdrs.source || '/cdrs/' || cdrs.file_name = decisions.subject_id
    where decisions.subject_kind = 'file' and decisions.kind in ('repair', 'reprocess')

    union all

    select
        cdrs.cdr_key,
        decisions.effective_at
    from cdrs
    inner join decisions on cdrs.cdr_key = decisions.subject_id
    where decisions.subject_kind = 'cdr' and decisions.kind = 'replace'

    union all

    -- Out of the period while it was disputed, back in with the end of the dispute.
    select
        cdr_key,
        ended_at as effective_at
    from {{ ref('disputes') }}
    where ended_at is not null and state <> 'refused'

),

-- The last run that left it held or excluded, and the first after that which did not.
last_out as (

    select
        cdrs.cdr_key,
        cdrs.revision,
        max(history.run_end_seq) as run_end_seq,
        max(history.as_of) as as_of
    from cdrs
    inner join history on cdrs.cdr_key = history.cdr_key and cdrs.revision = history.revision
    where history.state_to in ('held', 'excluded')
    group by cdrs.cdr_key, cdrs.revision

),

back_in as (

    select
        cdrs.cdr_key,
        min(history.as_of) as as_of
    from cdrs
    inner join history on cdrs.cdr_key = history.cdr_key and cdrs.revision = history.revision
    left join last_out on cdrs.cdr_key = last_out.cdr_key
    where
        history.state_to in ('valid', 'adjusted', 'credited')
        and (last_out.run_end_seq is null or history.run_end_seq > last_out.run_end_seq)
    group by cdrs.cdr_key

),

last_clearings as (

    select
        clearings.cdr_key,
        max(clearings.effective_at) as effective_at
    from clearings
    left join last_out on clearings.cdr_key = last_out.cdr_key
    left join back_in on clearings.cdr_key = back_in.cdr_key
    where
        (last_out.as_of is null or clearings.effective_at > last_out.as_of)
        and (back_in.as_of is null or clearings.effective_at <= back_in.as_of)
    group by clearings.cdr_key

)

select
    cdrs.cdr_key,
    case
        when last_clearings.effective_at is not null then greatest(cdrs.received_at, last_clearings.effective_at)
        when last_out.as_of is null then cdrs.received_at
        when back_in.as_of is not null then back_in.as_of
        -- Master data or evidence cleared it between two runs: this run is the first that knows.
        else run.as_of
    end as cleared_at
from cdrs
cross join run
left join last_out on cdrs.cdr_key = last_out.cdr_key
left join back_in on cdrs.cdr_key = back_in.cdr_key
left join last_clearings on cdrs.cdr_key = last_clearings.cdr_key
