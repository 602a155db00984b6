"""CSV rows of a cdrs feed into rows of the raw tables, as the feed's mapping says.

One row is one CDR with one charging period, whose TIME volume is the duration. What does not belong
here: where lines begin (csv_records), what a cell says (csv_cells), any judgement (inspect).
"""

import csv
import gc
import hashlib
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from collections.abc import Mapping as Cells
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import duckdb

from orchestration.defs.ingest.bulk import batches, insert_rows
from orchestration.defs.ingest.csv_cells import (
    SWAP_REPAIR,
    CellError,
    Clock,
    Reading,
    hours_between,
    read_number,
    read_stamp,
    read_text,
)
from orchestration.defs.ingest.csv_plan import NUMBERS, TEXTS, Plan, check_columns
from orchestration.defs.ingest.csv_records import cells_of
from orchestration.defs.ingest.mapping import Format, Mapping
from orchestration.defs.ingest.parties import contract_party, evse_party, read_party
from orchestration.defs.ingest.records import RawRecord

# A field's name in messages about what is missing: OCPI's, as for every other source.
_OCPI_NAMES = {
    "cdr_id": "id", "started_at": "start_date_time", "ended_at": "end_date_time", "energy_kwh": "total_energy",
    "cpo_party": "party_id", "emsp_party": "cdr_token", "currency": "currency",
    "total_time_hours": "total_time", "total_parking_hours": "total_parking_time",
    "claimed_excl_tax": "total_cost", "claimed_incl_tax": "total_cost",
    "claimed_fixed_excl_tax": "total_fixed_cost", "claimed_energy_excl_tax": "total_energy_cost",
    "claimed_time_excl_tax": "total_time_cost", "claimed_parking_excl_tax": "total_parking_cost",
    "register_start_kwh": "register_start_kwh", "register_end_kwh": "register_end_kwh",
}  # fmt: skip
_MANDATORY = ("cdr_id", "cpo_party", "emsp_party", "started_at", "ended_at", "energy_kwh", "currency")
_NOT_READABLE = re.compile(r"[^A-Za-z0-9.:_-]+")
_WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_FORMS = ("utc", "none", "offset")

RECORD_COLUMNS = (
    "record_id", "file_seq", "position", "record_sha256", "raw_text", "is_typed", "problem_rule_id", "problem",
)  # fmt: skip
CDR_COLUMNS = (
    "record_id", "file_seq", "position", "cdr_key", "cpo_party", "emsp_party", "party_source", "cdr_id",
    "ocpi_version", "started_at", "ended_at", *TEXTS, "auth_method", "location_country", "record_time_zone",
    "currency", *NUMBERS, "is_credit", "last_updated", "time_form", "is_time_ambiguous", "is_test",
    "missing_fields", "type_problems", "excess_precision",
)  # fmt: skip
PERIOD_COLUMNS = ("record_id", "period_no", "started_at", "tariff_id", "energy_kwh", "time_hours")
READING_COLUMNS = (
    "record_id", "row_in_file", "started_at", "ended_at", "started_at_swapped", "ended_at_swapped",
    "is_swappable", "is_swapped", "started_at_by_zone", "ended_at_by_zone", "started_at_in_2000s", "is_weekday_right",
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

    values: dict[str, Any]
    problems: list[str] = field(default_factory=list)
    unread: set[str] = field(default_factory=set)
    excess: list[str] = field(default_factory=list)
    readings: dict[str, Reading] = field(default_factory=dict)
    weekday: str | None = None


def load_csv_cdrs(
    connection: duckdb.DuckDBPyConnection,
    file_seq: int,
    header: RawRecord,
    records: Iterable[RawRecord],
    mapping: Mapping,
    repairs: frozenset[str],
) -> None:
    """Insert a file's rows. Raises MappingError when the file lacks a column that the mapping names."""
    seen = Counter[str]()
    check_columns(_names(header, mapping), Plan.of(mapping))
    for batch in batches(records):
        with _collector_at_rest():
            rows = read_rows(file_seq, header, batch, mapping, repairs, seen)
            insert_rows(connection, "raw_records", RECORD_COLUMNS, rows.records)
            insert_rows(connection, "raw_cdrs", CDR_COLUMNS, rows.cdrs)
            insert_rows(connection, "raw_charging_periods", PERIOD_COLUMNS, rows.periods)
            insert_rows(connection, "raw_date_readings", READING_COLUMNS, rows.readings)


def _names(header: RawRecord, mapping: Mapping) -> list[str]:
    return [name.strip() for name in cells_of(header, mapping.format)]


@contextmanager
def _collector_at_rest() -> Iterator[None]:
    """No garbage collection for the block: a million small tuples without cycles cost it 40 % of the time."""
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_enabled:
            gc.enable()


def read_rows(
    file_seq: int,
    header: RawRecord,
    records: Sequence[RawRecord],
    mapping: Mapping,
    repairs: frozenset[str] = frozenset(),
    seen: Counter[str] | None = None,
) -> CsvRows:
    """The typed rows of a file, its stamps read under the approved repairs. seen: ids made of the rows before."""
    plan = Plan.of(mapping)
    is_swapped = SWAP_REPAIR in repairs
    is_refused, offsets = mapping.nonexistent_times == "refuse", tuple(sorted(mapping.zone_offsets.items()))
    clock = Clock(mapping.constants.time_zone, is_refused, repairs, offsets)
    names = _names(header, mapping)
    check_columns(names, plan)
    rows, seen = CsvRows(), Counter() if seen is None else seen
    missing = {"", *mapping.format.missing}
    for record in records:
        record_id = file_seq << 32 | record.position
        head = (record_id, file_seq, record.position, record.sha256, record.text)
        raw, problem = row_cells(record, mapping.format, len(names))
        if problem is not None:
            rows.records.append((*head, False, "SCHEMA_TYPE_INVALID", problem))
            continue
        rows.records.append((*head, True, None, None))
        cells = {name: None if cell in missing else cell for name, cell in zip(names, raw, strict=True)}
        row = _read_row(cells, plan, clock)
        if plan.id_parts:
            row.values["cdr_id"] = _made_id(plan, dict(zip(names, raw, strict=True)), seen)
        rows.cdrs.append(_cdr_row(row, record_id, file_seq, record.position, plan, is_swapped))
        _append_details(rows, row, record_id, record.position, is_swapped)
    return rows


def row_cells(record: RawRecord, form: Format, count: int) -> tuple[list[str], str | None]:
    """The trimmed cells of a record, or why it cannot be read."""
    if record.problem is not None:
        return [], record.problem
    try:
        cells = cells_of(record, form)
    except csv.Error as error:
        return [], f"line {record.position} is not CSV ({error}); mend its quotes."
    if len(cells) != count:
        return [], f"line {record.position} has {len(cells)} cells, expected {count} as in the header."
    return [cell.strip() for cell in cells], None


def _read_row(cells: Cells[str, str | None], plan: Plan, clock: Clock) -> _Row:
    row = _Row(dict(plan.constants))
    values, cell = row.values, cells.get
    for name, text in plan.texts:
        value = read_text(text, cell)
        if value is not None:
            values[name] = value
    for name, number in plan.numbers:
        try:
            found = read_number(number, cell)
        except CellError as error:
            row.problems.append(str(error))
            row.unread.add(name)
            continue
        if found is not None:
            values[name], has_excess = found
            if has_excess:
                row.excess.append(_OCPI_NAMES[name])
    for name, stamp in plan.stamps:
        try:
            reading = read_stamp(stamp, cell, clock)
        except CellError as error:
            row.problems.append(str(error))
            row.unread.add(name)
            continue
        if reading is not None:
            row.readings[name] = reading
    if plan.weekday is not None:
        row.weekday = read_text(plan.weekday, cell)
    test = plan.mapping.test_when
    if test is not None:
        value, mark = (cells[test.column] or "").casefold(), (test.starts_with or test.equals or "").casefold()
        values["is_test"] = value.startswith(mark) if test.starts_with else value == mark
    return row


def _made_id(plan: Plan, raw: Cells[str, str], seen: Counter[str]) -> str:
    recipe = plan.mapping.id
    assert recipe is not None
    parts = [raw[part.column][: part.first] for part in plan.id_parts]
    if recipe.form == "hash":
        made = hashlib.sha256("\x1f".join(parts).encode()).hexdigest()[:24]
    else:
        made = _NOT_READABLE.sub("_", "-".join(parts))
    made = recipe.prefix + made
    key = made.lower()
    seen[key] += 1
    return made if seen[key] == 1 else f"{made}#{seen[key]}"


def _cdr_row(row: _Row, record_id: int, file_seq: int, position: int, plan: Plan, is_swapped: bool) -> tuple[Any, ...]:
    """The row of raw_cdrs, in the order of CDR_COLUMNS."""
    values, constants = row.values, plan.mapping.constants
    for name, reading in row.readings.items():
        values[name] = reading.swapped if is_swapped else reading.as_written
    get = values.get
    party_source = _settle_parties(values, plan)
    cpo_party, cdr_id = get("cpo_party"), get("cdr_id")
    # A field whose cell could not be read is not absent: that is another fault, with its own sentence.
    absent = [_OCPI_NAMES[name] for name in _MANDATORY if get(name) is None and name not in row.unread]
    return (
        record_id, file_seq, position, f"{cpo_party}|{cdr_id}".lower() if cpo_party and cdr_id else None,
        cpo_party, get("emsp_party"), party_source, cdr_id, "csv", get("started_at"), get("ended_at"),
        *map(get, TEXTS), get("auth_method"), constants.country, constants.time_zone, get("currency"),
        *map(get, NUMBERS), get("credit_reference_id") is not None, get("last_updated"), _form(row),
        _is_ambiguous(row, is_swapped), get("is_test"),
        ",".join(absent) or None, "; ".join(row.problems).replace(".; ", "; ") or None, ",".join(row.excess) or None,
    )  # fmt: skip


def _settle_parties(values: dict[str, Any], plan: Plan) -> str:
    """Each party of the row's own column, else of the mapping, else of its id's prefix; how the weakest is known."""
    sources = []
    for name, prefix in (
        ("cpo_party", evse_party(values["evse_id"])),
        ("emsp_party", contract_party(values["contract_id"])),
    ):
        if (given := values[name]) is None:
            values[name] = prefix
            sources.append("prefix")
        else:
            # A spelling that is none of a party's stays as it is, for ID_PARTY_UNKNOWN to name it.
            values[name] = read_party(given) or given
            sources.append("mapping" if given == plan.constants[name] else "record")
    return max(sources, key=("record", "prefix", "mapping").index)


def _append_details(rows: CsvRows, row: _Row, record_id: int, position: int, is_swapped: bool) -> None:
    """The one charging period, and both readings of the dates."""
    start, end = row.values.get("started_at"), row.values.get("ended_at")
    if start is not None:
        # A session that ends before it starts has no duration: nothing is priced on a negative one.
        hours = hours_between(start, end) if end is not None and end >= start else None
        rows.periods.append((record_id, 1, start, row.values["tariff_id"], row.values.get("energy_kwh"), hours))
    first, last = row.readings.get("started_at"), row.readings.get("ended_at")
    if first is not None or last is not None:
        is_swappable = any(reading is not None and reading.as_written != reading.swapped for reading in (first, last))
        rows.readings.append((
            record_id, position,
            first and first.as_written, last and last.as_written, first and first.swapped, last and last.swapped,
            is_swappable, is_swapped, first and first.by_zone, last and last.by_zone, first and first.in_2000s,
            _is_weekday_right(row.weekday, first),
        ))  # fmt: skip


def _is_weekday_right(weekday: str | None, start: Reading | None) -> bool | None:
    """Whether the weekday beside a start of two digits is that of the year 2000 more; None where nothing says so."""
    if weekday is None or start is None or start.in_2000s is None:
        return None
    return _WEEKDAYS[start.in_2000s.weekday()] == weekday[:3].lower()


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
