"""Time in the demo: whole UTC seconds as integers, a month in the network's zone, local clocks.

Every stamp is a multiple of nine seconds, because 9 s is exactly 0.0025 h: the hours that a CDR
may send with four decimals are then exact, and no price depends on how they were rounded.
"""

from bisect import bisect_right
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from functools import cache
from zoneinfo import ZoneInfo

NETWORK_ZONE = "Europe/Amsterdam"
TICK = 9
HOUR = 3600
DAY = 86_400


@dataclass(frozen=True, slots=True)
class Month:
    """A calendar month of the network's zone. Bounds are UTC seconds, end exclusive."""

    first: date

    @property
    def text(self) -> str:
        """As periods are written: 2026-10."""
        return f"{self.first:%Y-%m}"

    @property
    def next_first(self) -> date:
        """First day of the following month."""
        return (self.first + timedelta(days=32)).replace(day=1)

    @property
    def starts_at(self) -> int:
        """Local midnight at the start."""
        return _midnight(self.first)

    @property
    def ends_at(self) -> int:
        """Local midnight at the end."""
        return _midnight(self.next_first)


def parse_month(text: str) -> Month:
    """2026-10 as a Month. Raises ValueError for anything else."""
    if len(text) != len("2026-10"):
        raise ValueError(text)
    return Month(datetime.strptime(text, "%Y-%m").replace(tzinfo=UTC).date())


def month_before(day: date) -> Month:
    """The calendar month before the one that `day` lies in."""
    return Month((day.replace(day=1) - timedelta(days=1)).replace(day=1))


@cache
def _midnight(day: date) -> int:
    return int(datetime(day.year, day.month, day.day, tzinfo=ZoneInfo(NETWORK_ZONE)).timestamp())


class LocalClock:
    """Offsets of one zone by UTC second: a table inside the month, the zone database outside it."""

    def __init__(self, zone: str, month: Month) -> None:
        self.zone = zone
        self._info = ZoneInfo(zone)
        self._from = month.starts_at - 2 * DAY
        self._to = month.ends_at + 2 * DAY
        self._starts = [self._from]
        self._offsets = [self._look_up(self._from)]
        for hour in range(self._from, self._to, HOUR):
            offset = self._look_up(hour)
            if offset != self._offsets[-1]:
                self._starts.append(hour)
                self._offsets.append(offset)

    def _look_up(self, at: int) -> int:
        offset = datetime.fromtimestamp(at, self._info).utcoffset()
        assert offset is not None
        return int(offset.total_seconds())

    def offset(self, at: int) -> int:
        """Seconds that local time is ahead of UTC at that instant."""
        if self._from <= at < self._to:
            return self._offsets[bisect_right(self._starts, at) - 1]
        return self._look_up(at)

    @property
    def changes(self) -> list[int]:
        """When this clock is moved in the month, in UTC seconds."""
        return self._starts[1:]

    def is_repeated(self, at: int) -> bool:
        """Whether the local clock shows this time twice, because it was or will be set back."""
        return self.offset(at + HOUR) < self.offset(at) or self.offset(at - HOUR) > self.offset(at)

    def weekday_and_hour(self, at: int) -> tuple[int, int]:
        """Local weekday (Monday 0) and hour of the day."""
        day, second = divmod(at + self.offset(at), DAY)
        return (day + 3) % 7, second // HOUR

    def boundaries(self, start: int, end: int, hours: tuple[int, ...]) -> list[int]:
        """UTC instants strictly inside the span at which the local clock shows one of these full hours.

        The hours must not lie in the hour that a clock change repeats or skips.
        """
        offset = self.offset(start)
        found = []
        for day in range((start + offset) // DAY, (end + offset) // DAY + 1):
            for hour in hours:
                guess = day * DAY + hour * HOUR - offset
                at = guess + offset - self.offset(guess)
                if start < at < end:
                    found.append(at)
        return found


@cache
def _day_text(day: int) -> str:
    return (date(1970, 1, 1) + timedelta(days=day)).isoformat()


@cache
def _second_text(second: int) -> str:
    return f"{second // HOUR:02}:{second // 60 % 60:02}:{second % 60:02}"


def iso(at: int) -> str:
    """A UTC second as OCPI writes it: 2026-10-01T08:12:27Z."""
    day, second = divmod(at, DAY)
    return f"{_day_text(day)}T{_second_text(second)}Z"


def day_of(at: int) -> str:
    """The UTC day of a second: 2026-10-01."""
    return _day_text(at // DAY)
