"""What one command shows, tables and pictures of steps, and its page; workbook has the same as XLSX.

The figures come ready: nothing is summed here. What does not belong here: any query.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

from orchestration.pages import render

_WIDTH, _LEFT, _RIGHT, _ROW = 760, 190, 110, 24
PAGE_ROWS = 500


@dataclass(frozen=True, slots=True)
class Table:
    """A table; columns whose name starts with '>' hold numbers. Cells: text, int, Decimal or None."""

    name: str
    columns: Sequence[str]
    rows: Sequence[Sequence[Any]]


@dataclass(frozen=True, slots=True)
class Step:
    """A step of a way: a level says where it stands, a movement what is added to the level before."""

    label: str
    amount: Decimal
    is_level: bool


@dataclass(frozen=True, slots=True)
class Picture:
    """A way from one level to the next."""

    caption: str
    steps: Sequence[Step]

    def spans(self) -> list[tuple[Step, Decimal, Decimal]]:
        """Each step with the lower and the upper end of its bar: a movement begins where the step before ended."""
        spans = []
        at = Decimal(0)
        for step in self.steps:
            start, end = (Decimal(0), step.amount) if step.is_level else (at, at + step.amount)
            spans.append((step, min(start, end), max(start, end)))
            at = end
        return spans


@dataclass(frozen=True, slots=True)
class View:
    """What one command shows."""

    title: str
    lead: str
    pictures: Sequence[Picture]
    tables: Sequence[Table]


def to_html(view: View) -> bytes:
    """A page that needs nothing but itself; the same view gives the same bytes."""
    return render("view.html", view=view, title=view.title, charts=[_chart(one) for one in view.pictures],
                  page_rows=PAGE_ROWS)  # fmt: skip


def _chart(picture: Picture) -> dict[str, Any]:
    """Horizontal bars, one a step, in whole pixels from exact amounts, so that the picture is the same everywhere."""
    spans = picture.spans()
    lowest = min([low for _, low, _ in spans], default=Decimal(0))
    highest = max([high for _, _, high in spans], default=Decimal(0))
    wide = highest - min(lowest, Decimal(0)) or Decimal(1)

    def pixel(amount: Decimal) -> int:
        share = (amount - min(lowest, Decimal(0))) * (_WIDTH - _LEFT - _RIGHT) / wide
        return _LEFT + int(share.quantize(Decimal(1), ROUND_HALF_UP))

    bars = [
        {
            "label": step.label, "amount": step.amount, "y": number * _ROW, "x": pixel(low),
            "width": max(1, pixel(high) - pixel(low)), "end": pixel(high),
            "kind": "level" if step.is_level else "up" if step.amount >= 0 else "down",
        }
        for number, (step, low, high) in enumerate(spans)
    ]  # fmt: skip
    return {"caption": picture.caption, "width": _WIDTH, "height": len(bars) * _ROW, "bars": bars, "left": _LEFT}
