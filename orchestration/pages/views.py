"""One view, three forms: tables and pictures of steps as a page, as a workbook, and as text elsewhere.

The figures come ready: nothing is summed here. What does not belong here: any query.
"""

import io
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

from orchestration.pages import render

_WIDTH, _LEFT, _RIGHT, _ROW = 760, 190, 110, 24
# What a sheet holds below its header; xlsxwriter leaves out what is beyond without a word.
SHEET_ROWS = 1_000_000
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


def to_workbook(view: View) -> bytes:
    """One sheet a table. Text stays text (never a formula), decimals are written from their own digits."""
    from xlsxwriter import Workbook

    from orchestration.defs.settle.statement_xlsx import CREATED, ENERGY, MONEY

    data = io.BytesIO()
    options = {"in_memory": True, "strings_to_formulas": False, "strings_to_urls": False, "strings_to_numbers": False}
    workbook = Workbook(data, options)
    workbook.set_properties({"title": view.title, "created": CREATED})
    head = workbook.add_format({"bold": True, "bottom": 1})
    styles = {True: workbook.add_format({"num_format": ENERGY}), False: workbook.add_format({"num_format": MONEY})}
    for table in view.tables:
        for start in range(0, max(len(table.rows), 1), SHEET_ROWS):
            number = "" if start == 0 else f" {start // SHEET_ROWS + 1}"
            sheet = workbook.add_worksheet(table.name[: 31 - len(number)] + number)
            sheet.freeze_panes(1, 0)
            sheet.set_column(0, len(table.columns) - 1, 18)
            for column, name in enumerate(table.columns):
                sheet.write_string(0, column, name.lstrip(">"), head)
            for row, cells in enumerate(table.rows[start : start + SHEET_ROWS], start=1):
                for column, value in enumerate(cells):
                    if isinstance(value, Decimal):
                        sheet.write_number(row, column, value, styles["kWh" in table.columns[column]])
                    elif isinstance(value, int):
                        sheet.write_number(row, column, value)
                    elif value is not None:
                        sheet.write_string(row, column, str(value))
    workbook.close()
    return data.getvalue()


def _chart(picture: Picture) -> dict[str, Any]:
    """Horizontal bars, one a step, in whole pixels from exact amounts, so that the picture is the same everywhere."""
    spans = []
    at = Decimal(0)
    for step in picture.steps:
        start, end = (Decimal(0), step.amount) if step.is_level else (at, at + step.amount)
        spans.append((step, min(start, end), max(start, end)))
        at = end
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
