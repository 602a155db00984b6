with

inspect_findings as (

    select
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
        status,
        waived_by,
        observed,
        expected,
        tolerance,
        caused_by
    from {{ source('inspect', 'gate_findings') }}

),

reconcile_findings as (

    select
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
        status,
        waived_by,
        observed,
        expected,
        tolerance,
        caused_by
    from {{ source('reconcile', 'gate_findings') }}

),

settle_findings as (

    select
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
        status,
        waived_by,
        observed,
        expected,
        tolerance,
        caused_by
    from {{ source('settle', 'gate_findings') }}

),

closing_findings as (

    select
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
        status,
        waived_by,
        observed,
        expected,
        tolerance,
        caused_by
    from {{ ref('closing_findings') }}

),

standing as (

    select
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
        status,
        waived_by,
        observed,
        expected,
        tolerance,
        caused_by
    from inspect_findings

    union all

    select
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
        status,
        waived_by,
        observed,
        expected,
        tolerance,
        caused_by
    from reconcile_findings

    union all

    select
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
        status,
        waived_by,
        observed,
        expected,
        tolerance,
        caused_by
    from settle_findings

    union all

    select
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
        status,
        waived_by,
        observed,
        expected,
        tolerance,
        caused_by
    from closing_findings

)

select
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
    status,
    waived_by,
    observed,
    expected,
    tolerance,
    caused_by
from standing
