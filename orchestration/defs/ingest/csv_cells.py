"""Cells of a CSV file into text, exact numbers and instants, as a mapping says.

A cell that cannot be read raises CellError with one sentence; one without a value is None.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from decimal import ROUND_HALF_EVEN, Decimal, InvalidOperation
from functools import lru_cache

from orchestration.defs.ingest.mapping import Number, Stamp, Text
from orchestration.defs.ingest.zones import zone

_PLACES = Decimal("0.00000001")
_LIMIT = Decimal(10) ** 10
_NUMBER = re.compile(r"[+-]?\d+(?:\.\d+)?(?:[eE][+-]?\d{1,3})?")
_FACTORS: dict[str | None, tuple[int, int]] = {
    None: (1, 1), "kWh": (1, 1), "hours": (1, 1), "Wh": (1, 1000), "minutes": (1, 60), "seconds": (1, 3600),
}  # fmt: skip

# A cell's text by column name, None where the cell has no value.
Cell = Callable[[str], str | None]


class CellError(ValueError):
    """A cell cannot be read; one sentence: column, what stands there, what was expected."""


@dataclass(frozen=True, slots=True)
class Reading:
    """One instant as written and with day and month exchanged (the same where they cannot be)."""

    as_written: datetime
    swapped: datetime
    is_ambiguous: bool | None
    is_swapped_ambiguous: bool | None
    form: str | None


def read_text(spec: Text, cell: Cell) -> str | None:
    """Trimmed, cut and without its suffix; None when nothing is left."""
    value = cell(spec.column)
    if value is None:
        return None
    if spec.cut_at:
        value = value.split(spec.cut_at, 1)[0].strip()
    if spec.drop_suffix:
        value = value.removesuffix(spec.drop_suffix).strip()
    return value or None


def read_number(spec: Number, cell: Cell) -> tuple[Decimal, bool] | None:
    """The number in kWh, hours or money to 8 places, and whether the file gave more than 4. Raises CellError."""
    value = cell(spec.column)
    if value is None:
        return None
    return _number(spec, value)


@lru_cache(maxsize=65536)
def _number(spec: Number, value: str) -> tuple[Decimal, bool]:
    text = value
    if spec.thousands:
        text = text.replace(spec.thousands, "")
    if spec.decimal == ",":
        text = text.replace(".", "?").replace(",", ".")
    if not _NUMBER.fullmatch(text):
        raise CellError(f"{spec.column} is {value!r}, expected a number like 12{spec.decimal}5.")
    try:
        number = Decimal(text)
    except InvalidOperation:
        raise CellError(f"{spec.column} is {value!r}, expected a number like 12{spec.decimal}5.") from None
    times, over = _FACTORS[spec.unit]
    if abs(number) >= _LIMIT:
        raise CellError(f"{spec.column} is {value!r}, expected a number below ten thousand million.")
    exponent = number.as_tuple().exponent
    has_excess = isinstance(exponent, int) and exponent < -4 and number != number.quantize(Decimal("0.0001"))
    return (number * times / over).quantize(_PLACES, ROUND_HALF_EVEN), has_excess


def read_date(spec: Stamp, cell: Cell) -> date | None:
    """The day in a column, of a date or of a date with its time. Raises CellError."""
    assert spec.column is not None
    value = cell(spec.column)
    return None if value is None else _date(spec.column, value, spec.format)


def read_stamp(spec: Stamp, cell: Cell, zone_name: str | None, refuse_nonexistent: bool) -> Reading | None:
    """The instant in UTC, read both ways. None when a date or a time cell is empty. Raises CellError."""
    if spec.column is not None:
        value = cell(spec.column)
        return None if value is None else _stamp_reading(spec, value, zone_name, refuse_nonexistent)
    assert spec.date is not None and spec.time is not None
    day, hour = cell(spec.date), cell(spec.time)
    if day is None or hour is None:
        return None
    return _reading(
        datetime.combine(_date(spec.date, day, spec.date_format), _time(spec.time, hour, spec.time_format)),
        f"{spec.date}, {spec.time}", zone_name, refuse_nonexistent,
    )  # fmt: skip


def _shown(form: str, iso: str = "2026-01-31T12:00:00Z") -> str:
    """A format as a sentence names it."""
    return iso if form == "iso" else form


@lru_cache(maxsize=65536)
def _date(column: str, value: str, form: str) -> date:
    try:
        return datetime.fromisoformat(value).date() if form == "iso" else datetime.strptime(value, form).date()
    except ValueError:
        raise CellError(f"{column} is {value!r}, expected a date as {_shown(form, '%Y-%m-%d')}.") from None


@lru_cache(maxsize=65536)
def _time(column: str, value: str, form: str) -> time:
    try:
        return time.fromisoformat(value) if form == "iso" else datetime.strptime(value, form).time()
    except ValueError:
        raise CellError(f"{column} is {value!r}, expected a time as {_shown(form, '%H:%M')}.") from None


@lru_cache(maxsize=65536)
def _stamp_reading(spec: Stamp, value: str, zone_name: str | None, refuse: bool) -> Reading:
    try:
        stamp = datetime.fromisoformat(value) if spec.format == "iso" else datetime.strptime(value, spec.format)
    except ValueError:
        raise CellError(f"{spec.column} is {value!r}, expected a date and time as {_shown(spec.format)}.") from None
    return _reading(stamp, str(spec.column), zone_name, refuse)


@lru_cache(maxsize=65536)
def _reading(stamp: datetime, column: str, zone_name: str | None, refuse: bool) -> Reading:
    other = swap_day_and_month(stamp)
    try:
        if stamp.tzinfo is not None:
            form = "offset" if stamp.utcoffset() else "utc"
            return Reading(stamp.astimezone(UTC), other.astimezone(UTC), None, None, form)
        if zone_name is None:
            return Reading(stamp.replace(tzinfo=UTC), other.replace(tzinfo=UTC), None, None, "none")
        as_written, is_ambiguous = _local(stamp, column, zone_name, refuse)
        swapped, is_swapped_ambiguous = as_written, is_ambiguous
        if other != stamp:
            swapped, is_swapped_ambiguous = _local(other, column, zone_name, refuse=False)
        return Reading(as_written, swapped, is_ambiguous, is_swapped_ambiguous, None)
    except OverflowError:
        raise CellError(f"{column} is {stamp}, expected a year from 2 to 9998.") from None


def swap_day_and_month(stamp: datetime) -> datetime:
    """Day and month exchanged where that gives a date (day 12 or lower), else as it is."""
    return stamp.replace(month=stamp.day, day=stamp.month) if stamp.day <= 12 else stamp


def _local(stamp: datetime, column: str, zone_name: str, refuse: bool) -> tuple[datetime, bool]:
    """A local time in UTC, and whether the clocks show it twice. The first of the two is taken."""
    first, second = _hour_offsets(stamp.replace(minute=0, second=0, microsecond=0), zone_name) or _offsets(
        stamp, zone_name
    )
    if first < second and refuse:
        raise CellError(f"{column} is {stamp}, which the clocks of {zone_name} skip.")
    return stamp.replace(tzinfo=UTC) - first, first > second


@lru_cache(maxsize=65536)
def _hour_offsets(hour: datetime, zone_name: str) -> tuple[timedelta, timedelta] | None:
    """The offsets of a whole local hour; None for the few hours in which they change."""
    offsets = {_offsets(hour + timedelta(minutes=minute), zone_name) for minute in (0, 15, 30, 45, 59)}
    return offsets.pop() if len(offsets) == 1 else None


def _offsets(stamp: datetime, zone_name: str) -> tuple[timedelta, timedelta]:
    """Offsets of a local time's first and second occurrence; where the clocks skip it, those before and after."""
    here = zone(zone_name)
    first = stamp.replace(tzinfo=here).utcoffset()
    second = stamp.replace(tzinfo=here, fold=1).utcoffset()
    return first or timedelta(), second or timedelta()


def hours_between(start: datetime, end: datetime) -> Decimal:
    """Hours with 8 places."""
    return (Decimal(int((end - start).total_seconds())) / 3600).quantize(_PLACES, ROUND_HALF_EVEN)
