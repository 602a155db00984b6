"""Tariffs in words that somebody who sells charging reads: when a price holds, what it is, what a step does.

What does not belong here: deciding which price counts (situations.py).
"""

from collections.abc import Iterable
from decimal import Decimal

from orchestration.defs.ingest.tariff_elements import MINUTES_OF_A_DAY, Component, Element
from orchestration.tariffs.situations import (
    AXES,
    CHARGING,
    EVERY_DAY,
    EXPIRED,
    RESERVED,
    Box,
    Space,
    merged,
)

DIMENSIONS = {"ENERGY": "Energy", "TIME": "Charging time", "PARKING_TIME": "Idle time", "FLAT": "Session fee"}
UNITS = {"ENERGY": "kWh", "TIME": "hour", "PARKING_TIME": "hour", "FLAT": "session"}
DAY_NAMES = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
WEEKDAYS, WEEKEND = 0b0011111, 0b1100000


def number(value: Decimal) -> str:
    """An amount with two decimals at least: 0.4 is 0.40, 0.4375 stays."""
    whole, _, part = format(value.normalize() + 0, "f").partition(".")
    return f"{whole}.{part:0<2}"


def plain(value: Decimal) -> str:
    """A number without needless zeros."""
    return format(value.normalize() + 0, "f")


def dimension_name(dimension: str, context: int = CHARGING) -> str:
    """What a component charges for, as a seller calls it."""
    if context != CHARGING:
        return {"TIME": "Reservation time", "FLAT": "Reservation fee"}.get(dimension, dimension)
    return DIMENSIONS.get(dimension, dimension)


def price(component: Component, currency: str | None, context: int = CHARGING) -> str:
    """`0.45 EUR/kWh`."""
    amount = "no price" if component.price is None else number(component.price)
    unit = UNITS.get(component.dimension, "?")
    if context != CHARGING and component.dimension == "FLAT":
        unit = "reservation"
    return f"{amount} {currency or '?'}/{unit}"


def tax(component: Component, tax_included: str | None) -> str:
    """`plus 21 % tax`, `21 % tax included`, `tax not stated` or `no tax`."""
    if tax_included == "N/A":
        return "no tax"
    if component.tax_percent is None:
        return "tax included, rate not stated" if tax_included == "YES" else "tax not stated"
    rate = f"{plain(component.tax_percent)} % tax"
    return f"{rate} included" if tax_included == "YES" else f"plus {rate}"


def step(component: Component) -> str | None:
    """What a step size rounds to, or nothing where it rounds nothing."""
    size = component.step_size
    if not size or component.dimension == "FLAT":
        return None
    if component.dimension == "ENERGY":
        return None if size == 1 else f"billed in steps of {plain(Decimal(size) / 1000)} kWh"
    return None if size == 1 else f"billed in steps of {seconds(size)}"


def seconds(value: int) -> str:
    """A duration in its largest whole unit."""
    size, name = (3600, "hour") if value % 3600 == 0 else (60, "minute") if value % 60 == 0 else (1, "second")
    count = value // size
    return f"{count} {name}{'' if count == 1 else 's'}"


def clock(minute: int) -> str:
    """A minute of the day as 07:30; the end of the day is 24:00."""
    return f"{minute // 60:02}:{minute % 60:02}"


def days(mask: int) -> str:
    """`weekdays`, `weekends`, `Monday to Thursday` or a list."""
    named = {EVERY_DAY: "every day", WEEKDAYS: "weekdays", WEEKEND: "weekends"}
    if mask in named:
        return named[mask]
    places = [place for place in range(7) if mask >> place & 1]
    if len(places) > 2 and places == list(range(places[0], places[-1] + 1)):
        return f"{DAY_NAMES[places[0]]} to {DAY_NAMES[places[-1]]}"
    return _list([DAY_NAMES[place] for place in places])


def _list(names: list[str]) -> str:
    return " and ".join([", ".join(names[:-1]), names[-1]]) if len(names) > 1 else names[0]


def situations(boxes: Iterable[Box], space: Space) -> list[str]:
    """Each joined box as a phrase: `weekdays 08:00-20:00`, `always`; in the order of the week."""
    joined = sorted(merged(boxes), key=lambda box: (box[0], box[2] & -box[2], box[1] & -box[1], box))
    return [situation(box, space) for box in joined]


def situation(box: Box, space: Space) -> str:
    """One box in words; what it does not restrict is left out."""
    masks = dict(zip(AXES, box, strict=True))
    parts = [_week(masks["days"], masks["clock"], space)]
    parts += [
        _range(axis, masks[axis], space)
        for axis in ("dates", "energy", "duration", "min_current", "max_current", "min_power", "max_power")
    ]
    contexts = {RESERVED: "when reserved and used", EXPIRED: "when reserved and not used"}
    parts.append(contexts.get(masks["context"], ""))
    return ", ".join(part for part in parts if part) or "always"


def _week(day_mask: int, clock_mask: int, space: Space) -> str:
    times = _times(clock_mask, space, is_daily=day_mask == EVERY_DAY)
    if not times:
        return "" if day_mask == EVERY_DAY else days(day_mask)
    return f"{days(day_mask)} {times}"


def _times(mask: int, space: Space, is_daily: bool) -> str:
    if mask == space.full("clock"):
        return ""
    cuts = [int(str(cut)) for cut in space.cuts["clock"]]
    spans: list[list[int]] = []
    for place in range(len(cuts) - 1):
        if mask >> place & 1:
            if spans and spans[-1][1] == cuts[place]:
                spans[-1][1] = cuts[place + 1]
            else:
                spans.append([cuts[place], cuts[place + 1]])
    # A window past midnight is one window, but for single days: the morning is that of the same day.
    if is_daily and len(spans) > 1 and spans[0][0] == 0 and spans[-1][1] == MINUTES_OF_A_DAY:
        last = spans.pop()
        first = spans.pop(0)
        spans.append([last[0], first[1]])
    return _list([f"{clock(start)}-{clock(end)}" for start, end in spans])


def _range(axis: str, mask: int, space: Space) -> str:
    if mask == space.full(axis):
        return ""
    cuts = space.cuts[axis]
    runs: list[str] = []
    place = 0
    while place <= len(cuts):
        if not mask >> place & 1:
            place += 1
            continue
        start = place
        while place <= len(cuts) and mask >> place & 1:
            place += 1
        low = cuts[start - 1] if start else None
        high = cuts[place - 1] if place <= len(cuts) else None
        runs.append(_bounds(axis, low, high))
    return " or ".join(runs)


def _bounds(axis: str, low: object, high: object) -> str:
    """A range of one axis; low inclusive, high exclusive, either may be open."""
    match axis:
        case "dates":
            return _between(low, high, "from {0}", "until {1}", "from {0} until {1}")
        case "energy":
            low, high = (None if value is None else plain(Decimal(str(value))) for value in (low, high))
            return _between(low, high, "after {0} kWh", "in the first {1} kWh", "between {0} and {1} kWh")
        case "duration":
            low, high = (None if value is None else seconds(int(str(value))) for value in (low, high))
            return _between(low, high, "after {0}", "in the first {1}", "from {0} to {1} after the start")
    unit = "A" if axis.endswith("current") else "kW"
    low, high = (None if value is None else plain(Decimal(str(value))) for value in (low, high))
    if axis.startswith("min"):
        return _between(low, high, f"at {{0}} {unit} or more", f"falling below {{1}} {unit}",
                        f"at {{0}} {unit} or more, falling below {{1}} {unit}")  # fmt: skip
    return _between(low, high, f"reaching {{0}} {unit} or more", f"below {{1}} {unit}",
                    f"reaching {{0}} but not {{1}} {unit}")  # fmt: skip


def _between(low: object, high: object, only_low: str, only_high: str, both: str) -> str:
    form = both if low is not None and high is not None else only_low if high is None else only_high
    return form.format(low, high)


def element_situation(element: Element) -> str:
    """When one element is active, by its own restrictions alone."""
    space = Space.of([element])
    box = space.box(element)
    return "never" if box is None else situation(box, space)


def component_line(component: Component, currency: str | None, tax_included: str | None, context: int) -> str:
    """`Energy 0.45 EUR/kWh, plus 21 % tax, billed in steps of 0.5 kWh`."""
    words = [f"{dimension_name(component.dimension, context)} {price(component, currency, context)}"]
    words += [word for word in (tax(component, tax_included), step(component)) if word]
    return ", ".join(words)
