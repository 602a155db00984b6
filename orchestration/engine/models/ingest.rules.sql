with

rules_as_read as (

    select
        rule_id,
        gate,
        rule_group,
        severity,
        owner,
        reason_code,
        tolerance,
        second_tolerance,
        is_overridable,
        adjust_reason,
        adjust_to
    from "evsettle"."ingest"."raw_rules"

)

select
    rule_id,
    gate,
    rule_group,
    severity,
    owner,
    reason_code,
    tolerance,
    second_tolerance,
    is_overridable,
    adjust_reason,
    adjust_to
from rules_as_read
