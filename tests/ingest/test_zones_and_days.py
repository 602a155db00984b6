"""Clock changes, local days and billing periods."""

from datetime import UTC, date, datetime, timedelta
from itertools import pairwise

import pytest

from orchestration.defs.ingest.calendar import Calendar, billing_periods, local_days
from orchestration.defs.ingest.zones import ZoneError, zone, zone_spans


def test_the_spans_of_a_zone_follow_each_other_and_know_the_last_october_sunday() -> None:
    spans = zone_spans("Europe/Berlin")
    assert all(before[1] == after[0] and before[2] != after[2] for before, after in pairwise(spans))
    assert (datetime(2026, 3, 29, 1, tzinfo=UTC), datetime(2026, 10, 25, 1, tzinfo=UTC), 7200) in spans
    assert spans[0][0] == datetime(2009, 1, 1, tzinfo=UTC)
    assert spans[-1][1] == datetime(2041, 1, 1, tzinfo=UTC)


@pytest.mark.parametrize("name", ["Africa/Casablanca", "America/St_Johns", "Asia/Kathmandu", "Australia/Lord_Howe"])
def test_every_day_has_the_offset_of_its_zone(name: str) -> None:
    spans = zone_spans(name)
    for start, end, offset in spans:
        for moment in (start, end - timedelta(seconds=1)):
            assert moment.astimezone(zone(name)).utcoffset() == timedelta(seconds=offset)


@pytest.mark.parametrize("name", ["Berlin", "../etc/passwd", "Europe", "", "Europe/Atlantis"])
def test_what_is_no_zone_is_refused(name: str) -> None:
    with pytest.raises(ZoneError, match="is not an IANA time zone"):
        zone(name)


def test_working_days_are_counted_without_weekends_and_holidays() -> None:
    days = {day: rest for day, *rest in local_days("Europe/Berlin", Calendar(holidays=(date(2026, 12, 25),)))}
    assert days[date(2026, 12, 24)][1] is True
    assert [days[date(2026, 12, day)][1] for day in (25, 26, 27, 28)] == [False, False, False, True]
    assert days[date(2026, 12, 28)][2] == days[date(2026, 12, 24)][2] + 1
    assert days[date(2026, 7, 1)][0] == datetime(2026, 6, 30, 22, tzinfo=UTC)


def test_billing_periods_of_each_frequency_leave_no_day_out() -> None:
    periods = {name: (start, end) for frequency, name, start, end in billing_periods()}
    assert periods["2026-10"] == (date(2026, 10, 1), date(2026, 11, 1))
    assert periods["2026-12"] == (date(2026, 12, 1), date(2027, 1, 1))
    assert periods["2026-10-H2"] == (date(2026, 10, 16), date(2026, 11, 1))
    assert periods["2026-W41"] == (date(2026, 10, 5), date(2026, 10, 12))
    for frequency in ("monthly", "semi-monthly", "weekly"):
        spans = [(start, end) for name, _, start, end in billing_periods() if name == frequency]
        assert all(before[1] == after[0] for before, after in pairwise(spans))
