"""UTC offsets of time zones, from the pinned tzdata package and never from the machine's own files."""

from datetime import UTC, datetime, timedelta
from functools import cache
from importlib import resources
from zoneinfo import ZoneInfo

FIRST = datetime(2009, 1, 1, tzinfo=UTC)
LAST = datetime(2041, 1, 1, tzinfo=UTC)
# Shorter than any span between two changes: Morocco's clocks change twice within five weeks around Ramadan.
_STEP = timedelta(days=7)

Span = tuple[datetime, datetime, int]


class ZoneError(Exception):
    """The name is no IANA time zone; the message says so and what one looks like."""


@cache
def zone(name: str) -> ZoneInfo:
    """The zone of that IANA name. Raises ZoneError."""
    try:
        node = resources.files("tzdata") / "zoneinfo"
        for part in name.split("/"):
            if not part.strip(".") or "\\" in part:
                raise FileNotFoundError(name)
            node = node / part
        with node.open("rb") as file:
            return ZoneInfo.from_file(file, key=name)
    except (OSError, ValueError):
        raise ZoneError(f"{name!r} is not an IANA time zone; write one like Europe/Amsterdam.") from None


def is_zone(name: str) -> bool:
    """Whether an IANA zone has this name."""
    try:
        zone(name)
    except ZoneError:
        return False
    return True


@cache
def zone_spans(name: str) -> tuple[Span, ...]:
    """Spans of one offset from 2009 to the end of 2040: (utc_from inclusive, utc_to exclusive, offset in seconds)."""
    starts = [FIRST]
    moment = FIRST
    while moment < LAST:
        following = min(moment + _STEP, LAST)
        if _offset(name, moment) != _offset(name, following):
            starts.append(_change(name, moment, following))
        moment = following
    ends = [*starts[1:], LAST]
    return tuple((start, end, _offset(name, start)) for start, end in zip(starts, ends, strict=True) if start < end)


def _offset(name: str, moment: datetime) -> int:
    offset = moment.astimezone(zone(name)).utcoffset()
    assert offset is not None
    return int(offset.total_seconds())


def _change(name: str, before: datetime, after: datetime) -> datetime:
    """The second at which the offset becomes that of `after`."""
    old = _offset(name, before)
    low, high = 0, int((after - before).total_seconds())
    while high - low > 1:
        middle = (low + high) // 2
        if _offset(name, before + timedelta(seconds=middle)) == old:
            low = middle
        else:
            high = middle
    return before + timedelta(seconds=high)
