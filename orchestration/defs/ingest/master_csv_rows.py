"""Rows of master/*.csv with both clocks: when each held is in its columns, when we knew it is in the ledger.

What does not belong here: reading a file (master_csv).
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, tzinfo
from decimal import Decimal
from typing import Any

import duckdb
import msgspec

from orchestration.defs.ingest.bulk import insert_rows
from orchestration.defs.ingest.declared import Declared
from orchestration.defs.ingest.master_csv import read_moment, read_table
from orchestration.defs.ingest.master_tables import TABLES, Table, table_of
from orchestration.facts.aliases import Alias, is_ended, moment
from orchestration.facts.ledger import Entry
from orchestration.facts.standing import ever_standing

KNOWN_COLUMNS = ("known_seq", "known_from", "known_to", "is_opening")
RAW_TABLES = tuple(f"raw_{name}" for name in TABLES)


@dataclass(frozen=True, slots=True)
class CsvFile:
    """One content that a CSV file of master/ has had; data is None from when it was gone."""

    path: str
    data: bytes | None
    seq: int
    at: datetime


@dataclass(frozen=True, slots=True)
class KnownRow:
    """A row with when we knew it: from an entry to another one (exclusive), None while it stands."""

    values: tuple[Any, ...]
    known_seq: int
    known_from: datetime
    known_to: datetime | None
    is_opening: bool


def known_rows(files: Sequence[CsvFile], table: Table, here: tzinfo) -> list[KnownRow]:
    """Every row that a table has ever had, in the order in which it became known.

    The rows of its first content are opening knowledge: known from their own start.
    """
    standing: dict[tuple[Any, ...], tuple[int, datetime, bool]] = {}
    known: list[KnownRow] = []
    contents = [file for file in files if table_of(file.path) is table]
    for number, file in enumerate(contents):
        rows = [] if file.data is None else read_table(file.path, file.data, table, here)
        now = dict.fromkeys(_values(row) for row in rows)
        for values in [values for values in standing if values not in now]:
            seq, at, is_opening = standing.pop(values)
            known.append(KnownRow(values, seq, at, file.at, is_opening))
        for values in now:
            standing.setdefault(values, (file.seq, file.at, number == 0))
    known += [KnownRow(values, seq, at, None, is_opening) for values, (seq, at, is_opening) in standing.items()]
    return sorted(known, key=lambda row: row.known_seq)


def decided_aliases(entries: Sequence[Entry], here: tzinfo) -> list[KnownRow]:
    """Aliases that people decided; a later one about the same id and time ends what we knew by the earlier one."""
    known: list[KnownRow] = []
    standing: list[tuple[Alias, KnownRow]] = []
    for decision, values in ever_standing(entries, "alias"):
        kind, old_id, canonical_id = decision.subject_kind, decision.subject_id, values["canonical"]
        since, until = (read_moment(values[name], here) if name in values else None for name in ("from", "to"))
        alias = Alias(kind, old_id, canonical_id, moment(since), moment(until), f"entry {decision.seq}")
        row = (kind, old_id, canonical_id, since, until, decision.note)
        ended = [(other, before) for other, before in standing if is_ended(other, alias)]
        known += [replace(before, known_to=decision.effective_at) for _, before in ended]
        standing = [one for one in standing if one not in ended]
        if not alias.is_take_back:
            standing.append((alias, KnownRow(row, decision.seq, decision.effective_at, None, False)))
    return sorted([*known, *(row for _, row in standing)], key=lambda row: row.known_seq)


def rewrite_tables(
    connection: duckdb.DuckDBPyConnection, files: Sequence[CsvFile], here: tzinfo, decided: Sequence[KnownRow]
) -> None:
    """Empty and fill the raw table of every file, decided aliases beside those of theirs. Call it in a transaction."""
    for table in TABLES.values():
        connection.execute(f"delete from ingest.raw_{table.name}")  # noqa: S608 - own names
        rows = [*known_rows(files, table, here), *(decided if table.name == "aliases" else ())]
        insert_rows(connection, f"raw_{table.name}", (*table.columns, *KNOWN_COLUMNS), _as_rows(rows))


def _as_rows(rows: Iterable[KnownRow]) -> list[tuple[Any, ...]]:
    return [(*row.values, row.known_seq, row.known_from, row.known_to, row.is_opening) for row in rows]


def _values(row: Declared) -> tuple[Any, ...]:
    return tuple(_value(value) for value in msgspec.structs.astuple(row))


def _value(value: Any) -> str | date | datetime | Decimal | None:
    # 1.5 and 1.50 are one number: a file that is saved again changes nothing.
    return value.normalize() + 0 if isinstance(value, Decimal) else value
