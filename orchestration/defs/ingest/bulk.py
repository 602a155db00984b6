"""Many rows into one table at once: DuckDB's row-by-row insert is a thousand times slower."""

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from itertools import islice
from typing import Any, TypeVar

import duckdb

from orchestration.defs.ingest.text_table import are_many, text_frame

CHUNK_ROWS = 20_000
# So much text of records may wait for its insert.
TEXT_BYTES_MAX = 16 * 1024 * 1024

Item = TypeVar("Item")


def insert_rows(
    connection: duckdb.DuckDBPyConnection, table: str, columns: Sequence[str], rows: Iterable[Sequence[Any]]
) -> int:
    """Insert tuples in the order of `columns` into ingest.<table>; returns how many.

    Values go as text and are cast to the column's type, so decimals stay exact; an instant must be aware.
    """
    types = dict(
        connection.execute(
            "select column_name, data_type from duckdb_columns() where schema_name = 'ingest' and table_name = ?"
            " and database_name = current_database()",
            [table],
        ).fetchall()
    )
    count = 0
    for chunk in batches(rows):
        constants: dict[str, str | None] = {}
        texts: dict[str, list[str | None]] = {}
        for name, column in zip(columns, zip(*chunk, strict=True), strict=True):
            # Most columns of a feed are empty or the same all along: those travel once.
            if column[0] == column[-1] and len(set(column)) == 1:
                constants[name] = _text(column[0])
            else:
                texts[name] = [_text(value) for value in column]
        given: list[Any] = list(constants.values())
        sources = {name: f"${number}" for number, name in enumerate(constants, start=1)}
        if not texts:
            whence = f" from range({len(chunk)})"
        elif are_many(texts):
            many = text_frame(texts)  # noqa: F841 - DuckDB finds it by its name
            sources |= {name: name for name in texts}
            whence = " from many"
        else:
            sources |= {
                name: f"unnest(cast(${len(given) + number} as varchar[]))" for number, name in enumerate(texts, 1)
            }
            given += texts.values()
            whence = ""
        values = ", ".join(f"cast({sources[name]} as {types[name]})" for name in columns)
        connection.execute(f"insert into ingest.{table} ({', '.join(columns)}) select {values}{whence}", given)
        count += len(chunk)
    return count


def batches(items: Iterable[Item]) -> Iterator[list[Item]]:
    """The same in lists of at most CHUNK_ROWS: of a file of any size no more is in memory."""
    iterator = iter(items)
    while batch := list(islice(iterator, CHUNK_ROWS)):
        yield batch


class Gathered:
    """Rows of many small files for a few tables, inserted together: a statement costs more than a day's file."""

    def __init__(self, connection: duckdb.DuckDBPyConnection) -> None:
        self._connection = connection
        self._rows: dict[tuple[str, tuple[str, ...]], list[Sequence[Any]]] = {}
        self._weight = 0

    def add(self, table: str, columns: Sequence[str], rows: Iterable[Sequence[Any]]) -> None:
        """Keep rows for a table; those of a table that has enough of them go in."""
        key = table, tuple(columns)
        kept = self._rows.setdefault(key, [])
        kept.extend(rows)
        if len(kept) >= CHUNK_ROWS:
            insert_rows(self._connection, *key, self._rows.pop(key))

    def weigh(self, size: int) -> None:
        """Say that the rows just added have so much text: all that is kept goes in when it is too much to wait."""
        self._weight += size
        if self._weight > TEXT_BYTES_MAX:
            self.flush()

    def flush(self) -> None:
        """Insert all that is kept."""
        self._weight = 0
        for key, rows in self._rows.items():
            insert_rows(self._connection, *key, rows)
        self._rows.clear()


def _text(value: Any) -> str | None:
    if value is None or isinstance(value, str):
        return value
    if isinstance(value, datetime):
        assert value.tzinfo is not None, "an instant without zone never enters the warehouse"
        return value.isoformat()
    return str(value)
