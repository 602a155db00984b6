"""Records of the tariffs, locations and tokens feeds: read as OCPI objects, stored as sightings.

A record that cannot be read is kept with its problem and costs nothing else of its file.
"""

import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal, InvalidOperation
from typing import Any

import duckdb

from orchestration.defs.ingest.bulk import CHUNK_ROWS, insert_rows
from orchestration.defs.ingest.csv_cdrs import RECORD_COLUMNS
from orchestration.defs.ingest.json_fields import FieldReader, read_instant
from orchestration.defs.ingest.records import RawRecord


class ObjectError(ValueError):
    """An object cannot be read; one sentence with the remedy."""


@dataclass(frozen=True, slots=True)
class FeedObject:
    """One object, and the party it belongs to when it does not say (2.1.1)."""

    fields: dict[str, Any]
    default_party: str | None


@dataclass(frozen=True, slots=True)
class Sighting:
    """Where and when the objects of one file were seen. source: partner, hub or own."""

    file_seq: int
    seq: int
    seen_at: datetime
    source: str
    is_opening: bool
    default_party: str | None


def load_objects(
    connection: duckdb.DuckDBPyConnection,
    sighting: Sighting,
    records: Iterable[RawRecord],
    table: str,
    columns: Sequence[str],
    rows_of: Callable[[FeedObject], Iterator[tuple[Any, ...]]],
    read: "Callable[[RawRecord], dict[str, Any]] | None" = None,
) -> None:
    """Insert a file's records into raw_records and its objects' rows, sighting first, into ingest.<table>.

    read: a record as an object, which may raise ObjectError; None reads its text as JSON.
    """
    read = read or (lambda record: load_object(record.text))
    kept: list[tuple[Any, ...]] = []
    rows: list[tuple[Any, ...]] = []
    for record in records:
        record_id = sighting.file_seq << 32 | record.position
        problem = record.problem
        if problem is None:
            try:
                found = list(rows_of(FeedObject(read(record), sighting.default_party)))
                head = (record_id, sighting.seq, sighting.seen_at, sighting.source, sighting.is_opening)
                rows += [(*head, *row) for row in found]
            except ObjectError as error:
                problem = str(error)
        rule = None if problem is None else "SCHEMA_TYPE_INVALID"
        kept.append((
            record_id, sighting.file_seq, record.position, record.sha256, record.text, problem is None, rule, problem
        ))  # fmt: skip
        if len(kept) >= CHUNK_ROWS:
            insert_rows(connection, "raw_records", RECORD_COLUMNS, kept)
            insert_rows(connection, table, columns, rows)
            kept, rows = [], []
    insert_rows(connection, "raw_records", RECORD_COLUMNS, kept)
    insert_rows(connection, table, columns, rows)


def load_object(raw: str) -> dict[str, Any]:
    """A record's text as an object with exact numbers. Raises ObjectError, also for a key that is there twice."""
    try:
        value = json.loads(raw, parse_float=Decimal, parse_int=Decimal, parse_constant=str, object_pairs_hook=_once)
    except (ValueError, RecursionError, InvalidOperation) as error:
        raise ObjectError(f"the record is not JSON ({error}); ask the sender for it again.") from None
    if not isinstance(value, dict):
        raise ObjectError(f"the record is {raw[:40]}, expected an object; ask the sender for it.")
    return value


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """An object's fields. Of a key given twice some readers take the first value and others the last."""
    fields = dict(pairs)
    if len(fields) < len(pairs):
        names = [name for name, _ in pairs]
        twice = next(name for name in names if names.count(name) > 1)
        raise ObjectError(f"the record has the key {twice[:60]} twice, so it says two things; ask the sender for one.")
    return fields


class ObjectReader(FieldReader):
    """Reads the fields of an object and collects what is wrong with them: no value that cannot be read gets lost."""

    def text(self, fields: dict[str, Any], name: str, path: str) -> str | None:
        """A text field, None when absent or empty; a number is taken as its digits."""
        value = fields.get(name)
        return str(value) if isinstance(value, Decimal) else super().text(fields, name, path)

    def amount(self, fields: dict[str, Any], name: str, path: str) -> Decimal | None:
        """A number of 0 or more."""
        value = self.number(fields, name, path)
        if value is not None and value < 0:
            self.expected(path + name, fields.get(name), "a number of 0 or more")
            return None
        return value

    def moment(self, fields: dict[str, Any], name: str, path: str) -> datetime | None:
        """A time field, None when absent or empty."""
        value = fields.get(name)
        if value is None or value == "":
            return None
        instant = read_instant(value)
        if instant is None:
            self.expected(path + name, value, "a time as 2026-01-31T12:00:00Z")
        return instant

    def objects(self, fields: dict[str, Any], name: str, path: str) -> list[tuple[str, dict[str, Any]]]:
        """A list field's objects, each with the path before the names of its fields: `evses[1].`."""
        value = fields.get(name)
        if value is None:
            return []
        if not isinstance(value, list):
            self.expected(path + name, value, "a list")
            return []
        found = []
        for place, item in enumerate(value, start=1):
            if isinstance(item, dict):
                found.append((f"{path}{name}[{place}].", item))
            else:
                self.expected(f"{path}{name}[{place}]", item, "an object")
        return found

    def refuse(self, kind: str, subject: str | None) -> None:
        """Raise ObjectError with all that is wrong with the object of this id, if anything is."""
        if self.problems:
            raise ObjectError(f"{kind} {subject or ''}: ".replace(" :", ":") + "; ".join(self.problems))


def text(fields: dict[str, Any], name: str) -> str | None:
    """A text field that nothing depends on, None when it is no text; a number is taken as its digits."""
    value = fields.get(name)
    if isinstance(value, Decimal):
        return str(value)
    return value if isinstance(value, str) and value else None


def party_of(fields: dict[str, Any], default: str | None, reader: ObjectReader) -> str | None:
    """Country and party as NL/EVS; 2.1.1 objects have neither."""
    country, party = reader.text(fields, "country_code", ""), reader.text(fields, "party_id", "")
    return f"{country}/{party}".upper() if country and party else default
