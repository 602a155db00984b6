"""Acts about disputes, from the ledger into their raw table; a session whose dispute moved is computed again."""

from collections.abc import Sequence
from typing import Any

import duckdb

from orchestration.defs.ingest.bulk import insert_rows
from orchestration.facts.disputes import DisputeEvent, waiting_sessions

_COLUMNS = tuple(DisputeEvent.__dataclass_fields__)


def rewrite_disputes(connection: duckdb.DuckDBPyConnection, events: Sequence[DisputeEvent]) -> None:
    """Replace raw_dispute_events; touch the sessions of acts that came or went, and where an answer is waited for."""
    waiting = [("cdr", key, "a question about its dispute waits") for key in waiting_sessions(events)]
    insert_rows(connection, "raw_touched", ("kind", "id", "reason"), waiting)
    known = "select dispute_id, seq, event, cdr_key from ingest.raw_dispute_events"
    before = {tuple(row) for row in connection.execute(known).fetchall()}
    now = {(event.dispute_id, event.seq, event.event, event.cdr_key) for event in events}
    if before == now:
        return
    rows: list[tuple[Any, ...]] = [tuple(getattr(event, name) for name in _COLUMNS) for event in events]
    connection.execute("delete from ingest.raw_dispute_events")
    insert_rows(connection, "raw_dispute_events", _COLUMNS, rows)
    keys = sorted({cdr_key for _, _, _, cdr_key in before ^ now})
    insert_rows(connection, "raw_touched", ("kind", "id", "reason"), [("cdr", key, "dispute") for key in keys])
