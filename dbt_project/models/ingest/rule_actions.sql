with

rule_actions_as_read as (

    select
        rule_id,
        subject_kind,
        rule_group,
        text,
        remedy,
        decide_kind,
        decide_reason,
        decide_amount,
        decide_repair
    from {{ source('ingest', 'raw_rule_actions') }}

)

select
    rule_id,
    subject_kind,
    rule_group,
    text,
    remedy,
    decide_kind,
    decide_reason,
    decide_amount,
    decide_repair
from rule_actions_as_read
