"""One chunk of CDR records on its way through the SQL files: results that live as long as the chunk and no longer.

A temporary table would not do: what is dropped in a transaction keeps its memory until the end of it, and an
arrival is one transaction. What does not belong here: what the SQL says.
"""

from pathlib import Path
from typing import Any

import duckdb

from orchestration.defs.ingest.record_chunks import RecordChunk
from orchestration.defs.ingest.text_table import text_source

_HERE = Path(__file__).parent
RECORD_TYPES = {
    "place": "integer", "record_id": "bigint", "file_seq": "bigint", "position": "integer", "colons": "integer",
}  # fmt: skip


class CdrChunk:
    """The results by name: ocpi_text (the records), ocpi_plain, ocpi_heads, ocpi_periods, ocpi_rows, ocpi_tariffs."""

    def __init__(self, connection: duckdb.DuckDBPyConnection, chunk: RecordChunk) -> None:
        self._connection = connection
        self._results: dict[str, Any] = {
            "ocpi_text": text_source(connection, "ocpi_text_rows", {
                "place": range(len(chunk)), "record_id": chunk.record_ids, "file_seq": chunk.file_seqs,
                "position": chunk.positions, "record_sha256": chunk.sha256s, "raw_text": chunk.texts,
                "problem": chunk.problems, "colons": chunk.colons,
            }, RECORD_TYPES)
        }  # fmt: skip

    def run(self, file: str, name: str) -> None:
        """Keep what the query of <file>.sql gives as the result `name`."""
        self.keep((_HERE / f"{file}.sql").read_text(), name)

    def keep(self, sql: str, name: str) -> None:
        """Keep what a query gives as the result `name`, in place of the one before.

        A prepared statement's result is a whole one in memory; that of a plain query would be run again by each use.
        """
        self._run(f"prepare {name}_query as {sql}")
        self._results[name] = self._run(f"execute {name}_query")
        self._connection.execute(f"deallocate {name}_query")

    def execute(self, sql: str) -> list[tuple[Any, ...]]:
        """Run a statement in which the results so far are tables; returns its rows."""
        result = self._run(sql)
        return [] if result is None else result.fetchall()

    def _run(self, sql: str) -> Any:
        """DuckDB takes names that it does not know from the variables of the function that calls it."""
        ocpi_text, ocpi_plain, ocpi_heads, ocpi_periods, ocpi_rows, ocpi_tariffs = (  # noqa: RUF059
            self._results.get(f"ocpi_{name}") for name in ("text", "plain", "heads", "periods", "rows", "tariffs")
        )
        return self._connection.sql(sql)
