"""The ledger itself into raw tables: entries by subject, standing decisions, what earlier runs changed."""

import json
from collections.abc import Iterator, Sequence
from typing import Any

import duckdb

from orchestration.defs.ingest.bulk import insert_rows
from orchestration.defs.ingest.seals import append_seals
from orchestration.facts import objects
from orchestration.facts.home import Home
from orchestration.facts.ledger import Entry, finished
from orchestration.facts.seals import subject_of
from orchestration.facts.standing import StandingDecision

_LEDGER_COLUMNS = (
    "seq", "kind", "happened_at", "actor", "subject", "event", "reason_code", "note", "evidence_sha256",
    "previous_hash", "hash",
)  # fmt: skip
_CDR_COLUMNS = ("cdr_key", "revision", "state_from", "state_to", "settled_from", "settled_to")
_FINDING_COLUMNS = (
    "change", "finding_id", "subject_kind", "subject_id", "cdr_key", "revision", "gate", "rule_id", "reason_code",
    "severity", "owner", "observed", "expected", "tolerance", "caused_by",
)  # fmt: skip
_ACCRUAL_COLUMNS = ("period", "partner", "party", "direction", "currency", "sessions", "amount_excl_tax")
_DECISION_COLUMNS = tuple(StandingDecision.__dataclass_fields__)


class LoadError(Exception):
    """The warehouse and the ledger do not belong together; the message is one sentence with the remedy."""


def append_history(home: Home, connection: duckdb.DuckDBPyConnection, entries: Sequence[Entry]) -> None:
    """Add what the ledger has and the warehouse has not. Raises LoadError when the warehouse is another ledger's."""
    last = connection.execute("select seq, hash from ingest.raw_ledger order by seq desc limit 1").fetchone()
    if last is not None:
        same = next((entry for entry in entries if entry.seq == last[0]), None)
        if same is None or same.hash != last[1]:
            raise LoadError(
                f"The warehouse was built from another ledger (entry {last[0]} differs): "
                f"delete the folder {home.relative(home.warehouse.parent)} and run again, the ledger rebuilds it."
            )
    new = [entry for entry in entries if last is None or entry.seq > last[0]]
    insert_rows(connection, "raw_ledger", _LEDGER_COLUMNS, [row for entry in new for row in _ledger_rows(entry)])
    for entry in finished(new):
        _append_changes(home, connection, entry)
        _append_accruals(connection, entry)
        _append_closed_months(connection, entry)
    append_seals(home, connection, new)


def rewrite_decisions(
    connection: duckdb.DuckDBPyConnection, decisions: Sequence[StandingDecision]
) -> set[StandingDecision]:
    """Replace raw_decisions; returns those that came or went."""
    columns = ", ".join(_DECISION_COLUMNS)
    rows = connection.execute(f"select {columns} from ingest.raw_decisions").fetchall()  # noqa: S608 - own names
    before = {_comparable(StandingDecision(*row)) for row in rows}
    now = {_comparable(decision) for decision in decisions}
    if before != now:
        connection.execute("delete from ingest.raw_decisions")
        insert_rows(connection, "raw_decisions", _DECISION_COLUMNS, [
            tuple(getattr(decision, name) for name in _DECISION_COLUMNS) for decision in decisions
        ])  # fmt: skip
    return before ^ now


def _comparable(decision: StandingDecision) -> StandingDecision:
    """The decision without what a table and the ledger write apart: 1.5 and 1.50000000 are one amount."""
    fields = {name: getattr(decision, name) for name in _DECISION_COLUMNS}
    numbers = {
        name: None if fields[name] is None else fields[name].normalize() for name in ("amount_excl_tax", "energy_kwh")
    }
    return StandingDecision(**fields | numbers)


def _ledger_rows(entry: Entry) -> Iterator[tuple[Any, ...]]:
    for subject, event, reason, note, evidence in _events(entry):
        yield (
            entry.seq, entry.kind, entry.time, entry.actor, subject, event, reason, note, evidence,
            entry.previous_hash, entry.hash,
        )  # fmt: skip


def _events(entry: Entry) -> Iterator[tuple[str, str, str | None, str | None, str | None]]:
    """(subject, event, reason_code, note, evidence) of an entry, one for each thing it is about."""
    body = entry.body
    match entry.kind:
        case "arrival":
            for file in body["files"]:
                event = "arrived" if file["replays"] is None else "replayed"
                yield f"file:{file['source']}/{file['feed']}/{file['file_name']}", event, None, None, file["sha256"]
        case "master":
            for change in body["changes"]:
                yield change["path"], "removed" if change["sha256"] is None else "changed", None, None, change["sha256"]
        case "run":
            yield f"run:{entry.seq}", "started", None, None, body["master_sha256"]
        case "run-end":
            yield f"run:{body['run']}", body["outcome"], None, None, body["changes"]
        case "decision":
            event = body["kind"] if body["kind"] != "propose" else f"propose {body['values']['what']}"
            for subject in body["subjects"] or [f"entry:{body['answers']}"]:
                yield subject, event, body["reason"], body["note"], None
        case "seal":
            yield f"period:{subject_of(body['period'], body['partner'])}", "sealed", None, None, body["manifest_sha256"]
        case "erasure":
            note = f"{len(body['objects'])} objects, approved by {body['approved_by']}"
            yield f"entry:{entry.seq}", "erased", body["reason"], note, None
        case _:
            yield f"entry:{entry.seq}", entry.kind, None, None, None


def _append_accruals(connection: duckdb.DuckDBPyConnection, entry: Entry) -> None:
    """Runs of older versions say nothing of what they accrued."""
    if "accruals" in entry.body:
        rows = [[month, *row] for month, said in entry.body["accruals"].items() for row in said]
        columns = ("run_end_seq", "as_of", *_ACCRUAL_COLUMNS)
        blank = [[None] * len(_ACCRUAL_COLUMNS)]
        insert_rows(
            connection, "raw_recorded_accruals", columns, [(entry.seq, entry.time, *row) for row in rows or blank]
        )


def _append_closed_months(connection: duckdb.DuckDBPyConnection, entry: Entry) -> None:
    """Where an entry names no run-end, what it accrued itself stands."""
    closed = entry.body.get("closed_months", {})
    insert_rows(connection, "raw_closed_months", ("run_end_seq", "period", "closes_at", "accrual_seq"), [
        (entry.seq, month, closes_at, entry.seq if seq is None else seq) for month, (closes_at, seq) in closed.items()
    ])  # fmt: skip


def _append_changes(home: Home, connection: duckdb.DuckDBPyConnection, entry: Entry) -> None:
    cdrs, findings = [], []
    for line in objects.get(home, entry.body["changes"]).splitlines():
        change = json.loads(line)
        if change["t"] == "cdr":
            cdrs.append((entry.seq, entry.time, *(change.get(name) for name in _CDR_COLUMNS)))
        else:
            findings.append((entry.seq, entry.time, *(change.get(name) for name in _FINDING_COLUMNS)))
    insert_rows(connection, "raw_cdr_history", ("run_end_seq", "as_of", *_CDR_COLUMNS), cdrs)
    insert_rows(connection, "raw_finding_history", ("run_end_seq", "as_of", *_FINDING_COLUMNS), findings)
