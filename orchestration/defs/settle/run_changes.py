"""What a run changed, for its run-end entry: states, settled amounts and findings against what the ledger knew.

What does not belong here: writing the entry (run_entries).
"""

import json

import duckdb

from orchestration.warehouse import named_rows

# The newest known state of each key against its state now; a key that is gone has no new state.
_CDRS = """
with latest as (
    select cdr_key, revision, state_to, settled_to
    from ingest.raw_cdr_history
    qualify row_number() over (partition by cdr_key order by run_end_seq desc, revision desc) = 1
),
standing as (
    select cdr_key, revision, state, cast(settled_excl_tax as decimal(18, 8)) as settled
    from settle.cdr_outcomes
)
select
    coalesce(standing.cdr_key, latest.cdr_key) as cdr_key,
    coalesce(standing.revision, latest.revision) as revision,
    latest.state_to as state_from, standing.state as state_to,
    cast(latest.settled_to as varchar) as settled_from, cast(standing.settled as varchar) as settled_to,
    work.reason as because
from standing
full outer join latest on standing.cdr_key = latest.cdr_key
left join inspect.work as work on coalesce(standing.cdr_key, latest.cdr_key) = work.cdr_key
where standing.state is distinct from latest.state_to
    or standing.settled is distinct from latest.settled_to
    or (standing.cdr_key is not null and standing.revision is distinct from latest.revision)
order by 1
"""

_FINDING_COLUMNS = (
    "finding_id, subject_kind, subject_id, cdr_key, revision, gate, rule_id, reason_code, severity, owner, observed,"
    " expected, tolerance, caused_by"
)

_FINDINGS = f"""
with latest as (
    select {_FINDING_COLUMNS}, change
    from ingest.raw_finding_history
    qualify row_number() over (partition by finding_id order by run_end_seq desc) = 1
),
known as (from latest where change = 'opened'),
standing as (select {_FINDING_COLUMNS} from settle.open_findings)
select 'opened' as change, standing.*
from standing anti join known on standing.finding_id = known.finding_id
union all
select 'resolved' as change, {_FINDING_COLUMNS}
from known anti join standing on known.finding_id = standing.finding_id
order by finding_id, change
"""  # noqa: S608 - our own columns


def changes(connection: duckdb.DuckDBPyConnection) -> bytes:
    """NDJSON, one change a line: {"t": "cdr", …} by key, then {"t": "finding", "change": "opened"|"resolved", …}.

    Amounts are text with 8 decimals; because: why the run looked at that CDR, null where only settle moved it (a seal,
    a period, a term of settlement). Empty when nothing changed. Raises nothing of its own.
    """
    lines = []
    for kind, sql in (("cdr", _CDRS), ("finding", _FINDINGS)):
        for row in named_rows(connection.execute(sql)):
            lines.append(json.dumps({"t": kind, **row}, ensure_ascii=False))
    return "".join(f"{line}\n" for line in lines).encode()
