"""Price lines in words and numbers that a person can compute again. What does not belong here: any price of our own."""

from collections.abc import Mapping
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

from orchestration.story.page import plain
from orchestration.tariffs.words import dimension_name, seconds

Row = Mapping[str, Any]

_HOUR = 3600
_READINGS = {
    "base": "the base reading",
    "clock_before_change": "the hour that comes twice read as summer time",
    "clock_after_change": "the hour that comes twice read as winter time",
    "step_of_last_tariff": "the step of the last tariff for all of the session",
    "step_each_duration": "a step on each duration",
    "step_each_period": "a step on each period",
}
_RESERVED = {"RESERVATION": "while reserved", "RESERVATION_EXPIRES": "reserved and not used"}
_ROUNDINGS = {"session": "the session", "part": "each part", "line": "each price line"}


def what(line: Row) -> str:
    """What is charged for, as a seller calls it."""
    match line["kind"]:
        case "min_price":
            return "Raised to the minimum price"
        case "max_price":
            return "Cut to the maximum price"
        case "price_round":
            return f"Rounding of {line['part']}, as the tariff asks"
    name = {"TIME": "Reservation time", "FLAT": "Reservation fee"} if line["part"] == "reservation" else {}
    return name.get(line["dimension"], dimension_name(line["dimension"]))


def how(line: Row, currency: str | None) -> str:
    """`20.211 kWh x 0.71 EUR`: multiplied, it gives the net amount, or the gross where it says so."""
    if line["volume"] is None or line["unit_price"] is None:
        return ""
    words, exact = _multiplied(line, currency or "?")
    if line["kind"] == "step":
        size = "steps" if line["step_size"] is None else _step(line)
        words = f"to full {size}: {words}"
    return words + _side(line, exact)


def when(restrictions: str | None) -> str:
    """`08:00 to 20:00, after 4 hours`, of a price line's restrictions (`start_time 08:00, end_time 20:00, ...`)."""
    if restrictions is None:
        return "always"
    told = {name: text for name, _, text in (part.partition(" ") for part in restrictions.split(", "))}
    words = []
    for name in ("time", "date"):
        start, end = told.pop(f"start_{name}", None), told.pop(f"end_{name}", None)
        words += [_ends(start, end, "from {} on" if name == "date" else "from {}", "until {}", "{} to {}")]
    for name, unit in (("kwh", " kWh"), ("duration", ""), ("current", " A"), ("power", " kW")):
        low, high = told.pop(f"min_{name}", None), told.pop(f"max_{name}", None)
        if name == "duration":
            low, high = (text if text is None or not text.isdecimal() else seconds(int(text)) for text in (low, high))
        after = "after {}" if name in ("kwh", "duration") else "at {} or more"
        first = "in the first {}" if name in ("kwh", "duration") else "below {}"
        low, high = (None if text is None else text + unit for text in (low, high))
        words += [_ends(low, high, after, first, "from {} to {}")]
    if "day_of_week" in told:
        words += [", ".join(day.capitalize() for day in told.pop("day_of_week").split())]
    words += [_RESERVED.get(told.pop("reservation", ""), "")]
    # A restriction without words of its own stands as it was sent.
    return ", ".join(word for word in [*words, *(f"{name} {text}" for name, text in told.items())] if word)


def _ends(low: str | None, high: str | None, only_low: str, only_high: str, both: str) -> str:
    if low is None and high is None:
        return ""
    return both.format(low, high) if low and high else only_high.format(high) if low is None else only_low.format(low)


def exact_amount(line: Row) -> Decimal | None:
    """What a price line's numbers multiply to, as `how` shows them; None for one that multiplies nothing."""
    if line["volume"] is None or line["unit_price"] is None:
        return None
    return _multiplied(line, "")[1]


def _multiplied(line: Row, unit: str) -> tuple[str, Decimal]:
    if line["dimension"] == "FLAT":
        return f"once {plain(line['unit_price'])} {unit}", line["unit_price"]
    if line["dimension"] == "ENERGY":
        words = f"{plain(line['volume'])} kWh x {plain(line['unit_price'])} {unit}"
        return words, line["volume"] * line["unit_price"]
    return _time(line, unit)


def _time(line: Row, unit: str) -> tuple[str, Decimal]:
    """Hours are kept with eight places; where they come from whole seconds, the seconds are exact."""
    hours, price = line["volume"], line["unit_price"]
    whole = (hours * _HOUR).quantize(Decimal(1), ROUND_HALF_UP)
    if hours * _HOUR != whole and abs(hours * _HOUR - whole) < Decimal("0.001"):
        return f"{whole} s / 3600 x {plain(price)} {unit}", whole * price / _HOUR
    return f"{plain(hours)} h x {plain(price)} {unit}", hours * price


def _step(line: Row) -> str:
    size = line["step_size"]
    return f"{plain(Decimal(size) / 1000)} kWh" if line["dimension"] == "ENERGY" else seconds(size)


def _side(line: Row, exact: Decimal) -> str:
    """Which of the amounts the multiplication gives."""
    near = Decimal("0.0000001")
    net, gross = line["amount_excl_tax"], line["amount_incl_tax"]
    if net is not None and abs(abs(net) - exact) < near:
        return ""
    if gross is not None and abs(abs(gross) - exact) < near:
        return ", tax in it"
    return ", then rounded"


def reading(name: str) -> str:
    """A reading of price_ranges in words: `clock_before_change+step_each_period+session_half_up` and the like."""
    return ", ".join(_READINGS.get(part) or _rounding(part) for part in name.split("+"))


def _rounding(name: str) -> str:
    level, _, mode = name.partition("_")
    return f"{_ROUNDINGS.get(level, level)} rounded {mode.replace('_', '-')}"
