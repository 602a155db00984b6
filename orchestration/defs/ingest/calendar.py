"""The network's days, its working days, and the billing periods of every frequency."""

from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta

import msgspec

from orchestration.defs.ingest.declared import Declared
from orchestration.defs.ingest.zones import zone

FIRST_DAY = date(2009, 1, 1)
LAST_DAY = date(2040, 12, 31)
FIRST_PERIOD_YEAR = 2010
LAST_PERIOD_YEAR = 2040
_WEEKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")


class Checkpoints(Declared, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Working days after a period's end: draft, approval, close."""

    draft: int = 1
    approval: int = 3
    close: int = 5


class Calendar(Declared, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """master/calendar.yaml. Without one, Saturdays and Sundays are off and there are no holidays."""

    country: str | None = None
    weekend: tuple[str, ...] = ("saturday", "sunday")
    holidays: tuple[date, ...] = ()
    checkpoints: dict[str, Checkpoints] = msgspec.field(default_factory=dict)


def local_days(time_zone: str, calendar: Calendar) -> Iterator[tuple[date, datetime, bool, int]]:
    """(day, starts_at in UTC, is_working, working days up to and including this day), 2009 to 2040."""
    weekend = {name.strip().lower() for name in calendar.weekend}
    holidays = set(calendar.holidays)
    here = zone(time_zone)
    day, working_day_no = FIRST_DAY, 0
    while day <= LAST_DAY:
        is_working = _WEEKDAYS[day.weekday()] not in weekend and day not in holidays
        working_day_no += is_working
        # A midnight that the clocks skip is read with the offset before the change: the instant of the change.
        yield day, datetime.combine(day, time(), here).astimezone(UTC), is_working, working_day_no
        day += timedelta(days=1)


def billing_periods() -> Iterator[tuple[str, str, date, date]]:
    """(frequency, period, starts_on inclusive, ends_on exclusive), 2010 to 2040."""
    for year in range(FIRST_PERIOD_YEAR, LAST_PERIOD_YEAR + 1):
        for month in range(1, 13):
            start = date(year, month, 1)
            end = date(year + month // 12, month % 12 + 1, 1)
            name = f"{year}-{month:02d}"
            yield "monthly", name, start, end
            yield "semi-monthly", f"{name}-H1", start, start.replace(day=16)
            yield "semi-monthly", f"{name}-H2", start.replace(day=16), end
    monday = date.fromisocalendar(FIRST_PERIOD_YEAR, 1, 1)
    while monday.isocalendar().year <= LAST_PERIOD_YEAR:
        year, week, _ = monday.isocalendar()
        yield "weekly", f"{year}-W{week:02d}", monday, monday + timedelta(days=7)
        monday += timedelta(days=7)
