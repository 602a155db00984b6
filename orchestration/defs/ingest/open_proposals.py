"""The proposals that wait for a second person, for the raw tables."""

from collections.abc import Sequence

import duckdb

from orchestration.defs.ingest.bulk import insert_rows
from orchestration.facts.decisions import pending
from orchestration.facts.ledger import Entry

_COLUMNS = (
    "seq", "proposed_at", "proposed_by", "what", "subject_kind", "subject_id", "rule_id", "amount_excl_tax",
    "reason_code", "note",
)  # fmt: skip


def rewrite_proposals(connection: duckdb.DuckDBPyConnection, entries: Sequence[Entry]) -> None:
    """Replace raw_open_proposals: one row a proposal and subject."""
    rows = []
    for entry in pending(entries):
        values = entry.body["values"]
        for subject in entry.body["subjects"]:
            kind, _, identifier = subject.partition(":")
            rows.append(
                (entry.seq, entry.time, entry.body["by"], values["what"], kind, identifier, values.get("rule"),
                 values.get("amount"), entry.body["reason"], entry.body["note"])
            )  # fmt: skip
    connection.execute("delete from ingest.raw_open_proposals")
    insert_rows(connection, "raw_open_proposals", _COLUMNS, rows)
