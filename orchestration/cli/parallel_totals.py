"""The statement totals of another platform, as CSV, JSON or XLSX, checked row by row.

What does not belong here: comparing them (orchestration/parallel).
"""

import csv
import json
from collections.abc import Callable, Iterator, Mapping
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import Any
from zipfile import BadZipFile

from orchestration.facts.home import HomeError
from orchestration.parallel import Stated

_NEEDED = ("partner", "period", "direction", "currency", "amount_excl_tax")
_DIRECTIONS = ("receivable", "payable")

# A row's place in its file, and its cells by column as text.
Row = tuple[str, Mapping[str, str]]


def read_totals(path: Path) -> list[Stated]:
    """The statements of a table with columns partner, period, direction, currency, amount_excl_tax and, if it likes,
    sessions: the first sheet of an .xlsx, a list of objects in a .json, else CSV. Raises HomeError, one sentence."""
    read = _READERS.get(path.suffix.lower(), _csv_rows)
    try:
        found = list(_stated(read(path)))
    except UnicodeDecodeError as error:
        raise HomeError(f"{path} is not UTF-8: save it in UTF-8.") from error
    except (OSError, csv.Error, BadZipFile, ValueError, KeyError) as error:
        raise HomeError(f"{path} cannot be read: {error}.") from error
    if not found:
        raise HomeError(f"{path} states no total: it needs a row for each statement.")
    return found


def _csv_rows(path: Path) -> Iterator[Row]:
    with path.open(newline="", encoding="utf-8-sig") as file:
        rows = csv.DictReader(file)
        _check_columns(path, rows.fieldnames or ())
        for row in rows:
            yield f"{path}, line {rows.line_num}", {name: row[name] or "" for name in row if isinstance(name, str)}


def _json_rows(path: Path) -> Iterator[Row]:
    """Numbers as they are written: an amount is never a float."""
    content = json.loads(path.read_text(encoding="utf-8-sig"), parse_float=str, parse_int=str)
    rows = content.get("statements") if isinstance(content, dict) else content
    if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
        raise HomeError(f"{path} is no list of objects: write one for each statement.")
    for number, row in enumerate(rows, start=1):
        _check_columns(path, row)
        yield f"{path}, statement {number}", {name: "" if value is None else str(value) for name, value in row.items()}


def _xlsx_rows(path: Path) -> Iterator[Row]:
    """The first sheet; its first row names the columns."""
    import openpyxl

    sheet = openpyxl.load_workbook(path, read_only=True, data_only=True).worksheets[0]
    rows = sheet.iter_rows(values_only=True)
    names = [str(name or "").strip() for name in next(rows, ())]
    _check_columns(path, names)
    for number, cells in enumerate(rows, start=2):
        if any(cell is not None for cell in cells):
            row = dict(zip(names, (_cell(cell) for cell in cells), strict=False))
            yield f"{path}, row {number}", row


def _cell(value: Any) -> str:
    """A number by its shortest digits: a sheet keeps 390.22 as the float that is nearest to it."""
    if value is None:
        return ""
    return str(int(value)) if isinstance(value, float) and value.is_integer() else str(value)


_READERS: Mapping[str, Callable[[Path], Iterator[Row]]] = {".json": _json_rows, ".xlsx": _xlsx_rows}


def _check_columns(path: Path, names: Any) -> None:
    missing = [name for name in _NEEDED if name not in names]
    if missing:
        raise HomeError(f"{path} has no column {', '.join(missing)}: it needs {', '.join(_NEEDED)}.")


def _stated(rows: Iterator[Row]) -> Iterator[Stated]:
    known: set[tuple[str, ...]] = set()
    for place, row in rows:
        key = partner, period, direction, currency = (
            row["partner"].strip(), row["period"].strip(), row["direction"].strip(), row["currency"].strip()
        )  # fmt: skip
        if not all(key):
            raise HomeError(f"{place}: {_NEEDED[key.index('')]} is empty.")
        if direction not in _DIRECTIONS:
            raise HomeError(f"{place}: direction is {direction}, expected receivable or payable.")
        if key in known:
            raise HomeError(f"{place}: {' '.join(key)} is stated twice.")
        known.add(key)
        amount = _number(place, "amount_excl_tax", row["amount_excl_tax"])
        sessions = row.get("sessions", "").strip()
        if sessions and not sessions.isdecimal():
            raise HomeError(f"{place}: sessions is {sessions}, expected a whole number.")
        yield Stated(partner, period, direction, currency, amount, int(sessions) if sessions else None)


def _number(place: str, name: str, text: str) -> Decimal:
    try:
        number = Decimal(text.strip())
    except InvalidOperation:
        number = Decimal("NaN")
    if not number.is_finite() or abs(number) >= Decimal(10) ** 15:
        raise HomeError(f"{place}: {name} is {text or 'empty'}, expected an amount like 1234.56.")
    return number
