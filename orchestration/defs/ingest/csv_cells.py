"""Cells of a CSV file into text, exact numbers and instants, as a mapping says.

A cell that cannot be read raises CellError with one sentence; one without a value is None.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass, replace
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
    "cents": (1, 100), "h:mm:ss": (1, 1),
}  # fmt: skip
_CLOCK = re.compile(r"(\d+):([0-5]\d):([0-5]\d)")
_OFFSET = re.compile(r"([+-])(\d\d):?(\d\d)")

# Repairs of a whole file that two people may approve: how its stamps are read instead.
SWAP_REPAIR = "swap-day-month"
LOCAL_REPAIR = "local-time"
CENTURY_REPAIR = "add-2000-years"

# A cell's text by column name, None where the cell has no value.
Cell = Callable[[str], str | None]


class CellError(ValueError):
    """A cell cannot be read; one sentence: column, what stands there, what was expected."""


@dataclass(frozen=True, slots=True)
class Clock:
    """How the stamps of a file are read: the zone of local ones, approved repairs, offsets by a zone column's words."""

    zone_name: str | None
    refuse_nonexistent: bool = False
    repairs: frozenset[str] = frozenset()
    zone_offsets: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Reading:
    """One instant as written and with day and month exchanged (the same where they cannot be).

    by_zone: what the zone column beside it says. in_2000s: with 2000 years more, for a year of two digits.
    """

    as_written: datetime
    swapped: datetime
    is_ambiguous: bool | None
    is_swapped_ambiguous: bool | None
    form: str | None
    by_zone: datetime | None = None
    in_2000s: datetime | None = None


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
    text = _clock_hours(spec, value) if spec.unit == "h:mm:ss" else value
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
    # Hours made of minutes and seconds have places that nobody wrote.
    is_long = isinstance(exponent, int) and exponent < -4 and spec.unit != "h:mm:ss"
    has_excess = is_long and number != number.quantize(Decimal("0.0001"))
    return (number * times / over).quantize(_PLACES, ROUND_HALF_EVEN), has_excess


def _clock_hours(spec: Number, value: str) -> str:
    """A duration as hours with 8 places."""
    found = _CLOCK.fullmatch(value)
    if found is None:
        raise CellError(f"{spec.column} is {value!r}, expected hours, minutes and seconds like 1:30:00.")
    seconds = int(found[1]) * 3600 + int(found[2]) * 60 + int(found[3])
    return str((Decimal(seconds) / 3600).quantize(_PLACES, ROUND_HALF_EVEN))


def read_date(spec: Stamp, cell: Cell) -> date | None:
    """The day in a column, of a date or of a date with its time. Raises CellError."""
    assert spec.column is not None
    value = cell(spec.column)
    return None if value is None else _date(spec.column, value, spec.format)


def read_stamp(spec: Stamp, cell: Cell, clock: Clock) -> Reading | None:
    """The instant in UTC, read both ways. None when a date or a time cell is empty. Raises CellError."""
    beside = None if spec.zone is None else _offset_beside(spec.zone, cell(spec.zone), clock)
    if spec.column is not None:
        value = cell(spec.column)
        return None if value is None else _stamp_reading(spec, value, clock, beside)
    assert spec.date is not None and spec.time is not None
    day, hour = cell(spec.date), cell(spec.time)
    if day is None or hour is None:
        return None
    return _reading(
        datetime.combine(_date(spec.date, day, spec.date_format), _time(spec.time, hour, spec.time_format)),
        f"{spec.date}, {spec.time}", clock, beside,
    )  # fmt: skip


@lru_cache(maxsize=4096)
def _offset_beside(column: str, value: str | None, clock: Clock) -> timedelta | None:
    """The offset that a zone column says: +01:00 itself, or a word of the mapping's zone_offsets."""
    if value is None:
        return None
    found = _OFFSET.fullmatch(dict(clock.zone_offsets).get(value, value))
    if found is None:
        raise CellError(f"{column} is {value!r}, expected an offset like -07:00, or a word of zone_offsets.")
    offset = timedelta(hours=int(found[2]), minutes=int(found[3]))
    return -offset if found[1] == "-" else offset


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
def _stamp_reading(spec: Stamp, value: str, clock: Clock, beside: timedelta | None) -> Reading:
    # An offset in whole hours (+00) is one for ISO 8601 but not for strptime.
    text = f"{value}00" if spec.format.endswith("%z") and re.search(r"[+-]\d\d$", value) else value
    try:
        stamp = datetime.fromisoformat(value) if spec.format == "iso" else datetime.strptime(text, spec.format)
    except ValueError:
        raise CellError(f"{spec.column} is {value!r}, expected a date and time as {_shown(spec.format)}.") from None
    return _reading(stamp, str(spec.column), clock, beside)


@lru_cache(maxsize=65536)
def _reading(stamp: datetime, column: str, clock: Clock, beside: timedelta | None) -> Reading:
    in_2000s = None
    if stamp.year < 100:
        later = stamp.replace(year=stamp.year + 2000)
        if CENTURY_REPAIR in clock.repairs:
            stamp = later
        else:
            in_2000s = _reading(later, column, clock, beside).as_written
    by_zone = None if beside is None else stamp.replace(tzinfo=UTC) - beside
    if by_zone is not None and (stamp.tzinfo is None or LOCAL_REPAIR in clock.repairs):
        swapped = swap_day_and_month(stamp).replace(tzinfo=UTC) - (beside or timedelta())
        return Reading(by_zone, swapped, False, False, None, by_zone, in_2000s)
    if LOCAL_REPAIR in clock.repairs:
        stamp = stamp.replace(tzinfo=None)
    return replace(_in_utc(stamp, column, clock), by_zone=by_zone, in_2000s=in_2000s)


def _in_utc(stamp: datetime, column: str, clock: Clock) -> Reading:
    other = swap_day_and_month(stamp)
    try:
        if stamp.tzinfo is not None:
            form = "offset" if stamp.utcoffset() else "utc"
            return Reading(stamp.astimezone(UTC), other.astimezone(UTC), None, None, form)
        if clock.zone_name is None:
            return Reading(stamp.replace(tzinfo=UTC), other.replace(tzinfo=UTC), None, None, "none")
        as_written, is_ambiguous = _local(stamp, column, clock.zone_name, clock.refuse_nonexistent)
        swapped, is_swapped_ambiguous = as_written, is_ambiguous
        if other != stamp:
            swapped, is_swapped_ambiguous = _local(other, column, clock.zone_name, refuse=False)
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
