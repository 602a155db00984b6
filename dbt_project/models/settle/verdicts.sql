with

inspect_verdicts as (

    select
        cdr_key,
        revision,
        gate,
        verdict,
        suite_sha256,
        rules_evaluated,
        rules_not_evaluated
    from {{ source('inspect', 'gate_verdicts') }}

),

reconcile_verdicts as (

    select
        cdr_key,
        revision,
        gate,
        verdict,
        suite_sha256,
        rules_evaluated,
        rules_not_evaluated
    from {{ source('reconcile', 'gate_verdicts') }}

),

settle_verdicts as (

    select
        cdr_key,
        revision,
        gate,
        verdict,
        suite_sha256,
        rules_evaluated,
        rules_not_evaluated
    from {{ source('settle', 'gate_verdicts') }}

),

judged as (

    select
        cdr_key,
        revision,
        gate,
        verdict,
        suite_sha256,
        rules_evaluated,
        rules_not_evaluated
    from inspect_verdicts

    union all

    select
        cdr_key,
        revision,
        gate,
        verdict,
        suite_sha256,
        rules_evaluated,
        rules_not_evaluated
    from reconcile_verdicts

    union all

    select
        cdr_key,
        revision,
        gate,
        verdict,
        suite_sha256,
        rules_evaluated,
        rules_not_evaluated
    from settle_verdicts

)

select
    cdr_key,
    revision,
    gate,
    verdict,
    suite_sha256,
    rules_evaluated,
    rules_not_evaluated
from judged
