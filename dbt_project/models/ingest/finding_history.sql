with

finding_history_as_read as (

    select
        run_end_seq,
        as_of,
        change,
        finding_id,
        subject_kind,
        subject_id,
        cdr_key,
        revision,
        gate,
        rule_id,
        reason_code,
        severity,
        owner,
        observed,
        expected,
        tolerance,
        caused_by
    from {{ source('ingest', 'raw_finding_history') }}

)

select
    run_end_seq,
    as_of,
    change,
    finding_id,
    subject_kind,
    subject_id,
    cdr_key,
    revision,
    gate,
    rule_id,
    reason_code,
    severity,
    owner,
    observed,
    expected,
    tolerance,
    caused_by
from finding_history_as_read
