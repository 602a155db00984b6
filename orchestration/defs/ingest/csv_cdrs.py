"""CSV rows of a cdrs feed into rows of the raw tables, as the feed's mapping says.

One row is one CDR with one charging period, whose TIME volume is the duration. What does not belong
here: where lines begin (csv_records), what a cell says (csv_cells), any judgement (inspect).
"""

import csv
import hashlib
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from collections.abc import Mapping as Cells
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

import duckdb

from orchestration.defs.ingest.bulk import insert_rows
from orchestration.defs.ingest.csv_cells import CellError, Reading, hours_between, read_number, read_stamp, read_text
from orchestration.defs.ingest.csv_records import cells_of
from orchestration.defs.ingest.mapping import Columns, IdPart, Mapping, MappingError, Number, Stamp, Text
from orchestration.defs.ingest.records import RawRecord

_TEXTS = (
    "session_id", "authorization_reference", "token_uid", "token_type", "contract_id",
    "location_id", "evse_uid", "evse_id", "connector_id", "meter_id",
)  # fmt: skip
_NUMBERS = ("energy_kwh", "total_time_hours", "total_parking_hours", "claimed_excl_tax", "claimed_incl_tax")
_STAMPS = ("started_at", "ended_at", "last_updated")
# A field's name in messages about what is missing: OCPI's, as for every other source.
_OCPI_NAMES = {
    "cdr_id": "id", "started_at": "start_date_time", "ended_at": "end_date_time", "energy_kwh": "total_energy",
    "cpo_party": "party_id", "emsp_party": "cdr_token", "currency": "currency",
    "total_time_hours": "total_time", "total_parking_hours": "total_parking_time",
    "claimed_excl_tax": "total_cost", "claimed_incl_tax": "total_cost",
}  # fmt: skip
_MANDATORY = ("cdr_id", "cpo_party", "emsp_party", "started_at", "ended_at", "energy_kwh", "currency")
_NOT_READABLE = re.compile(r"[^A-Za-z0-9.:_-]+")
_FORMS = ("utc", "none", "offset")

RECORD_COLUMNS = (
    "record_id", "file_seq", "position", "record_sha256", "raw_text", "is_typed", "problem_rule_id", "problem",
)  # fmt: skip
CDR_COLUMNS = (
    "record_id", "file_seq", "position", "cdr_key", "cpo_party", "emsp_party", "party_source", "cdr_id",
    "ocpi_version", "started_at", "ended_at", *_TEXTS, "auth_method", "location_country", "record_time_zone",
    "currency", *_NUMBERS, "is_credit", "last_updated", "time_form", "is_time_ambiguous", "is_test",
    "missing_fields", "type_problems", "excess_precision",
)  # fmt: skip
PERIOD_COLUMNS = ("record_id", "period_no", "started_at", "tariff_id", "energy_kwh", "time_hours")
READING_COLUMNS = (
    "record_id", "row_in_file", "started_at", "ended_at", "started_at_swapped", "ended_at_swapped",
    "is_swappable", "is_swapped",
)  # fmt: skip


@dataclass(slots=True)
class CsvRows:
    """Rows of one file for raw_records, raw_cdrs, raw_charging_periods and raw_date_readings."""

    records: list[tuple[Any, ...]] = field(default_factory=list)
    cdrs: list[tuple[Any, ...]] = field(default_factory=list)
    periods: list[tuple[Any, ...]] = field(default_factory=list)
    readings: list[tuple[Any, ...]] = field(default_factory=list)


@dataclass(slots=True)
class _Row:
    """What is known of one row while it is read."""

    values: dict[str, Any] = field(default_factory=dict)
    problems: list[str] = field(default_factory=list)
    excess: list[str] = field(default_factory=list)
    readings: dict[str, Reading] = field(default_factory=dict)


def load_csv_cdrs(
    connection: duckdb.DuckDBPyConnection,
    file_seq: int,
    header: RawRecord,
    records: Sequence[RawRecord],
    mapping: Mapping,
    is_swapped: bool,
) -> None:
    """Insert a file's rows. Raises MappingError when the file lacks a column that the mapping names."""
    rows = read_rows(file_seq, header, records, mapping, is_swapped)
    insert_rows(connection, "raw_records", RECORD_COLUMNS, rows.records)
    insert_rows(connection, "raw_cdrs", CDR_COLUMNS, rows.cdrs)
    insert_rows(connection, "raw_charging_periods", PERIOD_COLUMNS, rows.periods)
    insert_rows(connection, "raw_date_readings", READING_COLUMNS, rows.readings)


def read_rows(
    file_seq: int, header: RawRecord, records: Sequence[RawRecord], mapping: Mapping, is_swapped: bool
) -> CsvRows:
    """The typed rows of a file. is_swapped: an approved repair exchanges day and month where that gives a date."""
    assert mapping.columns is not None, "a mapping without columns reads no CSV"
    names = [name.strip() for name in cells_of(header, mapping.format.delimiter)]
    check_columns(names, mapping)
    rows, seen = CsvRows(), Counter[str]()
    missing = {"", *mapping.format.missing}
    for record in records:
        record_id = file_seq << 32 | record.position
        head = (record_id, file_seq, record.position, record.sha256, record.text)
        problem = record.problem
        raw: list[str] = []
        if problem is None:
            try:
                raw = cells_of(record, mapping.format.delimiter)
                if len(raw) != len(names):
                    problem = f"line {record.position} has {len(raw)} cells, expected {len(names)} as in the header."
            except csv.Error as error:
                problem = f"line {record.position} is not CSV ({error}); mend its quotes."
        if problem is not None:
            rows.records.append((*head, False, "SCHEMA_TYPE_INVALID", problem))
            continue
        rows.records.append((*head, True, None, None))
        cells = {name: None if (value := cell.strip()) in missing else value for name, cell in zip(names, raw, strict=True)}
        row = _read_row(cells, dict(zip(names, raw, strict=True)), mapping, seen)
        _append(rows, row, record_id, file_seq, record.position, mapping, is_swapped)
    return rows


def check_columns(names: Sequence[str], mapping: Mapping) -> None:
    """Raise MappingError naming the first column that the mapping wants and the file does not have."""
    for name in _named_columns(mapping):
        if name not in names:
            raise MappingError(
                f"the column {name!r} of the mapping is not in the file, which has {', '.join(names)}; "
                "correct the mapping, or ask for the file again."
            )


def _named_columns(mapping: Mapping) -> Iterator[str]:
    for name in Columns.__struct_fields__:
        spec = getattr(mapping.columns, name)
        if isinstance(spec, str):
            yield spec
        elif isinstance(spec, Stamp):
            yield from (column for column in (spec.column, spec.date, spec.time) if column is not None)
        elif spec is not None:
            yield spec.column
    if mapping.id is not None:
        yield from (part if isinstance(part, str) else part.column for part in mapping.id.columns)
    if mapping.test_when is not None:
        yield mapping.test_when.column


def _read_row(cells: Cells[str, str | None], raw: Cells[str, str], mapping: Mapping, seen: Counter[str]) -> _Row:
    row, columns = _Row(), mapping.columns
    for name in (*_TEXTS, "cdr_id", "cpo_party", "emsp_party", "currency", "tariff_id", "auth_method"):
        spec = getattr(columns, name)
        value = None if spec is None else read_text(Text(column=spec) if isinstance(spec, str) else spec, cells.get)
        row.values[name] = value if value is not None else getattr(mapping.constants, name, None)
    for name in _NUMBERS:
        _read_number(row, name, getattr(columns, name), cells)
    refuse = mapping.nonexistent_times == "refuse"
    for name in _STAMPS:
        spec = getattr(columns, name)
        if spec is None:
            continue
        try:
            stamp = Stamp(column=spec) if isinstance(spec, str) else spec
            reading = read_stamp(stamp, cells.get, mapping.constants.time_zone, refuse)
        except CellError as error:
            row.problems.append(str(error))
            continue
        if reading is not None:
            row.readings[name] = reading
    if mapping.id is not None:
        row.values["cdr_id"] = _made_id(mapping, raw, seen)
    test = mapping.test_when
    if test is not None:
        value = cells[test.column] or ""
        row.values["is_test"] = value.startswith(test.starts_with) if test.starts_with else value == test.equals
    return row


def _read_number(row: _Row, name: str, spec: str | Number | None, cells: Cells[str, str | None]) -> None:
    row.values[name] = None
    if spec is None:
        return
    try:
        number = read_number(Number(column=spec) if isinstance(spec, str) else spec, cells.get)
    except CellError as error:
        row.problems.append(str(error))
        return
    if number is not None:
        row.values[name], has_excess = number
        if has_excess:
            row.excess.append(_OCPI_NAMES[name])


def _made_id(mapping: Mapping, raw: Cells[str, str], seen: Counter[str]) -> str:
    assert mapping.id is not None
    parts = []
    for part in mapping.id.columns:
        spec = IdPart(column=part) if isinstance(part, str) else part
        parts.append(raw[spec.column].strip()[: spec.first])
    if mapping.id.form == "hash":
        made = hashlib.sha256("\x1f".join(parts).encode()).hexdigest()[:24]
    else:
        made = "-".join(_NOT_READABLE.sub("_", part) for part in parts)
    made = mapping.id.prefix + made
    key = made.lower()
    seen[key] += 1
    return made if seen[key] == 1 else f"{made}#{seen[key]}"


def _append(
    rows: CsvRows, row: _Row, record_id: int, file_seq: int, position: int, mapping: Mapping, is_swapped: bool
) -> None:
    values = row.values
    for name in _STAMPS:
        reading = row.readings.get(name)
        values[name] = None if reading is None else (reading.swapped if is_swapped else reading.as_written)
    cpo_party, cdr_id = values["cpo_party"], values["cdr_id"]
    key = f"{cpo_party}|{cdr_id}".lower() if cpo_party and cdr_id else None
    unread = {problem.split(" is ", 1)[0] for problem in row.problems}
    absent = [_OCPI_NAMES[name] for name in _MANDATORY if values[name] is None and not _is_unread(mapping, name, unread)]
    by_record = mapping.columns.cpo_party is not None and mapping.columns.emsp_party is not None
    rows.cdrs.append((
        record_id, file_seq, position, key, cpo_party, values["emsp_party"], "record" if by_record else "mapping", cdr_id,
        "csv", values["started_at"], values["ended_at"], *(values[name] for name in _TEXTS), values["auth_method"],
        mapping.constants.country, mapping.constants.time_zone, values["currency"], *(values[name] for name in _NUMBERS),
        False, values["last_updated"], _form(row), _is_ambiguous(row, is_swapped), values.get("is_test"),
        ",".join(absent) or None, "; ".join(row.problems) or None, ",".join(row.excess) or None,
    ))  # fmt: skip
    start, end = values["started_at"], values["ended_at"]
    if start is not None:
        # A session that ends before it starts has no duration: the gate rejects it, nothing is priced on a negative one.
        hours: Decimal | None = hours_between(start, end) if end is not None and end >= start else None
        rows.periods.append((record_id, 1, start, values["tariff_id"], values["energy_kwh"], hours))
    _append_reading(rows, row, record_id, position, is_swapped)


def _append_reading(rows: CsvRows, row: _Row, record_id: int, position: int, is_swapped: bool) -> None:
    start, end = row.readings.get("started_at"), row.readings.get("ended_at")
    if start is None and end is None:
        return
    is_swappable = any(reading is not None and reading.as_written != reading.swapped for reading in (start, end))
    rows.readings.append((
        record_id, position,
        start and start.as_written, end and end.as_written, start and start.swapped, end and end.swapped,
        is_swappable, is_swapped,
    ))  # fmt: skip


def _is_unread(mapping: Mapping, name: str, unread: set[str]) -> bool:
    """Whether the field is null because its cell could not be read: that is another fault than an absent one."""
    spec = getattr(mapping.columns, name, None)
    if isinstance(spec, Stamp):
        return bool({spec.column, spec.date, spec.time, f"{spec.date}, {spec.time}"} & unread)
    return (spec if isinstance(spec, str) else getattr(spec, "column", None)) in unread


def _form(row: _Row) -> str | None:
    """The worst form of the row's stamps; null when they are local by the mapping's declaration."""
    forms = [reading.form for reading in row.readings.values() if reading.form is not None]
    return max(forms, key=_FORMS.index, default=None)


def _is_ambiguous(row: _Row, is_swapped: bool) -> bool | None:
    known = [
        reading.is_swapped_ambiguous if is_swapped else reading.is_ambiguous
        for name, reading in row.readings.items()
        if name != "last_updated" and reading.is_ambiguous is not None
    ]
    return any(known) if known else None

