"""The network's days, its working days, and the billing periods of every frequency."""

from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta

import holidays as public_holidays
import msgspec

from orchestration.defs.ingest.declared import Declared
from orchestration.defs.ingest.zones import zone

FIRST_DAY = date(2009, 1, 1)
LAST_DAY = date(2040, 12, 31)
FIRST_PERIOD_YEAR = 2010
LAST_PERIOD_YEAR = 2040
FREQUENCIES = ("monthly", "semi-monthly", "weekly")
_WEEKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")


class Checkpoints(Declared, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Working days after a period's end: draft, approval, close."""

    draft: int = 1
    approval: int = 3
    close: int = 5


class Calendar(Declared, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """master/calendar.yaml. Without one, Saturdays and Sundays are off and there are no holidays.

    country: its public holidays are off, ISO 3166 (NL); subdivision: those of a part of it too (BW of DE).
    holidays: further days off. checkpoints: by frequency of settlement.
    """

    country: str | None = None
    subdivision: str | None = None
    weekend: tuple[str, ...] = ("saturday", "sunday")
    holidays: tuple[date, ...] = ()
    checkpoints: dict[str, Checkpoints] = msgspec.field(default_factory=dict)

    def __post_init__(self) -> None:
        """Raises ValueError for a country or a part of it that has no known holidays."""
        if self.country is not None:
            try:
                public_holidays.country_holidays(self.country, subdiv=self.subdivision, years=FIRST_PERIOD_YEAR)
            except NotImplementedError:
                part = f" with subdivision {self.subdivision}" if self.subdivision else ""
                raise ValueError(
                    f"no holidays are known of country {self.country}{part}: leave it out and list them under holidays"
                ) from None
        unknown = set(self.checkpoints) - set(FREQUENCIES)
        if unknown:
            raise ValueError(f"checkpoints has {min(unknown)!r}: use {', '.join(FREQUENCIES)}")

    def days_off(self) -> set[date]:
        """Public holidays of the country, and those that are listed."""
        if self.country is None:
            return set(self.holidays)
        years = range(FIRST_DAY.year, LAST_DAY.year + 1)
        return {*public_holidays.country_holidays(self.country, subdiv=self.subdivision, years=years), *self.holidays}


def local_days(time_zone: str, calendar: Calendar) -> Iterator[tuple[date, datetime, bool, int]]:
    """(day, starts_at in UTC, is_working, working days up to and including this day), 2009 to 2040."""
    weekend = {name.strip().lower() for name in calendar.weekend}
    days_off = calendar.days_off()
    here = zone(time_zone)
    day, working_day_no = FIRST_DAY, 0
    while day <= LAST_DAY:
        is_working = _WEEKDAYS[day.weekday()] not in weekend and day not in days_off
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


def checkpoints(calendar: Calendar) -> Iterator[tuple[str, int, int, int]]:
    """(frequency, draft, approval, close): working days after the end of a period of that frequency."""
    for frequency in FREQUENCIES:
        days = calendar.checkpoints.get(frequency, Checkpoints())
        yield frequency, days.draft, days.approval, days.close
