"""Plain pages for people without a server: no script, nothing from elsewhere, the same content gives the same bytes.

What stands on them comes from partners, so everything is escaped. What does not belong here: any query or sum.
"""

from collections.abc import Sequence
from datetime import date, datetime, timedelta
from decimal import Decimal
from functools import cache
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from orchestration.quality import Row, per_thousand, percent

INTERNAL = "Internal: this page names several partners. Nothing of it goes to any of them."

_CHART_WIDTH, _CHART_HEIGHT = 720, 140
_SCALES = (1, 2, 5, 10, 20, 50, 100)


def render(template: str, **values: Any) -> bytes:
    """A page as UTF-8."""
    return _environment().get_template(template).render(**values).encode()


@cache
def _environment() -> Environment:
    environment = Environment(
        loader=FileSystemLoader(Path(__file__).parent),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {
        "percent": percent,
        "per_thousand": per_thousand,
        "count": _count,
        "money": _money,
        "day": _day,
        "moment": _moment,
    }
    return environment


def _count(number: int) -> str:
    return f"{number:,}"


def _money(amount: Decimal | None) -> str:
    """To the cent; what is less than half a cent as it is, so that it does not read as nothing."""
    if amount is None:
        return "unknown"
    return f"{amount.normalize():f}" if 0 < abs(amount) < Decimal("0.005") else f"{amount:,.2f}"


def _day(day: date | None) -> str:
    return "" if day is None else f"{day.day} {day:%b %Y}"


def _moment(moment: datetime | None) -> str:
    return "" if moment is None else f"{moment.day} {moment:%b %Y %H:%M} UTC"


def chart(days: Sequence[Row], part: str, whole: str = "records") -> Row | None:
    """Bars of the share `part` of `whole`, one for each day from the first to the last; None without a day.

    Whole pixels from whole numbers, so that the picture is the same everywhere.
    """
    if not days:
        return None
    by_day = {row["day"]: row for row in days}
    first, last = min(by_day), max(by_day)
    span = (last - first).days + 1
    highest = max(Decimal(100 * row[part]) / row[whole] if row[whole] else Decimal(0) for row in days)
    scale = next((one for one in _SCALES if one >= highest), 100)
    bars = []
    for number in range(span):
        row = by_day.get(first + timedelta(days=number))
        if row is None or not row[whole]:
            continue
        height = min(_CHART_HEIGHT, -(-_CHART_HEIGHT * 100 * row[part] // (scale * row[whole])))
        left = number * _CHART_WIDTH // span
        bars.append({
            "x": left,
            "width": max(1, (number + 1) * _CHART_WIDTH // span - left - 1),
            "y": _CHART_HEIGHT - height,
            "height": height,
            "title": f"{_day(row['day'])}: {row[part]:,} of {row[whole]:,} ({percent(row[part], row[whole])})",
        })  # fmt: skip
    middle = first + timedelta(days=span // 2)
    return {
        "width": _CHART_WIDTH, "height": _CHART_HEIGHT, "scale": scale, "bars": bars,
        "first": first, "middle": middle if first < middle < last else None, "last": last if last > first else None,
    }  # fmt: skip
