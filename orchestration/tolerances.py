"""A rule's tolerance as its suite writes it: one number, or two of different units as `120; 0.1`."""

import re
from decimal import Decimal

_NUMBER = r"-?[0-9]+([.][0-9]+)?"
TOLERANCE = re.compile(f"{_NUMBER}(; {_NUMBER})?")


def tolerance_numbers(text: str | None) -> tuple[Decimal | None, Decimal | None]:
    """The numbers; null where there is none. Raises decimal.InvalidOperation for what TOLERANCE does not match."""
    first, _, second = (text or "").partition(";")
    return Decimal(first) if first else None, Decimal(second) if second else None
