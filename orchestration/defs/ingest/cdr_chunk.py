"""One chunk of CDR records on its way through the SQL files: results that live as long as the chunk and no longer.

A temporary table would not do: what is dropped in a transaction keeps its memory until the end of it, an arrival is
one transaction, and a statement that reads one is planned again each time it is run. What does not belong here: what
the SQL says.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import duckdb

from orchestration.defs.ingest.record_chunks import RecordChunk
from orchestration.defs.ingest.text_table import text_source

_HERE = Path(__file__).parent
RECORD_TYPES = {
    "place": "integer", "record_id": "bigint", "file_seq": "bigint", "position": "integer", "colons": "integer",
    "has_problem": "integer",
}  # fmt: skip


def chunk_rows(connection: duckdb.DuckDBPyConnection, chunk: RecordChunk) -> Any:
    """The records as the rows that the statements call ocpi_text."""
    return text_source(connection, "ocpi_text_rows", {
        "place": range(len(chunk)), "record_id": chunk.record_ids, "file_seq": chunk.file_seqs,
        "position": chunk.positions, "record_sha256": chunk.sha256s, "raw_text": chunk.texts,
        "problem": chunk.problems, "colons": chunk.colons,
    }, RECORD_TYPES)  # fmt: skip


class CdrChunk:
    """The results by name.

    Given are ocpi_text (the records) or its halves ocpi_text_begin and ocpi_text_end, and ocpi_load (how to load);
    kept are ocpi_plain, ocpi_heads, ocpi_periods, ocpi_rows, ocpi_tariffs, ocpi_detailed.
    """

    def __init__(self, connection: duckdb.DuckDBPyConnection, given: Mapping[str, Any]) -> None:
        self._connection = connection
        self._results = dict(given)

    def run(self, file: str, name: str) -> None:
        """Keep what the query of <file>.sql gives as the result `name`."""
        self.keep((_HERE / f"{file}.sql").read_text(), name)

    def keep(self, sql: str, name: str) -> None:
        """Keep what a query gives as the result `name`, in place of the one before.

        A prepared statement's result is a whole one in memory; that of a plain query would be run again by each use.
        """
        self.plan(f"{name}_query", sql)
        self.keep_planned(f"{name}_query", name)
        self._connection.execute(f"deallocate {name}_query")

    def plan(self, plan: str, sql: str) -> None:
        """Plan a query. The plan outlives the chunk; it reads the objects that are given to this one."""
        self._run(f"prepare {plan} as {sql}")

    def keep_planned(self, plan: str, name: str) -> None:
        """Keep what a planned query gives now as the result `name`."""
        self._results[name] = self._run(f"execute {plan}")

    def load_details(self, sql: str) -> None:
        """Load signed values and taxes of the records whose texts a query gives."""
        self.keep(sql, "ocpi_detailed")
        self.execute((_HERE / "cdr_details.sql").read_text())

    def execute(self, sql: str) -> list[tuple[Any, ...]]:
        """Run a statement in which the results so far are tables; returns its rows."""
        result = self._run(sql)
        return [] if result is None else result.fetchall()

    def _run(self, sql: str) -> Any:
        """DuckDB takes names that it does not know from the variables of the function that calls it."""
        ocpi_text, ocpi_text_begin, ocpi_text_end, ocpi_load = (  # noqa: RUF059
            self._results.get(f"ocpi_{name}") for name in ("text", "text_begin", "text_end", "load")
        )
        ocpi_plain, ocpi_heads, ocpi_periods, ocpi_rows, ocpi_tariffs, ocpi_detailed = (  # noqa: RUF059
            self._results.get(f"ocpi_{name}") for name in ("plain", "heads", "periods", "rows", "tariffs", "detailed")
        )
        return self._connection.sql(sql)
