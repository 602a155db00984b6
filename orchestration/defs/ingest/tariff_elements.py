"""The elements of a tariff: price components and the restrictions under which they hold."""

import re
from datetime import date
from decimal import Decimal
from typing import Any

import msgspec

from orchestration.defs.ingest.json_fields import FieldReader

DIMENSIONS = ("ENERGY", "TIME", "PARKING_TIME", "FLAT")
DAYS = ("MONDAY", "TUESDAY", "WEDNESDAY", "THURSDAY", "FRIDAY", "SATURDAY", "SUNDAY")
RESERVATIONS = ("RESERVATION", "RESERVATION_EXPIRES")
MINUTES_OF_A_DAY = 1440

_CLOCK = re.compile(r"([01][0-9]|2[0-3]):([0-5][0-9])(:00)?")
_NUMERIC_BOUNDS = ("min_kwh", "max_kwh", "min_current", "max_current", "min_power", "max_power")
_WHOLE_BOUNDS = ("min_duration", "max_duration")
_RESTRICTIONS = frozenset(
    (*_NUMERIC_BOUNDS, *_WHOLE_BOUNDS, "start_time", "end_time", "start_date", "end_date", "day_of_week", "reservation")
)


class Component(msgspec.Struct, frozen=True):
    """One price. price and tax_percent are exact; None when absent or unreadable. step_size is in Wh or seconds."""

    dimension: str
    price: Decimal | None
    tax_percent: Decimal | None = None
    step_size: int | None = None
    price_round_granularity: str | None = None
    price_round_rule: str | None = None
    step_round_granularity: str | None = None
    step_round_rule: str | None = None


class Element(msgspec.Struct, frozen=True):
    """Components that share restrictions. Minutes are of the local day; 00:00 as an end is 1440.

    start_minute > end_minute wraps past midnight, start_minute = end_minute never matches.
    """

    components: tuple[Component, ...]
    start_minute: int | None = None
    end_minute: int | None = None
    start_date: date | None = None
    end_date: date | None = None
    day_mask: int | None = None
    min_kwh: Decimal | None = None
    max_kwh: Decimal | None = None
    min_current: Decimal | None = None
    max_current: Decimal | None = None
    min_power: Decimal | None = None
    max_power: Decimal | None = None
    min_duration_seconds: int | None = None
    max_duration_seconds: int | None = None
    reservation: str | None = None
    restrictions_text: str | None = None


def read_elements(reader: FieldReader, value: object) -> tuple[Element, ...]:
    """The elements in order, element_no = place in the list. One that is no object has no components."""
    if not isinstance(value, list) or not value:
        reader.expected("elements", value, "a list with one element or more")
        return ()
    return tuple(_element(reader, item, f"elements[{place}]") for place, item in enumerate(value, start=1))


def _element(reader: FieldReader, item: object, path: str) -> Element:
    if not isinstance(item, dict):
        reader.expected(path, item, "an object")
        return Element(components=())
    prices = item.get("price_components")
    if not isinstance(prices, list) or not prices:
        reader.expected(f"{path}.price_components", prices, "a list with one component or more")
        prices = []
    components = tuple(
        _component(reader, price, f"{path}.price_components[{place}]") for place, price in enumerate(prices, start=1)
    )
    restrictions = item.get("restrictions")
    if restrictions is None or restrictions == {}:
        return Element(components=components)
    if not isinstance(restrictions, dict):
        reader.expected(f"{path}.restrictions", restrictions, "an object")
        return Element(components=components)
    return _restricted(reader, components, restrictions, f"{path}.restrictions.")


def _component(reader: FieldReader, item: object, path: str) -> Component:
    if not isinstance(item, dict):
        reader.expected(path, item, "an object")
        return Component(dimension="", price=None)
    path += "."
    dimension = reader.choice(item, "type", DIMENSIONS, path)
    price = reader.number(item, "price", path)
    for name, value in (("type", item.get("type")), ("price", item.get("price"))):
        if value is None or value == "":
            reader.problems.append(f"{path}{name} is missing")
    price_round, step_round = item.get("price_round"), item.get("step_round")
    return Component(
        dimension=dimension or str(item.get("type") or ""),
        price=price,
        tax_percent=_tax_percent(reader, item, path),
        step_size=reader.whole(item, "step_size", path),
        price_round_granularity=_rounding(price_round, "round_granularity"),
        price_round_rule=_rounding(price_round, "round_rule"),
        step_round_granularity=_rounding(step_round, "round_granularity"),
        step_round_rule=_rounding(step_round, "round_rule"),
    )


def _tax_percent(reader: FieldReader, item: dict[str, Any], path: str) -> Decimal | None:
    """vat, else the sum of the percentages of named taxes; None when neither says."""
    if item.get("vat") is not None:
        return reader.number(item, "vat", path)
    taxes = item.get("taxes")
    if not isinstance(taxes, list) or not taxes:
        return None
    rates = [reader.number(tax, "percentage", f"{path}taxes.") for tax in taxes if isinstance(tax, dict)]
    known = [rate for rate in rates if rate is not None]
    return sum(known, Decimal(0)) if len(known) == len(taxes) else None


def _rounding(value: object, name: str) -> str | None:
    """Gireve's rounding of a component: an object with a granularity and a rule."""
    word = value.get(name) if isinstance(value, dict) else None
    return word.upper() if isinstance(word, str) and word else None


def _restricted(reader: FieldReader, components: tuple[Component, ...], fields: dict[str, Any], path: str) -> Element:
    for name, value in fields.items():
        if name not in _RESTRICTIONS and value is not None:
            reader.expected(path + name, value, "only restrictions that OCPI knows")
    number = {name: reader.number(fields, name, path) for name in _NUMERIC_BOUNDS}
    seconds = {name: reader.whole(fields, name, path) for name in _WHOLE_BOUNDS}
    return Element(
        components=components,
        start_minute=_minute(reader, fields, "start_time", path),
        end_minute=_minute(reader, fields, "end_time", path),
        start_date=_date(reader, fields, "start_date", path),
        end_date=_date(reader, fields, "end_date", path),
        day_mask=_day_mask(reader, fields.get("day_of_week"), path),
        min_kwh=number["min_kwh"],
        max_kwh=number["max_kwh"],
        min_current=number["min_current"],
        max_current=number["max_current"],
        min_power=number["min_power"],
        max_power=number["max_power"],
        min_duration_seconds=seconds["min_duration"],
        max_duration_seconds=seconds["max_duration"],
        reservation=reader.choice(fields, "reservation", RESERVATIONS, path),
        restrictions_text=_as_read(fields),
    )


def _minute(reader: FieldReader, fields: dict[str, Any], name: str, path: str) -> int | None:
    """Minutes of the local day; an end of 00:00 (or 24:00, which some send) is the end of the day."""
    value = reader.text(fields, name, path)
    if value is None:
        return None
    if name == "end_time" and value in ("00:00", "00:00:00", "24:00", "24:00:00"):
        return MINUTES_OF_A_DAY
    match = _CLOCK.fullmatch(value)
    if match is None:
        reader.expected(path + name, value, "a time of day as 07:30")
        return None
    return int(match[1]) * 60 + int(match[2])


def _date(reader: FieldReader, fields: dict[str, Any], name: str, path: str) -> date | None:
    value = reader.text(fields, name, path)
    if value is None:
        return None
    try:
        if len(value) == len("2026-01-31"):
            return date.fromisoformat(value)
    except ValueError:
        pass
    reader.expected(path + name, value, "a date as 2026-01-31")
    return None


def _day_mask(reader: FieldReader, value: object, path: str) -> int | None:
    """Bit 0 is Monday. An empty list is no restriction: partners send it for every day."""
    if value is None or value == []:
        return None
    days = value if isinstance(value, list) else [value]
    unknown = [day for day in days if not isinstance(day, str) or day.upper() not in DAYS]
    for day in unknown:
        reader.expected(f"{path}day_of_week", day, "one of " + ", ".join(DAYS))
    return sum(1 << place for place, day in enumerate(DAYS) if day in {str(day).upper() for day in days}) or None


def _as_read(fields: dict[str, Any]) -> str | None:
    """The restrictions as a person would read them: `start_time 09:00, max_kwh 20, day_of_week MONDAY TUESDAY`."""
    words = []
    for name, value in fields.items():
        if value is None or value == []:
            continue
        words.append(f"{name} {' '.join(str(item) for item in value) if isinstance(value, list) else value}")
    return ", ".join(words) or None
