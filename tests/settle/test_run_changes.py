"""What a run changed, as the ledger will keep it."""

import json
from pathlib import Path
from typing import Any

import duckdb

from orchestration.defs.settle.run_changes import changes
from orchestration.warehouse import open_warehouse


def lines(connection: duckdb.DuckDBPyConnection) -> list[dict[str, Any]]:
    return [json.loads(line) for line in changes(connection).splitlines()]


def remember(connection: duckdb.DuckDBPyConnection, run_end_seq: int) -> None:
    """Put the changes into the histories, as loading the ledger does."""
    for line in lines(connection):
        table = "raw_cdr_history" if line.pop("t") == "cdr" else "raw_finding_history"
        line.pop("because", None)
        row = {"run_end_seq": run_end_seq, "as_of": "2026-11-03T06:00:00Z", **line}
        connection.execute(
            f"insert into ingest.{table} ({', '.join(row)}) values ({', '.join('?' for _ in row)})", list(row.values())
        )


def test_the_first_run_opens_everything_and_the_next_finds_nothing(fifteen_copy: Path) -> None:
    with open_warehouse(fifteen_copy) as connection:
        first = lines(connection)
        held = next(line for line in first if line.get("cdr_key") == "nl/emo|s01" and line["t"] == "cdr")
        assert held == {
            "t": "cdr", "cdr_key": "nl/emo|s01", "revision": 1, "state_from": None, "state_to": "held",
            "settled_from": None, "settled_to": "0.00000000", "because": "new",
        }  # fmt: skip
        opened = [line for line in first if line["t"] == "finding"]
        assert {line["change"] for line in opened} == {"opened"}
        assert {"PRICE_TOTAL_DIFF", "CREDIT_NO_ORIGINAL"} <= {line["rule_id"] for line in opened}
        remember(connection, 7)
        assert changes(connection) == b""


def test_a_new_state_and_a_resolved_finding_are_changes(fifteen_copy: Path) -> None:
    with open_warehouse(fifteen_copy) as connection:
        remember(connection, 7)
        connection.execute("delete from reconcile.gate_findings where cdr_key = 'nl/emo|s01'")
        connection.execute("delete from settle.open_findings where cdr_key = 'nl/emo|s01'")
        connection.execute(
            "update settle.cdr_outcomes set state = 'valid', settled_excl_tax = 8.5 where cdr_key = 'nl/emo|s01'"
        )
        connection.execute("delete from settle.cdr_outcomes where cdr_key = 'nl/emo|s02'")
        changed = lines(connection)
    cdrs = {line["cdr_key"]: line for line in changed if line["t"] == "cdr"}
    assert cdrs["nl/emo|s01"]["state_from"] == "held"
    assert cdrs["nl/emo|s01"]["settled_to"] == "8.50000000"
    assert cdrs["nl/emo|s02"]["state_to"] is None
    assert set(cdrs) == {"nl/emo|s01", "nl/emo|s02"}
    findings = [(line["change"], line["rule_id"]) for line in changed if line["t"] == "finding"]
    assert findings == [("resolved", "PRICE_TOTAL_DIFF")]
