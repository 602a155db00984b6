"""Comparing two homes: every dbt table, and every report byte for byte."""

import hashlib
from pathlib import Path

import duckdb

# What may differ between two runs over the same facts: when something was found, and the run itself.
TIME_COLUMNS = {"found_at", "due_at", "resolved_at", "as_of", "run_seq", "cleared_at", "run_end_seq"}
OF_THE_RUN = {
    ("settle", "events"),
    ("ingest", "settlement_run"),
    ("ingest", "ledger_entries"),
    ("ingest", "cdr_history"),
    ("ingest", "finding_history"),
    ("ingest", "touched"),
    ("inspect", "work"),
}


def tables(home: Path) -> dict[str, str]:
    """A hash of the content of every table and view outside the raw layer, by name."""
    hashes: dict[str, str] = {}
    with duckdb.connect(str(home / "warehouse" / "evsettle.duckdb"), read_only=True) as connection:
        connection.execute("set TimeZone = 'UTC'")
        names = connection.execute(
            "select table_schema, table_name from information_schema.tables "
            "where table_schema in ('ingest', 'inspect', 'rate', 'reconcile', 'settle') order by all"
        ).fetchall()
        for schema, name in names:
            if name.startswith("raw_") or (schema, name) in OF_THE_RUN:
                continue
            relation = connection.table(f"{schema}.{name}")
            columns = [column for column in relation.columns if column not in TIME_COLUMNS]
            rows = sorted(repr(row) for row in relation.select(*columns).fetchall())
            hashes[f"{schema}.{name}"] = (
                hashlib.sha256("\n".join(rows).encode()).hexdigest()[:16] + f" {len(rows)} rows"
            )
    return hashes


def reports(home: Path) -> dict[str, str]:
    """Hash of every report file by its path."""
    folder = home / "reports"
    return {
        path.relative_to(folder).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }
