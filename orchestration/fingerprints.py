"""One number for the content of each table of a warehouse, so that a table that was changed by hand is found.

The number is DuckDB's own hash, summed over the rows: fast, whatever their order, and good against a change that nobody
tells of. It is no proof against forgery: that is a rebuild from the ledger. What does not belong here: who compares.
"""

import json

import duckdb

# What the end of a run writes after it was counted: the ledger's own tables, and what is to be looked at next.
AFTER_THE_RUN = (
    "raw_ledger", "raw_cdr_history", "raw_finding_history", "raw_recorded_accruals", "raw_closed_months", "raw_touched",
)  # fmt: skip


def fingerprint(connection: duckdb.DuckDBPyConnection, table: str) -> str:
    """`<rows>:<sum of their hashes>` of one table."""
    row = connection.execute(
        f"select count(*), coalesce(sum(hash(rows)), 0) from {table} as rows"  # noqa: S608 - a name of our own catalog
    ).fetchone()
    assert row is not None
    return f"{row[0]}:{row[1]}"


def tables_of(connection: duckdb.DuckDBPyConnection) -> list[str]:
    """Every table that a run leaves as it counted it, `schema.name`, in order."""
    rows = connection.execute(
        "select schema_name || '.' || table_name from duckdb_tables()"
        " where schema_name in ('ingest', 'inspect', 'rate', 'reconcile', 'settle')"
        " and not list_contains(?, table_name) order by all",
        [list(AFTER_THE_RUN)],
    ).fetchall()
    return [name for (name,) in rows]


def fingerprints(connection: duckdb.DuckDBPyConnection) -> bytes:
    """The fingerprint of every table, and the version of DuckDB whose hash it is, as JSON."""
    tables = {name: fingerprint(connection, name) for name in tables_of(connection)}
    return json.dumps({"duckdb": duckdb.__version__, "tables": tables}, sort_keys=True).encode()
