"""Comparing two homes: every dbt table, and every report byte for byte."""

import hashlib
import json
from pathlib import Path

import duckdb

from orchestration import dbt

# What may differ between two runs over the same facts: when something was found, and the run itself.
TIME_COLUMNS = {
    "found_at", "due_at", "resolved_at", "as_of", "run_seq", "cleared_at", "run_end_seq",
    "opened_at", "age_days", "is_late", "late_cases", "lag_seconds",
}  # fmt: skip
OF_THE_RUN = {
    ("settle", "events"),
    ("ingest", "settlement_run"),
    ("ingest", "ledger_entries"),
    ("ingest", "cdr_history"),
    ("ingest", "recorded_accruals"),
    ("ingest", "closed_months"),
    ("ingest", "finding_history"),
    ("ingest", "touched"),
    ("inspect", "work"),
    ("settle", "outcome_work"),
    # A lag ends when a run cleared the session, or at the run that still waits.
    ("settle", "handoff_lag"),
}
# A checkpoint that passes by itself is signed by the run that found it passed: a killed one has an entry, but found nothing.
ENTRIES_OF_THE_RUN = {("settle", "period_checkpoints"): {"seq", "entry_hash", "happened_at"}}


# Stages whose models are kept per CDR. What is no incremental model there is scratch: it holds the last work alone.
PER_CDR = ("inspect", "rate", "reconcile")
WHOLE = (
    "record_dispositions",
    "tariff_versions",
    "file_flags",
    "credit_pairs",
    "cdrs_billable",
    "connector_history",
    "token_history",
)


def kept() -> set[tuple[str, str]]:
    """Schema and name of the models that outlive a run."""
    nodes = json.loads(dbt.MANIFEST.read_text())["nodes"].values()
    return {
        (node["schema"], node["name"])
        for node in nodes
        if node["resource_type"] == "model"
        and (node["schema"] not in PER_CDR or node["config"]["materialized"] == "incremental" or node["name"] in WHOLE)
    } | {(stage, f"gate_{what}") for stage in ("inspect", "reconcile", "settle") for what in ("findings", "verdicts")}


def tables(home: Path) -> dict[str, str]:
    """A hash of the content of every table and view outside the raw layer that outlives a run, by name."""
    models = kept()
    hashes: dict[str, str] = {}
    with duckdb.connect(str(home / "warehouse" / "evsettle.duckdb"), read_only=True) as connection:
        connection.execute("set TimeZone = 'UTC'")
        names = connection.execute(
            "select table_schema, table_name from information_schema.tables "
            "where table_schema in ('ingest', 'inspect', 'rate', 'reconcile', 'settle') order by all"
        ).fetchall()
        for schema, name in names:
            if (schema, name) not in models or (schema, name) in OF_THE_RUN:
                continue
            relation = connection.table(f"{schema}.{name}")
            left_out = TIME_COLUMNS | ENTRIES_OF_THE_RUN.get((schema, name), set())
            columns = [column for column in relation.columns if column not in left_out]
            rows = sorted(repr(row) for row in relation.select(*columns).fetchall())
            hashes[f"{schema}.{name}"] = (
                hashlib.sha256("\n".join(rows).encode()).hexdigest()[:16] + f" {len(rows)} rows"
            )
    return hashes


def reports(home: Path) -> dict[str, str]:
    """Hash of every report file by its path, but for pages that tell of one run."""
    folder = home / "reports"
    return {
        path.relative_to(folder).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(folder.rglob("*"))
        if path.is_file() and path.relative_to(folder).parts[0] != "gates"
    }
