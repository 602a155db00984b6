"""A view as one workbook: a sheet a table, and charts of its pictures whose bars are those of the page.

What does not belong here: any sum beyond where a bar begins.
"""

import io
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from orchestration.pages.views import Picture, Table, View

if TYPE_CHECKING:
    from xlsxwriter import Workbook
    from xlsxwriter.format import Format
    from xlsxwriter.worksheet import Worksheet

# What a sheet holds below its header; xlsxwriter leaves out what is beyond without a word.
SHEET_ROWS = 1_000_000
CHART_SHEET = "Charts"
_COLORS = {"level": "#3C6E91", "up": "#1B7F5C", "down": "#B3402A"}
# Heights in pixels; a chart has its rows beside it and begins with them.
_ROW_PIXELS, _BAR_PIXELS, _FRAME_PIXELS, _WIDTH = 20, 24, 90, 760


def to_workbook(view: View) -> bytes:
    """One sheet a table. Text stays text (never a formula), decimals are written from their own digits."""
    from xlsxwriter import Workbook

    from orchestration.defs.settle.statement_xlsx import CREATED, ENERGY, MONEY

    data = io.BytesIO()
    options = {"in_memory": True, "strings_to_formulas": False, "strings_to_urls": False, "strings_to_numbers": False}
    workbook = Workbook(data, options)
    workbook.set_properties({"title": view.title, "created": CREATED})
    head = workbook.add_format({"bold": True, "bottom": 1})
    money, energy = workbook.add_format({"num_format": MONEY}), workbook.add_format({"num_format": ENERGY})
    for table in view.tables:
        for start in range(0, max(len(table.rows), 1), SHEET_ROWS):
            number = "" if start == 0 else f" {start // SHEET_ROWS + 1}"
            sheet = workbook.add_worksheet(table.name[: 31 - len(number)] + number)
            _fill(sheet, table, start, head, {True: energy, False: money})
    if view.pictures:
        _charts(workbook, view, head, money)
    workbook.close()
    return data.getvalue()


def _fill(sheet: "Worksheet", table: Table, start: int, head: "Format", styles: dict[bool, "Format"]) -> None:
    sheet.freeze_panes(1, 0)
    sheet.repeat_rows(0)
    _prints(sheet)
    for column, name in enumerate(table.columns):
        sheet.write_string(0, column, name.lstrip(">"), head)
        texts = [len(str(row[column])) for row in table.rows[:1000] if row[column] is not None]
        sheet.set_column(column, column, min(60, max([12, len(name) + 1, *(size + 1 for size in texts)])))
    for row, cells in enumerate(table.rows[start : start + SHEET_ROWS], start=1):
        for column, value in enumerate(cells):
            if isinstance(value, Decimal):
                sheet.write_number(row, column, value, styles["kWh" in table.columns[column]])
            elif isinstance(value, int):
                sheet.write_number(row, column, value)
            elif value is not None:
                sheet.write_string(row, column, str(value))


def _prints(sheet: "Worksheet") -> None:
    """On paper all columns side by side."""
    sheet.set_landscape()
    sheet.set_paper(9)
    sheet.fit_to_pages(1, 0)


def _charts(workbook: "Workbook", view: View, head: "Format", money: "Format") -> None:
    """The steps of each picture beside its chart: where a bar begins, and what it has above and below zero."""
    sheet = workbook.add_worksheet(CHART_SHEET)
    _prints(sheet)
    sheet.set_column(0, 0, 34)
    sheet.set_column(1, 4, 14)
    row = 0
    for picture in view.pictures:
        sheet.write_string(row, 0, picture.caption, head)
        for column, name in enumerate(("amount", "bar from", "above zero", "below zero"), start=1):
            sheet.write_string(row, column, name, head)
        first = row + 1
        for number, (step, low, high) in enumerate(picture.spans()):
            # A bar across zero has a part on each side and hides nothing.
            hidden = max(low, Decimal(0)) + min(high, Decimal(0))
            above, below = max(high, Decimal(0)) - max(low, Decimal(0)), min(low, Decimal(0)) - min(high, Decimal(0))
            sheet.write_string(first + number, 0, f"{step.label}  {step.amount:,.2f}")
            for column, amount in enumerate((step.amount, hidden, above, below), start=1):
                sheet.write_number(first + number, column, amount, money)
        last = first + max(len(picture.steps), 1) - 1
        height = _FRAME_PIXELS + _BAR_PIXELS * len(picture.steps)
        chart = _chart(workbook, picture, first, last)
        chart.set_size({"width": _WIDTH, "height": height})
        sheet.insert_chart(row, 6, chart)
        row = max(last, row + height // _ROW_PIXELS) + 2


def _chart(workbook: "Workbook", picture: Picture, first: int, last: int) -> Any:
    """Bars from top to bottom in the order of the steps."""
    chart = workbook.add_chart({"type": "bar", "subtype": "stacked"})
    kinds = ["level" if step.is_level else "up" if step.amount >= 0 else "down" for step in picture.steps]
    names = [CHART_SHEET, first, 0, last, 0]
    hidden = [CHART_SHEET, first, 2, last, 2]
    chart.add_series({"categories": names, "values": hidden, "fill": {"none": True}, "gap": 40})
    for column in (3, 4):
        chart.add_series({
            "categories": names, "values": [CHART_SHEET, first, column, last, column],
            "points": [{"fill": {"color": _COLORS[kind]}} for kind in kinds],
        })  # fmt: skip
    chart.set_title({"name": picture.caption, "name_font": {"size": 11}, "overlay": False})
    chart.set_legend({"none": True})
    chart.set_y_axis({"reverse": True, "label_position": "low", "major_tick_mark": "none"})
    chart.set_x_axis({"num_format": "#,##0", "major_gridlines": {"visible": True, "line": {"color": "#DDDDDD"}}})
    return chart
