"""The CSV files of master/: aliases, tax rules, exchange rates, meters, assets, memberships, agreements, publications.

A file is read whole or not at all, so its last good version stands while a newer one is wrong.
What does not belong here: the tables (master_csv_rows) and what a row does to a session (inspect and later).
"""

import csv
import io
import re
from collections.abc import Iterator, Sequence
from datetime import UTC, date, datetime, time, tzinfo
from decimal import Decimal
from functools import cache
from itertools import pairwise
from typing import Any, Literal, get_args, get_origin, get_type_hints

import msgspec

from orchestration.defs.ingest.declared import Declared, DeclaredError, did_you_mean
from orchestration.defs.ingest.master_tables import Alias, Table

MAX_ROWS = 2_000_000
ALIAS_KINDS = ("party", "location", "evse", "connector", "token", "contract")
# How many bars an old id and a canonical one may have: NL/EVS|EVSE-7|1 has two.
_BARS = {
    "connector": ((1, 2), (0, 2)), "evse": ((0, 1), (0, 1)), "location": ((0, 1), (0, 1)), "token": ((0, 1), (0, 1)),
}  # fmt: skip
_PARTY = re.compile(r"[A-Za-z]{2}/[A-Za-z0-9]{3}")


def read_table(path: str, data: bytes, table: Table, here: tzinfo = UTC) -> list[Declared]:
    """The rows of a file, in its order. Raises DeclaredError naming line, column and remedy."""
    rows: list[Declared] = []
    lines: list[int] = []
    for line, cells in _cells(path, data, table):
        rows.append(_row(path, line, cells, table, here))
        lines.append(line)
    _check_one_at_a_time(path, table, rows, lines)
    return rows


def _cells(path: str, data: bytes, table: Table) -> Iterator[tuple[int, dict[str, str]]]:
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise DeclaredError(f"{path}: is not UTF-8 text; save it as CSV UTF-8.") from None
    reader = csv.reader(io.StringIO(text, newline=""), strict=True)
    try:
        header = [name.strip() for name in next(reader, [])]
        _check_header(path, header, table)
        for number, values in enumerate(reader):
            if number >= MAX_ROWS:
                raise DeclaredError(f"{path}: has more than {MAX_ROWS} rows; take out what no session needs.")
            if not any(value.strip() for value in values):
                continue
            if len(values) != len(header):
                raise DeclaredError(
                    f"{path}: line {reader.line_num} has {len(values)} cells, its header {len(header)}; "
                    "mend it, and quote a cell that holds a comma."
                )
            yield reader.line_num, {name: value.strip() for name, value in zip(header, values, strict=True)}
    except csv.Error as error:
        raise DeclaredError(f"{path}: line {reader.line_num} is not CSV ({error}); mend that line.") from None


def _check_header(path: str, header: Sequence[str], table: Table) -> None:
    if len(header) == 1 and ";" in header[0]:
        raise DeclaredError(f"{path}: its cells are separated by `;`; save it with commas.")
    known = dict.fromkeys(table.columns)
    for name in header:
        if name not in known:
            raise DeclaredError(f"{path}: column {name!r} is not known; {did_you_mean(name, known)}")
        if header.count(name) > 1:
            raise DeclaredError(f"{path}: column {name} stands there twice; keep one of them.")
    for name in sorted(_required(table.model)):
        if name not in header:
            raise DeclaredError(f"{path}: column {name} is missing; the columns are {', '.join(table.columns)}.")


@cache
def _required(model: type[Declared]) -> frozenset[str]:
    return frozenset(field.name for field in msgspec.structs.fields(model) if field.required)


@cache
def _hints(model: type[Declared]) -> dict[str, Any]:
    return get_type_hints(model)


def _row(path: str, line: int, cells: dict[str, str], table: Table, here: tzinfo) -> Declared:
    given = {name: value for name, value in cells.items() if value}
    for name in table.columns:
        if name not in given and name in _required(table.model):
            raise DeclaredError(f"{path}: line {line}: {name} is blank; fill it.")
    moments = {name: read_moment(value, here) for name, value in given.items() if _is_moment(table, name)}
    try:
        row = msgspec.convert(given | moments, table.model, strict=False)
    except msgspec.ValidationError as error:
        name = str(error).partition(" - at `$.")[2].rstrip("`")
        raise DeclaredError(f"{path}: line {line}: {name} is {given.get(name)!r}; {_expected(table, name)}") from None
    for problem in _row_problems(row, table):
        raise DeclaredError(f"{path}: line {line}: {problem}")
    return row


def _is_moment(table: Table, name: str) -> bool:
    return _hints(table.model)[name] in (datetime, datetime | None)


def read_moment(value: str, here: tzinfo) -> datetime | str:
    """An instant; a day alone is its midnight in the network's zone. Text that is neither stays what it is."""
    try:
        if len(value) == len("2026-01-31"):
            return datetime.combine(date.fromisoformat(value), time(), here).astimezone(UTC)
        moment = datetime.fromisoformat(value)
    except ValueError:
        return value
    return moment.astimezone(UTC) if moment.tzinfo is not None else value


def _expected(table: Table, name: str) -> str:
    if _is_moment(table, name):
        return "write a day (2026-01-31), or an instant with its zone (2026-01-31T12:00:00Z)."
    kind = _hints(table.model).get(name)
    if kind in (date, date | None):
        return "write a day (2026-01-31)."
    choices = get_args(kind) if get_origin(kind) is Literal else ()
    return f"use one of {', '.join(choices)}." if choices else "write a number with a point (12.5)."


def _row_problems(row: Declared, table: Table) -> Iterator[str]:
    for name, value in msgspec.structs.asdict(row).items():
        if isinstance(value, Decimal) and not (value.is_finite() and abs(value) < 10**9):
            yield f"{name} is {value}; write a number of a size that can be."
        if name in ("discount_percent", "rate_percent") and not 0 <= value <= 100:
            yield f"{name} is {value}; use 0 to 100."
        if name == "rate" and value <= 0:
            yield f"rate is {value}; use a number above 0."
    if table.start and table.end:
        start, end = getattr(row, table.start), getattr(row, table.end)
        if start is not None and end is not None and start >= end:
            yield f"{table.end} is not after {table.start}; the end is the first moment at which it no longer holds."
    if isinstance(row, Alias):
        yield from alias_problems(row.kind, row.old_id, row.canonical_id)
        if row.old_id.casefold() == row.canonical_id.casefold():
            yield f"{row.old_id} is an alias of itself; take the line out."


def alias_problems(kind: str, old_id: str, canonical_id: str) -> Iterator[str]:
    """What is wrong with the form of an alias's ids, one sentence each."""
    bars = _BARS.get(kind, ((0, 0), (0, 0)))
    for name, text, (least, most) in (("old_id", old_id, bars[0]), ("canonical_id", canonical_id, bars[1])):
        if kind == "party" and not _PARTY.fullmatch(text):
            yield f"{name} is {text!r}; write country and party, as NL/EVS."
        elif not least <= text.count("|") <= most:
            form = "EVSE|ID, or PARTY|EVSE|ID" if kind == "connector" else "ID, or PARTY|ID"
            yield f"{name} is {text!r}; write it as {form}."


def _check_one_at_a_time(path: str, table: Table, rows: Sequence[Declared], lines: Sequence[int]) -> None:
    """Two rows of one key may not hold at the same moment: which one counts would be chance."""
    groups: dict[tuple[Any, ...], list[tuple[Any, int, Any]]] = {}
    for row, line in zip(rows, lines, strict=True):
        key = tuple(_folded(getattr(row, name)) for name in table.key)
        start = getattr(row, table.start) if table.start else None
        groups.setdefault(key, []).append((start, line, getattr(row, table.end) if table.end else None))
    for spans in groups.values():
        spans.sort(key=lambda span: (span[0] is not None, span[0], span[1]))
        for (_, first, end), (start, second, _) in pairwise(spans):
            if end is None or start is None or start < end:
                what = "the same " + ", ".join(table.key)
                remedy = "end one where the other begins" if table.start else "keep one of them"
                raise DeclaredError(f"{path}: line {second} has {what} as line {first} at the same time; {remedy}.")


def _folded(value: Any) -> Any:
    return value.casefold() if isinstance(value, str) else value
