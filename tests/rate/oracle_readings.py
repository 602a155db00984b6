"""The oracle's other readings: a session cut at the boundaries of its tariff, and the range of honest prices.

Plain Python beside oracle.py, as slow and as independent of the SQL models.
"""

from collections.abc import Iterator
from copy import copy
from dataclasses import replace
from datetime import timedelta
from decimal import ROUND_HALF_EVEN, ROUND_HALF_UP, Decimal
from fractions import Fraction
from math import floor
from typing import Any
from zoneinfo import ZoneInfo

from tests.rate import oracle
from tests.rate.oracle import Line, Period, Unpriceable

MICROSECOND = timedelta(microseconds=1)
CENT = Decimal("0.01")
PLACES = 10**8


def split_totals(cdr: dict[str, Any], zone: str | None) -> Any:
    """As oracle.totals, of the session cut at every boundary."""
    return oracle.totals(cdr, zone, lambda periods, tariffs: _cut_all(periods, tariffs, zone))


def price_range(cdr: dict[str, Any], zone: str | None) -> tuple[Fraction, Fraction] | None:
    """The lowest and highest net price of all allowed readings; None where the base has no net price."""
    sign = -1 if cdr.get("credit") else 1
    try:
        base = _net(oracle.priced_lines(cdr, zone))
    except Unpriceable:
        return None
    if base is None:
        return None
    found = []
    for options in _readings(cdr):
        lines = oracle.priced_lines(cdr, zone, **options)
        total = _net(lines)
        if total is not None:
            found += [total, *_roundings(lines, total)]
    return min(sign * price for price in found), max(sign * price for price in found)


def _readings(cdr: dict[str, Any]) -> Iterator[dict[str, Any]]:
    steps = ["session", "last_tariff"]
    if "stop_date_time" in cdr:
        steps += ["each_duration", "each_period", "last_tariff_each_duration"]
    for step in steps:
        for clock in ("true", "before", "after"):
            yield {"steps": step, "clock": clock}


def _net(lines: list[Line]) -> Fraction | None:
    nets = [line.net for line in lines]
    return None if None in nets else sum((net for net in nets if net is not None), Fraction(0))


def _roundings(lines: list[Line], total: Fraction) -> Iterator[Fraction]:
    for mode in (ROUND_HALF_UP, ROUND_HALF_EVEN):
        yield _rounded(total, mode)
        if all(line.part != "limit" for line in lines):
            parts = {line.part for line in lines}
            yield sum(
                (_rounded(_net([line for line in lines if line.part == part]), mode) for part in parts), Fraction(0)
            )
            yield sum((_rounded(line.net, mode) for line in lines), Fraction(0))


def _rounded(amount: Fraction | None, mode: str) -> Fraction:
    assert amount is not None
    cents = abs(amount) * 100
    whole = floor(cents)
    rest = cents - whole
    up = rest > Fraction(1, 2) or (rest == Fraction(1, 2) and (mode == ROUND_HALF_UP or whole % 2 == 1))
    return Fraction(whole + up, 100) * (-1 if amount < 0 else 1)


def _cut_all(periods: list[Period], tariffs: list[dict[str, Any]], zone: str | None) -> list[Period]:
    first = next((period.start for period in periods if period.is_charging), None)
    return [
        piece
        for period in periods
        for piece in ([period] if period.tariff is None else _cut(period, tariffs[period.tariff], zone, first))
    ]


def _cut(period: Period, tariff: dict[str, Any], zone: str | None, first: Any) -> list[Period]:
    limits = [element.get("restrictions") or {} for element in tariff["elements"]]
    cuts = dict.fromkeys(_clock_cuts(period, limits, zone))
    energy = period.volumes.get("ENERGY", Fraction(0))
    length = (period.end - period.start) // MICROSECOND
    if length <= 0:
        return [period]
    if period.is_charging:
        for limit in limits:
            for name in ("min_duration", "max_duration"):
                if limit.get(name) is not None:
                    cuts.setdefault(first + timedelta(seconds=limit[name]), None)
    if period.is_charging and energy > 0:
        for limit in limits:
            for name in ("min_kwh", "max_kwh"):
                bound = limit.get(name)
                if bound is not None and period.before < bound < period.before + energy:
                    share = Fraction(floor((bound - period.before) / energy * 10**16 + Fraction(1, 2)), 10**16)
                    at = min(max(floor(share * length + Fraction(1, 2)), 1), length - 1)
                    cuts[period.start + at * MICROSECOND] = Fraction(bound) - period.before
    inside = sorted(moment for moment in cuts if period.start < moment < period.end)
    return list(_pieces(period, inside, cuts, length, first))


def _pieces(period: Period, inside: list[Any], cuts: dict[Any, Any], length: int, first: Any) -> Iterator[Period]:
    gone = dict.fromkeys(period.volumes, Fraction(0))
    shared = ("ENERGY", "TIME", "PARKING_TIME", "RESERVATION_TIME")
    for start, end in zip([period.start, *inside], [*inside, period.end], strict=True):
        volumes, before = copy(period.volumes), gone.get("ENERGY", Fraction(0))
        for name in [name for name in shared if name in volumes]:
            used = volumes[name]
            if end != period.end:
                share = Fraction(
                    floor(Fraction((end - period.start) // MICROSECOND, length) * 10**16 + Fraction(1, 2)), 10**16
                )
                used = _to_places(used * share)
                if name == "ENERGY" and cuts.get(end) is not None:
                    used = cuts[end]
            volumes[name] = used - gone[name]
            gone[name] = used
        elapsed = Fraction((start - first) // MICROSECOND, 10**6) if period.is_charging else Fraction(0)
        yield replace(period, start=start, end=end, volumes=volumes, before=period.before + before, elapsed=elapsed)


def _to_places(volume: Fraction) -> Fraction:
    scaled = floor(abs(volume) * PLACES + Fraction(1, 2))
    return Fraction(-scaled if volume < 0 else scaled, PLACES)


def _clock_cuts(period: Period, limits: list[dict[str, Any]], zone: str | None) -> set[Any]:
    """Every moment inside the period when a window opens or shuts, found minute by minute on the clock."""
    clocks = {limit[name] for limit in limits for name in ("start_time", "end_time") if limit.get(name)}
    for limit in limits:
        has_days = any(limit.get(name) for name in ("day_of_week", "start_date", "end_date"))
        if has_days or bool(limit.get("start_time")) != bool(limit.get("end_time")):
            clocks.add("00:00")
    if not clocks or zone is None:
        return set()
    site = ZoneInfo(zone)
    moment = period.start.replace(second=0, microsecond=0)
    cuts = set()
    while moment < period.end:
        local, minute_ago = moment.astimezone(site), (moment - timedelta(minutes=1)).astimezone(site)
        if f"{local:%H:%M}" in clocks or local.utcoffset() != minute_ago.utcoffset():
            cuts.add(moment)
        moment += timedelta(minutes=1)
    return cuts
