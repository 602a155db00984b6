"""Reading one field of a partner's JSON: exact, and naming the field when it cannot be read."""

import json
import re
from datetime import UTC, datetime
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

# cdr_rows writes it before numbers with more digits than the SQL JSON reader keeps.
EXACT_MARK = "\ue000"

_PLACES = Decimal("0.00000001")
_LIMIT = Decimal(10) ** 10
_NUMBER = re.compile(r"-?[0-9]+(\.[0-9]+)?([eE][+-]?[0-9]{1,3})?")
_INSTANT = re.compile(r"(\d{4}-\d{2}-\d{2})[Tt ](\d{2}:\d{2}:\d{2})(?:\.(\d+))?([Zz]|[+-]\d{2}:?\d{2})?")


def read_instant(value: object) -> datetime | None:
    """An OCPI DateTime in UTC (no designator is UTC); None when it is not one."""
    if value == "1970-1-1T00:00:00Z":  # so the specification itself writes the unknown time
        return datetime(1970, 1, 1, tzinfo=UTC)
    match = _INSTANT.fullmatch(value) if isinstance(value, str) else None
    if match is None:
        return None
    day, clock, fraction, zone = match.groups()
    offset = "+00:00" if zone is None or zone in "Zz" else zone
    try:
        return datetime.fromisoformat(f"{day}T{clock}.{(fraction or '0')[:6]:0<6}{offset}").astimezone(UTC)
    except (ValueError, OverflowError):
        return None


def show(value: object) -> str:
    """A value as it may stand in a sentence: short, with its quotes."""
    if isinstance(value, Decimal):
        return str(value)
    text = json.dumps(value, default=str, ensure_ascii=False)
    return text if len(text) <= 60 else text[:57] + "..."


class FieldReader:
    """Reads fields and collects what is wrong with them. `path` goes before a field's name in a problem.

    rounded: the numbers with more places than are kept.
    """

    def __init__(self) -> None:
        self.problems: list[str] = []
        self.rounded: list[str] = []

    def expected(self, name: str, value: object, what: str) -> None:
        self.problems.append(f"{name} is {show(value)}, expected {what}")

    def text(self, fields: dict[str, Any], name: str, path: str) -> str | None:
        value = fields.get(name)
        if value is None or value == "":
            return None
        if not isinstance(value, str):
            self.expected(path + name, value, "a text")
            return None
        return value

    def choice(self, fields: dict[str, Any], name: str, choices: tuple[str, ...], path: str) -> str | None:
        value = self.text(fields, name, path)
        if value is not None and value.upper() not in choices:
            self.expected(path + name, value, "one of " + ", ".join(choices))
            return None
        return value.upper() if value else None

    def number(self, fields: dict[str, Any], name: str, path: str) -> Decimal | None:
        """An exact number, rounded half-up to 8 places. Digits as text are taken: 2.1.1's own examples have them."""
        value = fields.get(name)
        if value is None:
            return None
        text = value.removeprefix(EXACT_MARK) if isinstance(value, str) else str(value)
        if isinstance(value, bool) or not _NUMBER.fullmatch(text):
            self.expected(path + name, value, "a number")
            return None
        if abs(Decimal(text)) >= _LIMIT:
            self.expected(path + name, value, "a number below 10000000000")
            return None
        number = Decimal(text)
        kept = number.quantize(_PLACES, ROUND_HALF_UP)
        if kept != number:
            self.rounded.append(f"{path}{name} is {text}, and counts as {kept.normalize():f}")
        return kept

    def whole(self, fields: dict[str, Any], name: str, path: str) -> int | None:
        value = self.number(fields, name, path)
        if value is None:
            return None
        if value < 0 or value != value.to_integral_value():
            self.expected(path + name, fields.get(name), "a whole number of 0 or more")
            return None
        return int(value)

    def instant(self, fields: dict[str, Any], name: str) -> datetime | None:
        value = fields.get(name)
        if value is None:
            return None
        instant = read_instant(value)
        if instant is None:
            self.expected(name, value, "a time as 2026-01-31T12:00:00Z")
        return instant

    def limit(self, fields: dict[str, Any], name: str) -> tuple[Decimal | None, Decimal | None]:
        """min_price or max_price without and with tax: Price, PriceLimit of 2.3.0, or a bare number (without tax)."""
        value = fields.get(name)
        if value is None:
            return None, None
        if not isinstance(value, dict):
            return self.number(fields, name, ""), None
        net_name = "before_taxes" if value.get("before_taxes") is not None else "excl_vat"
        gross_name = "after_taxes" if value.get("after_taxes") is not None else "incl_vat"
        net, gross = self.number(value, net_name, f"{name}."), self.number(value, gross_name, f"{name}.")
        taxes = value.get("taxes")
        if gross is None and net is not None and isinstance(taxes, list) and taxes:
            amounts = [self.number(tax, "amount", f"{name}.taxes.") for tax in taxes if isinstance(tax, dict)]
            if len(amounts) == len(taxes) and None not in amounts:
                gross = sum((amount for amount in amounts if amount is not None), net)
        if net is None and gross is None:
            self.expected(name, value, "an amount without or with tax")
        return net, gross
