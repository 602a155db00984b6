"""Checks of single values: prices, tax, steps, limits, currency, validity, and what looks like another unit."""

from collections.abc import Iterator, Mapping
from decimal import Decimal
from functools import cache
from typing import Any

from orchestration.defs.ingest.tariff import Tariff
from orchestration.defs.ingest.tariff_elements import DAYS, DIMENSIONS, Component, Element
from orchestration.tariffs import words
from orchestration.tariffs.lint_findings import Problem, element_path

TARIFF_TYPES = ("AD_HOC_PAYMENT", "PROFILE_CHEAP", "PROFILE_FAST", "PROFILE_GREEN", "REGULAR")
# Beyond these a price is more likely in cents, or of another unit, than meant; in the large currencies.
_DEAR = {"ENERGY": Decimal(5), "TIME": Decimal(100), "PARKING_TIME": Decimal(100), "FLAT": Decimal(100)}
_LARGE_CURRENCIES = ("EUR", "GBP", "CHF", "USD", "CAD", "AUD")


def value_problems(fields: Mapping[str, Any], tariff: Tariff) -> Iterator[Problem]:
    """Problems of the tariff's own fields, then of each element and component."""
    yield from _identity(fields, tariff)
    yield from _validity(tariff)
    yield from _limits(tariff)
    yield from _taxes(tariff)
    for element_no, element in enumerate(tariff.elements, start=1):
        yield from _bounds(element_no, element)
        for component_no, component in enumerate(element.components, start=1):
            yield from _price(element_no, component_no, component, tariff)
            yield from _step(element_no, component_no, component)
            yield from _reservation(element_no, component_no, element, component)
    yield from _steps_together(tariff)


@cache
def currencies() -> frozenset[str]:
    """The codes of ISO 4217 that are money somewhere."""
    import pycountry

    return frozenset(currency.alpha_3 for currency in pycountry.currencies) - {"XXX", "XTS"}


def _identity(fields: Mapping[str, Any], tariff: Tariff) -> Iterator[Problem]:
    if tariff.tariff_id is None:
        yield Problem("NO_ID", "error", "The tariff has no id, so nothing can refer to it.", "Give it an id.", "$.id")
    if tariff.currency is not None and tariff.currency not in currencies():
        yield Problem("CURRENCY", "error", f"{tariff.currency} is no currency of ISO 4217.",
                      "State the currency as three letters, such as EUR.", "$.currency")  # fmt: skip
    if tariff.type is not None and tariff.type not in TARIFF_TYPES:
        yield Problem("UNKNOWN_TYPE", "warn", f"The kind of tariff {tariff.type} is not one of OCPI.",
                      f"Use {', '.join(TARIFF_TYPES)}.", "$.type")  # fmt: skip
    if fields.get("last_updated") is None or tariff.last_updated is None:
        yield Problem("LAST_UPDATED", "warn", "The tariff does not say when it was last changed, as OCPI asks.",
                      "Set last_updated with every change: partners take the newest.", "$.last_updated")  # fmt: skip


def _validity(tariff: Tariff) -> Iterator[Problem]:
    if tariff.valid_from is not None and tariff.valid_to is not None and tariff.valid_from >= tariff.valid_to:
        yield Problem("VALIDITY", "error",
                      f"It ends ({tariff.valid_to:%Y-%m-%d %H:%M} UTC) before it starts, so it never holds.",
                      "Correct start_date_time or end_date_time.", "$.end_date_time")  # fmt: skip
    if tariff.valid_from is None:
        yield Problem("NO_START", "info", "It names no start, so a change of it holds from its last_updated on.",
                      "Set start_date_time, so that everybody agrees when it begins.", "$.start_date_time")  # fmt: skip
    for number, element in enumerate(tariff.elements, start=1):
        last_day = tariff.valid_to.date() if tariff.valid_to else None
        first_day = tariff.valid_from.date() if tariff.valid_from else None
        is_over = first_day is not None and element.end_date is not None and element.end_date < first_day
        is_later = last_day is not None and element.start_date is not None and element.start_date > last_day
        if is_over or is_later:
            yield Problem("OUTSIDE_VALIDITY", "warn", "Its dates lie outside the time in which the tariff holds.",
                          "Correct the dates, or take the element out.", element_path(number, field="restrictions"),
                          number)  # fmt: skip


def _limits(tariff: Tariff) -> Iterator[Problem]:
    for side, word in (("excl_tax", "without tax"), ("incl_tax", "with tax")):
        low, high = getattr(tariff, f"min_price_{side}"), getattr(tariff, f"max_price_{side}")
        if low is not None and high is not None and low > high:
            yield Problem("MIN_OVER_MAX", "error",
                          f"A session costs at least {words.number(low)} but at most {words.number(high)} "
                          f"{tariff.currency} {word}: every session would cost the maximum.",
                          "Correct min_price or max_price.", "$.min_price")  # fmt: skip
    for name, word in (("min_price", "least"), ("max_price", "most")):
        net, gross = getattr(tariff, f"{name}_excl_tax"), getattr(tariff, f"{name}_incl_tax")
        if net is not None and gross is not None and gross < net:
            yield Problem("GROSS_BELOW_NET", "warn", f"The {word} a session costs is lower with tax than without.",
                          f"Check whether the amounts of {name} are swapped.", f"$.{name}")  # fmt: skip
        for amount in (net, gross):
            if amount is not None and amount < 0:
                yield Problem("NEGATIVE", "error", f"{name} is negative.", "Give 0 or more.", f"$.{name}")


def _taxes(tariff: Tariff) -> Iterator[Problem]:
    """Missing VAT: in words of one sentence where the whole tariff has none, else component by component."""
    priced = [(element_no, component_no, component)
              for element_no, element in enumerate(tariff.elements, start=1)
              for component_no, component in enumerate(element.components, start=1)
              if component.price]  # fmt: skip
    silent = [item for item in priced if item[2].tax_percent is None]
    if tariff.tax_included == "N/A":
        for element_no, component_no, component in priced:
            if component.tax_percent is not None:
                yield Problem("TAX_IGNORED", "warn", "The tariff says that no tax applies, so this rate is ignored.",
                              "Take the rate out, or set tax_included to YES or NO.",
                              element_path(element_no, component_no, "vat"), element_no, component_no)  # fmt: skip
        return
    if silent and len(silent) == len(priced):
        unknown = "the net price" if tariff.tax_included == "YES" else "the price with tax"
        yield Problem("MISSING_VAT", "warn", f"No component states a VAT rate, so {unknown} is unknown.",
                      "Add vat to each component, 0 if none is due; OCPI 2.1.1 has no VAT.", "$.elements")  # fmt: skip
        return
    for element_no, component_no, _ in silent:
        yield Problem("MISSING_VAT", "warn", "Other components state a VAT rate and this one does not: the total with "
                      "tax of a session that uses it is unknown.", "Add vat, 0 if none is due.",
                      element_path(element_no, component_no, "vat"), element_no, component_no)  # fmt: skip


def _price(element_no: int, component_no: int, component: Component, tariff: Tariff) -> Iterator[Problem]:
    path, place = element_path(element_no, component_no, "price"), (element_no, component_no)
    if component.price is not None and component.price < 0:
        yield Problem("NEGATIVE", "warn", f"The price is negative ({words.price(component, tariff.currency)}): it pays "
                      "the driver.", "Nothing to do if that is meant.", path, *place)  # fmt: skip
    limit = _DEAR.get(component.dimension)
    if component.price is not None and limit and tariff.currency in _LARGE_CURRENCIES and component.price > limit:
        yield Problem("PRICE_HIGH", "warn", f"{words.price(component, tariff.currency)} is unusually high.",
                      "Check the unit: prices are per kWh, hour or session, in whole currency and not in cents.",
                      path, *place)  # fmt: skip
    rate = component.tax_percent
    vat_path = element_path(element_no, component_no, "vat")
    if rate is not None and not 0 <= rate <= 100:
        yield Problem("TAX_RATE", "error", f"{words.plain(rate)} % is no rate of tax.", "Give percent from 0 to 100.",
                      vat_path, *place)  # fmt: skip
    elif rate is not None and 0 < rate < 1:
        yield Problem("TAX_RATE", "warn", f"A VAT rate of {words.plain(rate)} % is unusually low.",
                      f"Give percent: 21 and not 0.21. Was {words.plain(rate * 100)} meant?",
                      vat_path, *place)  # fmt: skip


def _step(element_no: int, component_no: int, component: Component) -> Iterator[Problem]:
    size, path = component.step_size, element_path(element_no, component_no, "step_size")
    place = (element_no, component_no)
    if component.dimension not in DIMENSIONS:
        return
    if component.dimension == "FLAT":
        if size not in (None, 0, 1):
            yield Problem("STEP_UNUSED", "info", "A fee has no steps, so this step size does nothing.",
                          "Set it to 1.", path, *place)  # fmt: skip
        return
    if not size:
        said = "no step size" if size is None else "a step size of 0"
        yield Problem("STEP_MISSING", "info", f"It has {said}: it is billed exactly.", "Give 1 for the smallest step.",
                      path, *place)  # fmt: skip
    elif component.dimension == "ENERGY" and size in (60, 300, 600, 900, 3600):
        yield Problem("STEP_UNIT", "warn", f"Energy in steps of {size} Wh looks like seconds.",
                      "The step of energy is in Wh: 1 bills exactly, 1000 bills whole kWh.", path, *place)  # fmt: skip
    elif component.dimension == "ENERGY" and size > 1000:
        kwh = words.plain(Decimal(size) / 1000)
        yield Problem("STEP_LARGE", "warn", f"A driver pays for up to {kwh} kWh that were not charged.",
                      "Use a step of 1000 Wh or less.", path, *place)  # fmt: skip
    elif component.dimension != "ENERGY" and size > 3600:
        yield Problem("STEP_LARGE", "warn", f"A driver pays for up to {words.seconds(size)} that did not pass.",
                      "Use a step of 3600 seconds or less.", path, *place)  # fmt: skip
    elif component.dimension != "ENERGY" and 1 < size < 60:
        yield Problem("STEP_UNIT", "info", f"Time in steps of {size} seconds; were {size} minutes meant?",
                      f"The step of time is in seconds: {size} minutes are {size * 60}.", path, *place)  # fmt: skip


def _steps_together(tariff: Tariff) -> Iterator[Problem]:
    """Different steps of one dimension: the one used last in a session rounds all of it."""
    for dimension in ("ENERGY", "TIME", "PARKING_TIME"):
        sizes = {component.step_size or 1 for element in tariff.elements for component in element.components
                 if component.dimension == dimension}  # fmt: skip
        if len(sizes) > 1:
            listed = ", ".join(map(str, sorted(sizes)))
            yield Problem("STEPS_DIFFER", "warn",
                          f"{words.dimension_name(dimension)} has steps of {listed}: a session is rounded once, by the "
                          "step of the price used last.",
                          "Use one step size for a dimension.", "$.elements")  # fmt: skip


def _bounds(number: int, element: Element) -> Iterator[Problem]:
    path = element_path(number, field="restrictions")
    for name, value in (("max_duration", element.max_duration_seconds), ("min_duration", element.min_duration_seconds)):
        if value is not None and 0 < value < 60:
            yield Problem("DURATION_UNIT", "warn", f"{name} is {value} seconds; were {value} minutes meant?",
                          f"Durations are in seconds: {value} minutes are {value * 60}.", path, number)  # fmt: skip
    for name in ("min_power", "max_power"):
        value = getattr(element, name)
        if value is not None and value > 1500:
            yield Problem("POWER_UNIT", "warn", f"{name} is {words.plain(value)} kW; were W meant?",
                          f"Power is in kW: {words.plain(value / 1000)}.", path, number)  # fmt: skip
    start, end, mask = element.start_minute, element.end_minute, element.day_mask
    if start is not None and end is not None and start > end and mask is not None and mask != 127:
        tomorrow = [place for place in range(7) if mask >> place & 1 and not mask >> (place + 1) % 7 & 1]
        names = " and ".join(DAYS[place].capitalize() for place in tomorrow)
        if tomorrow:
            yield Problem("WRAPS_TO_ANOTHER_DAY", "warn",
                          f"The window passes midnight, but that of {names} stops at midnight: the day after is not "
                          "listed.",
                          "List the next day too, or split the window at midnight.", path, number)  # fmt: skip


def _reservation(element_no: int, component_no: int, element: Element, component: Component) -> Iterator[Problem]:
    if element.reservation is not None and component.dimension in ("ENERGY", "PARKING_TIME"):
        yield Problem("RESERVATION_DIMENSION", "warn",
                      f"{words.dimension_name(component.dimension)} in an element for reservations is never charged: a "
                      "reservation has time and a fee only.", "Move it to an element without the reservation.",
                      element_path(element_no, component_no), element_no, component_no)  # fmt: skip
