"""The DuckDB warehouse of a home: where it is, how it is opened, which tables Python writes.

What does not belong here: any reading of files (ingest) and any SQL of a stage (dbt_project).
"""

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import duckdb

RAW_TABLES_SQL = Path(__file__).parent / "defs" / "ingest" / "raw_tables.sql"
GATE_TABLES_SQL = Path(__file__).parent / "gate_tables.sql"

# dbt's compiled SQL names the database after the file, so the name is part of the contract.
DATABASE = "evsettle"

# Without a limit DuckDB keeps what it may, four fifths of the machine. dbt's profile takes its limit from here.
MEMORY_LIMIT_VARIABLE = "EVSETTLE_MEMORY_LIMIT"
MEMORY_LIMIT = "2GB"

# Half of DuckDB's own: 110 MB of texts of CDRs.
ROW_GROUP_RECORDS = 61_440


def bound_memory(connection: duckdb.DuckDBPyConnection) -> None:
    """Hold DuckDB to its limit; what is more goes to disk, beside the warehouse."""
    connection.execute("set memory_limit = ?", [os.environ.get(MEMORY_LIMIT_VARIABLE, MEMORY_LIMIT)])


def _prepare(connection: duckdb.DuckDBPyConnection) -> None:
    """Times are read as UTC; a long statement draws no bar into what a run prints."""
    connection.execute("set TimeZone = 'UTC'")
    connection.execute("set enable_progress_bar = false")


def named_rows(cursor: duckdb.DuckDBPyConnection) -> list[dict[str, Any]]:
    """All rows of a query that was executed, as dictionaries by column name."""
    names = [column[0] for column in cursor.description or ()]
    return [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]


def create_tables(connection: duckdb.DuckDBPyConnection) -> None:
    """Create the schemas and every table that Python writes, where they are missing."""
    _prepare(connection)
    connection.execute(RAW_TABLES_SQL.read_text())
    connection.execute(GATE_TABLES_SQL.read_text())


@contextmanager
def open_warehouse(path: Path) -> Iterator[duckdb.DuckDBPyConnection]:
    """A connection to the warehouse file, tables in place, closed afterwards.

    DuckDB locks the file between processes: dbt can open it only when this one is closed,
    unless both are in one process.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    connection = duckdb.connect(str(path))
    try:
        bound_memory(connection)
        create_tables(connection)
        yield connection
    finally:
        connection.close()


@contextmanager
def open_to_load(path: Path) -> Iterator[duckdb.DuckDBPyConnection]:
    """The same for the one step that writes by the million: its tables have row groups of ROW_GROUP_RECORDS.

    A row group waits in memory until it is full, and memory that is touched for the first time is what writing
    costs most. The size is a matter of attaching alone, so this is a connection of its own; DuckDB refuses it while
    another one of the process has the file.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    quoted = str(path).replace("'", "''")
    with duckdb.connect(config={"temp_directory": f"{path}.tmp"}) as connection:
        bound_memory(connection)
        connection.execute(f"attach '{quoted}' as {DATABASE} (row_group_size {ROW_GROUP_RECORDS})")
        connection.execute(f"use {DATABASE}")
        create_tables(connection)
        yield connection


@contextmanager
def read_warehouse(path: Path) -> Iterator[duckdb.DuckDBPyConnection]:
    """A connection to a warehouse whose tables are in place, for a look at it, closed afterwards."""
    connection = duckdb.connect(str(path))
    try:
        bound_memory(connection)
        _prepare(connection)
        yield connection
    finally:
        connection.close()


@contextmanager
def open_in_memory() -> Iterator[duckdb.DuckDBPyConnection]:
    """An empty warehouse in memory under the same database name, for `evsettle price`."""
    connection = duckdb.connect(config={"temp_directory": f"{tempfile.gettempdir()}/evsettle-{os.getpid()}"})
    try:
        bound_memory(connection)
        connection.execute(f"attach ':memory:' as {DATABASE}")
        connection.execute(f"use {DATABASE}")
        create_tables(connection)
        yield connection
    finally:
        connection.close()
