"""The plain route of CDRs: one pass of SQL over records that are whole and usual, which nearly all are.

What does not belong here: any record of which something has to be said. cdr_rows reads those field by field.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import duckdb

from orchestration.defs.ingest.cdr_chunk import RECORD_TYPES, CdrChunk
from orchestration.defs.ingest.cdr_tariffs import ParsedTariffs, distinct_tariffs, load_tariffs_of_cdrs
from orchestration.defs.ingest.plain_route import leave_out, left_over, with_repeated_key
from orchestration.defs.ingest.raw_record import repeated_key
from orchestration.defs.ingest.record_chunks import RecordChunk
from orchestration.defs.ingest.text_table import Halves, are_many, create_text_table

_TARIFFS_SQL = """
select
    record_id,
    place,
    ocpi_version,
    unnest(range(1, len(tariffs) + 1)) as tariff_index,
    cast(unnest(tariffs) as varchar) as tariff_text
from ocpi_plain
where is_plain and len(tariffs) > 0
"""

_PLAIN_SQL = (Path(__file__).parent / "cdr_plain.sql").read_text()
# What it writes to.
_TABLES = ("raw_records", "raw_cdrs", "raw_charging_periods")

_DETAILED_SQL = """
select record_id, raw_text as read_text
from (
    select * from ocpi_text_begin
    union all
    select * from ocpi_text_end
)
where place in (select place from ocpi_plain where is_plain and has_details)
"""


class PlainRoute:
    """The plain route of one load: planned once, which costs as much as some ten thousand records do."""

    def __init__(self, connection: duckdb.DuckDBPyConnection, load: Any, parsed: ParsedTariffs) -> None:
        self._connection, self._load, self._parsed = connection, load, parsed
        self._halves: Halves | None = None

    def load(self, records: RecordChunk) -> RecordChunk:
        """Load the plain CDRs of a chunk; returns the records that are not among them."""
        chunk = self._loaded(records)
        # They are in their tables now; ocpi_plain has what is left to say of each record.
        chunk.keep(_TARIFFS_SQL, "ocpi_tariffs")
        tariffs = distinct_tariffs(chunk)
        repeated = _with_repeated_key_anywhere(chunk, records, tariffs)
        if repeated:
            _take_out(chunk, repeated)
            chunk.keep(_TARIFFS_SQL, "ocpi_tariffs")
            tariffs = distinct_tariffs(chunk)
        if chunk.execute("select 1 from ocpi_plain where is_plain and has_details limit 1"):
            chunk.load_details(_DETAILED_SQL)
        load_tariffs_of_cdrs(self._connection, chunk, tariffs, self._parsed)
        if self._halves is not None:
            self._halves.clear()
        return left_over(chunk, records)

    def close(self) -> None:
        """Forget the plan, which is of no use to another load."""
        if self._halves is not None:
            self._connection.execute("deallocate cdr_plain")

    def _loaded(self, records: RecordChunk) -> CdrChunk:
        """The chunk after cdr_plain.sql."""
        columns: dict[str, Sequence[Any]] = {
            "place": range(len(records)), "record_id": records.record_ids, "file_seq": records.file_seqs,
            "position": records.positions, "record_sha256": records.sha256s, "raw_text": records.texts,
            "has_problem": [int(problem is not None) for problem in records.problems], "colons": records.colons,
        }  # fmt: skip
        is_planned = self._halves is not None and self._halves.has_room(len(records))
        if not is_planned and not are_many(columns):
            create_text_table(self._connection, "ocpi_text_rows", columns, RECORD_TYPES)
            rows = self._connection.table("ocpi_text_rows")
            chunk = CdrChunk(self._connection, self._given(rows, rows.limit(0)))
            chunk.run("cdr_plain", "ocpi_plain")
            return chunk
        if self._halves is not None and is_planned:
            self._halves.fill(columns)
        else:
            self.close()
            self._halves = Halves(columns, RECORD_TYPES)
        chunk = CdrChunk(self._connection, self._given(self._halves.begin, self._halves.end))
        if not is_planned:
            chunk.plan("cdr_plain", _PLAIN_SQL)
        chunk.keep_planned("cdr_plain", "ocpi_plain")
        return chunk

    def _given(self, begin: Any, end: Any) -> dict[str, Any]:
        return {"ocpi_text_begin": begin, "ocpi_text_end": end, "ocpi_load": self._load}


def _take_out(chunk: CdrChunk, places: Sequence[int]) -> None:
    """Let the records at these places be plain no more, and take them out of the tables that they are in."""
    leave_out(chunk, places)
    for table in _TABLES:
        chunk.execute(
            f"delete from ingest.{table} where record_id in (select record_id from ocpi_plain where not is_plain)"  # noqa: S608 - own names
        )


def _with_repeated_key_anywhere(chunk: CdrChunk, records: RecordChunk, tariffs: Sequence[tuple[str, str]]) -> list[int]:
    """The same with those in whose tariffs one is; there it is looked for once a text."""
    repeated = with_repeated_key(chunk, records)
    texts = {text for text, _ in tariffs if repeated_key(text) is not None}
    if texts:
        sent = chunk.execute("select place, tariff_text from ocpi_tariffs")
        repeated += [place for place, text in sent if text in texts]
    return repeated
