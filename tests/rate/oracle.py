"""A second opinion on prices: plain Python written from the pricing rules, sharing no code with the SQL models.

It takes a CDR as OCPI JSON (numbers as Decimal) and answers exact totals as fractions. It is slow and knows
nothing of tables; that is its use.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from decimal import ROUND_HALF_UP, Decimal
from fractions import Fraction
from math import ceil, floor
from typing import Any
from zoneinfo import ZoneInfo

from tests.rate.oracle_limits import limited

DAYS = ("MONDAY", "TUESDAY", "WEDNESDAY", "THURSDAY", "FRIDAY", "SATURDAY", "SUNDAY")
PARTS = ("fixed", "energy", "time", "parking", "reservation")
FLOWS = ("CURRENT", "POWER")


class Unpriceable(Exception):
    """The rules give no totals for this CDR."""


@dataclass
class Line:
    part: str
    tariff: int
    net: Fraction | None
    gross: Fraction | None


@dataclass
class Period:
    start: datetime
    end: datetime
    volumes: dict[str, Fraction]
    tariff: int | None
    is_reservation: bool
    is_charging: bool
    before: Fraction = Fraction(0)
    elapsed: Fraction = Fraction(0)
    clock: str = "true"


@dataclass
class Used:
    """What of one dimension was priced in the session, for its step."""

    volume: Fraction = Fraction(0)
    component: dict[str, Any] = field(default_factory=dict)
    tariff: int = -1
    each: list[tuple[Fraction, dict[str, Any], int]] = field(default_factory=list)


Cut = Callable[[list[Period], list[dict[str, Any]]], list[Period]]


def totals(
    cdr: dict[str, Any], zone: str | None, cut: Cut | None = None
) -> dict[str, tuple[Fraction | None, Fraction | None]] | None:
    """Net and gross by part, and in all ("cost"); None when the CDR cannot be priced. cut: divides periods first."""
    try:
        lines = priced_lines(cdr, zone, cut)
    except Unpriceable:
        return None
    sign = -1 if cdr.get("credit") else 1
    parts = {part: [line for line in lines if line.part == part] for part in PARTS}
    return {
        "cost": (_sum([line.net for line in lines], sign), _sum([line.gross for line in lines], sign)),
        **{
            part: (_sum([line.net for line in own], sign), _sum([line.gross for line in own], sign))
            for part, own in parts.items()
        },
    }


def _sum(amounts: list[Fraction | None], sign: int) -> Fraction | None:
    return None if any(amount is None for amount in amounts) else sign * sum(amounts, Fraction(0))  # type: ignore[arg-type]


def shown(amount: Fraction | None) -> str | None:
    """Four decimals, half away from zero."""
    if amount is None:
        return None
    scaled = floor(abs(amount) * 10**4 + Fraction(1, 2))
    value = Decimal(scaled).scaleb(-4)
    return str((-value if amount < 0 and scaled else value).quantize(Decimal("0.0001"), ROUND_HALF_UP))


def priced_lines(
    cdr: dict[str, Any], zone: str | None, cut: Cut | None = None, steps: str = "session", clock: str = "true"
) -> list[Line]:
    """All lines of the price. steps: session, last_tariff, each_duration, each_period, last_tariff_each_duration. clock:
    true, before or after, of a change that sets it back. Raises Unpriceable."""
    tariffs = cdr.get("tariffs") or []
    periods = _periods(cdr, tariffs)
    if cut is not None:
        periods = cut(periods, tariffs)
    for period in periods:
        period.clock = clock
    for period in periods:
        if period.tariff is not None and tariffs[period.tariff]["currency"].upper() != cdr["currency"].upper():
            raise Unpriceable
    expired = all(period.is_reservation and not period.is_charging for period in periods)
    lines: list[Line] = []
    used: dict[str, Used] = {}
    flat_due, reservation_flat_due = True, True
    for period in periods:
        if period.tariff is None:
            continue
        tariff = tariffs[period.tariff]
        if period.is_reservation:
            found = _find(tariff, "FLAT", period, zone, "expired" if expired else "reservation")
            if found and reservation_flat_due:
                reservation_flat_due = False
                lines.append(_line("reservation", period.tariff, tariff, found, Fraction(1)))
            _charge(lines, used, "reservation", "RESERVATION_TIME", "TIME", period, tariff, zone,
                    "expired" if expired else "reservation")  # fmt: skip
        if period.is_charging:
            found = _find(tariff, "FLAT", period, zone, "charging") if flat_due else None
            if found:
                flat_due = False
                lines.append(_line("fixed", period.tariff, tariff, found, Fraction(1)))
            for part, dimension in (("energy", "ENERGY"), ("time", "TIME"), ("parking", "PARKING_TIME")):
                _charge(lines, used, part, dimension, dimension, period, tariff, zone, "charging")
    lines += _steps(used, tariffs, steps)
    for index in sorted({period.tariff for period in periods if period.tariff is not None}):
        lines += _limits(tariffs[index], index, [line for line in lines if line.tariff == index])
    return lines


def _instant(text: str) -> datetime:
    return datetime.fromisoformat(text.replace("Z", "+00:00")).astimezone(UTC)


def _periods(cdr: dict[str, Any], tariffs: list[dict[str, Any]]) -> list[Period]:
    start, end = _instant(cdr["start_date_time"]), _instant(cdr.get("end_date_time") or cdr["stop_date_time"])
    sent = sorted(cdr["charging_periods"], key=lambda period: _instant(period["start_date_time"]))
    if not sent or end < start:
        raise Unpriceable
    starts = [_instant(period["start_date_time"]) for period in sent]
    ends = [*starts[1:], end]
    periods: list[Period] = []
    for number, raw in enumerate(sent):
        volumes = {d["type"]: Fraction(d["volume"]) for d in raw["dimensions"]}
        is_charged = any(volumes.get(name) for name in ("ENERGY", "TIME", "PARKING_TIME"))
        reserved = volumes.get("RESERVATION_TIME")
        period = Period(
            starts[number], ends[number], volumes, _tariff_of(raw, tariffs, start),
            is_reservation=reserved is not None and (reserved != 0 or not is_charged),
            is_charging=reserved is None or is_charged,
        )  # fmt: skip
        if starts[number] > end or (not period.is_reservation and starts[number] < start and ends[number] <= start):
            raise Unpriceable
        periods.append(period)
    energy = Fraction(0)
    first = next((period.start for period in periods if period.is_charging), None)
    for period in periods:
        period.before = energy
        energy += period.volumes.get("ENERGY", Fraction(0))
        if period.is_charging and first is not None:
            period.elapsed = _seconds(period.start - first)
    return periods


def _seconds(span: timedelta) -> Fraction:
    return Fraction(span // timedelta(microseconds=1), 10**6)


def _tariff_of(period: dict[str, Any], tariffs: list[dict[str, Any]], start: datetime) -> int | None:
    name = period.get("tariff_id")
    if not tariffs:
        raise Unpriceable
    if name is None and len(tariffs) > 1:
        return None
    matching = [at for at, tariff in enumerate(tariffs) if name is None or tariff["id"].lower() == name.lower()]
    if not matching:
        raise Unpriceable
    tariff = tariffs[matching[0]]
    valid_from, valid_to = tariff.get("start_date_time"), tariff.get("end_date_time")
    if (valid_from and _instant(valid_from) > start) or (valid_to and _instant(valid_to) <= start):
        raise Unpriceable
    return matching[0]


def _find(
    tariff: dict[str, Any], dimension: str, period: Period, zone: str | None, context: str
) -> dict[str, Any] | None:
    """The first component of the dimension in an active element, in order; RESERVATION falls back when expired."""
    wanted = {"charging": [None], "reservation": ["RESERVATION"], "expired": ["RESERVATION_EXPIRES", "RESERVATION"]}
    for reservation in wanted[context]:
        for element in tariff["elements"]:
            limits = element.get("restrictions") or {}
            if limits.get("reservation") != reservation:
                continue
            components = [c for c in element["price_components"] if c["type"] == dimension]
            if components and _is_active(limits, period, zone):
                return components[0]
    return None


def _is_active(limits: dict[str, Any], period: Period, zone: str | None) -> bool:
    def bound(name: str) -> Fraction | None:
        return None if limits.get(name) is None else Fraction(limits[name])

    for low, high, value in (("min_kwh", "max_kwh", period.before), ("min_duration", "max_duration", period.elapsed)):
        if (bound(low) is not None and value < bound(low)) or (bound(high) is not None and value >= bound(high)):
            return False
    for flow in FLOWS:
        lowest, highest = period.volumes.get(f"MIN_{flow}"), period.volumes.get(f"MAX_{flow}")
        at_least, below = bound(f"min_{flow.lower()}"), bound(f"max_{flow.lower()}")
        if at_least is not None and lowest is not None and lowest < at_least:
            return False
        if below is not None and highest is not None and highest >= below:
            return False
    if not any(limits.get(name) for name in ("start_time", "end_time", "start_date", "end_date", "day_of_week")):
        return True
    if zone is None:
        raise Unpriceable
    return _is_on_clock(limits, _local(period, ZoneInfo(zone)))


def _local(period: Period, zone: ZoneInfo) -> datetime:
    """The clock at the site; in an hour that comes twice perhaps the other of its two."""
    local = period.start.astimezone(zone)
    first, second = (local.replace(fold=fold).utcoffset() or timedelta() for fold in (0, 1))
    if first > second and period.clock == "before" and local.fold == 1:
        return local + (first - second)
    if first > second and period.clock == "after" and local.fold == 0:
        return local - (first - second)
    return local


def _is_on_clock(limits: dict[str, Any], local: datetime) -> bool:
    if limits.get("day_of_week") and DAYS[local.weekday()] not in limits["day_of_week"]:
        return False
    if limits.get("start_date") and local.date() < date.fromisoformat(limits["start_date"]):
        return False
    if limits.get("end_date") and local.date() >= date.fromisoformat(limits["end_date"]):
        return False
    opens, closes = limits.get("start_time") or "00:00", limits.get("end_time") or "00:00"
    closes = "24:00" if closes == "00:00" else closes
    clock = f"{local.hour:02}:{local.minute:02}"
    if opens < closes:
        return opens <= clock < closes
    return opens != closes and (clock >= opens or clock < closes)


def _charge(
    lines: list[Line], used: dict[str, Used], part: str, volume_name: str, dimension: str, period: Period,
    tariff: dict[str, Any], zone: str | None, context: str,
) -> None:  # fmt: skip
    volume = period.volumes.get(volume_name)
    if not volume or period.tariff is None:
        return
    component = _find(tariff, dimension, period, zone, context)
    if component is None:
        return
    lines.append(_line(part, period.tariff, tariff, component, volume))
    entry = used.setdefault(part, Used())
    entry.volume += volume
    entry.each.append((volume, component, period.tariff))
    entry.component, entry.tariff = component, period.tariff


def _steps(used: dict[str, Used], tariffs: list[dict[str, Any]], reading: str) -> list[Line]:
    lines = []
    for part, entry in used.items():
        if part == "time" and "parking" in used and reading in ("session", "last_tariff"):
            continue
        _, component, tariff = entry.each[-1]
        rounded = [(entry.volume, component, tariff)]
        if reading.startswith("last_tariff"):
            rounded = [(sum((v for v, _, of in entry.each if of == tariff), Fraction(0)), component, tariff)]
        elif reading == "each_period":
            rounded = entry.each
        for volume, priced, index in rounded:
            added = _added(part, volume, priced.get("step_size") or 0)
            if added:
                lines.append(_line(part, index, tariffs[index], priced, added))
    return lines


def _added(part: str, volume: Fraction, step: int) -> Fraction:
    """What rounding this volume up to whole steps adds to it."""
    if not step or volume <= 0:
        return Fraction(0)
    if part == "energy":
        unit = Fraction(step, 1000)
        return ceil(volume / unit) * unit - volume
    seconds = floor(volume * 3600 + Fraction(1, 2))
    if seconds % step == 0:
        return Fraction(0)
    return Fraction(ceil(Fraction(seconds, step)) * step, 3600) - volume


def _rate(component: dict[str, Any]) -> Fraction | None:
    taxes = component.get("taxes")
    if taxes is not None:
        return sum((Fraction(tax["percentage"]) for tax in taxes), Fraction(0)) / 100
    return None if component.get("vat") is None else Fraction(component["vat"]) / 100


def _line(part: str, index: int, tariff: dict[str, Any], component: dict[str, Any], volume: Fraction) -> Line:
    amount = volume * Fraction(component["price"])
    rate = _rate(component)
    mode = tariff.get("tax_included")
    if amount == 0 or mode == "N/A":
        return Line(part, index, amount, amount)
    if mode == "YES":
        return Line(part, index, None if rate is None else amount / (1 + rate), amount)
    return Line(part, index, amount, None if rate is None else amount * (1 + rate))


def _limits(tariff: dict[str, Any], index: int, lines: list[Line]) -> list[Line]:
    net, gross = _sum([line.net for line in lines], 1), _sum([line.gross for line in lines], 1)
    after = limited(tariff, net, gross)
    if after == (net, gross):
        return []

    def moved(to: Fraction | None, amount: Fraction | None) -> Fraction | None:
        return None if to is None or amount is None else to - amount

    return [Line("limit", index, moved(after[0], net), moved(after[1], gross))]
