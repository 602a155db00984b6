select
    statement_id,
    rule_id,
    flag,
    observed,
    expected
from {{ ref('period_checks') }}

union all

select
    statement_id,
    rule_id,
    flag,
    observed,
    expected
from {{ ref('document_checks') }}

union all

select
    statement_id,
    rule_id,
    flag,
    observed,
    expected
from {{ ref('cap_checks') }}
