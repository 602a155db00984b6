with

cdrs as (

    select
        cdr_key,
        revision
    from {{ ref('cdrs') }}

),

inspect_verdicts as (

    select
        cdr_key,
        revision
    from {{ source('inspect', 'gate_verdicts') }}
    where verdict = 'pass'

),

reconcile_verdicts as (

    select
        cdr_key,
        revision
    from {{ source('reconcile', 'gate_verdicts') }}
    where verdict = 'pass'

),

exclusions as (

    select subject_id as cdr_key
    from {{ ref('decisions') }}
    where kind = 'exclude' and subject_kind = 'cdr'

)

select
    cdrs.cdr_key,
    cdrs.revision
from cdrs
-- Inner on purpose: a CDR that a gate has not judged is not billable.
inner join inspect_verdicts
    on cdrs.cdr_key = inspect_verdicts.cdr_key and cdrs.revision = inspect_verdicts.revision
inner join reconcile_verdicts
    on cdrs.cdr_key = reconcile_verdicts.cdr_key and cdrs.revision = reconcile_verdicts.revision
where cdrs.cdr_key not in (select exclusions.cdr_key from exclusions)
