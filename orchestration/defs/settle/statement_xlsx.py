"""A statement as XLSX: totals, waterfall and exchanges on the first sheet, its lines on the second.

Same content, same bytes.
"""

import io
from collections.abc import Sequence
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from xlsxwriter import Workbook

from orchestration.defs.settle.lines_sheet import LinesSheet
from orchestration.defs.settle.statement_texts import FORMATS, LINES_A_SHEET, format_no
from orchestration.defs.settle.statements import (
    COLUMNS,
    EXCHANGE_COLUMNS,
    STEP_COLUMNS,
    Cell,
    Line,
    Statement,
    exchanges,
)

# The format's own dates are fixed: bytes depend on content alone.
CREATED = datetime(2000, 1, 1, tzinfo=UTC).replace(tzinfo=None)

MONEY = "#,##0.00##;[Red]-#,##0.00##"
RATE = "0.0000####"
ENERGY = "#,##0.0##;[Red]-#,##0.0##"


def to_xlsx(statement: Statement) -> bytes:
    """The workbook's bytes. Text is written as text (never a formula), decimals as numbers from their own digits."""
    data = io.BytesIO()
    options = {"in_memory": True, "strings_to_formulas": False, "strings_to_urls": False, "strings_to_numbers": False}
    workbook = Workbook(data, options)
    workbook.set_properties({"title": statement.statement_id, "created": CREATED})
    formats = {
        "head": workbook.add_format({"bold": True, "bottom": 1}),
        "money": workbook.add_format({"num_format": MONEY}),
        "energy": workbook.add_format({"num_format": ENERGY}),
    }
    # A format has a number once it is used; rows of text name theirs.
    for number, name in enumerate(FORMATS, start=1):
        assert formats[name]._get_xf_index() == number
    exchanged = exchanges(statement)
    if exchanged:
        formats["rate"] = workbook.add_format({"num_format": RATE})
    _summary(workbook.add_worksheet("Statement"), statement, exchanged, formats)
    for start in range(0, max(len(statement.lines), 1), LINES_A_SHEET):
        name = "Lines" if start == 0 else f"Lines {start // LINES_A_SHEET + 1}"
        sheet = workbook.add_worksheet(name, worksheet_class=LinesSheet)
        _lines(sheet, statement.lines[start : start + LINES_A_SHEET], formats)
    workbook.close()
    return data.getvalue()


def _summary(sheet: Any, statement: Statement, exchanged: Sequence[Sequence[Cell]], formats: dict[str, Any]) -> None:
    sheet.set_column(0, 0, 26)
    sheet.set_column(1, len(EXCHANGE_COLUMNS) - 1 if exchanged else len(STEP_COLUMNS) - 1, 18)
    heads = {
        "statement_id": statement.statement_id,
        "partner": statement.partner,
        "period": statement.period,
        "direction": statement.direction,
        "currency": statement.currency,
        "status": statement.status,
        **statement.totals,
    }
    row = 0
    for name, value in heads.items():
        sheet.write_string(row, 0, name, formats["head"])
        _write(sheet, row, 1, name, value, formats)
        row += 1
    row = _table(sheet, row + 1, STEP_COLUMNS, statement.steps, formats)
    if exchanged:
        _table(sheet, row + 2, EXCHANGE_COLUMNS, exchanged, formats)


def _table(
    sheet: Any, row: int, columns: Sequence[str], rows: Sequence[Sequence[Cell]], formats: dict[str, Any]
) -> int:
    """A header and its rows; returns the last row."""
    for column, name in enumerate(columns):
        sheet.write_string(row, column, name, formats["head"])
    for cells in rows:
        row += 1
        for column, (name, value) in enumerate(zip(columns, cells, strict=True)):
            _write(sheet, row, column, name, value, formats)
    return row


def _lines(sheet: Any, lines: Sequence[Line], formats: dict[str, Any]) -> None:
    sheet.freeze_panes(1, 0)
    sheet.set_column(0, len(COLUMNS) - 1, 16)
    for column, name in enumerate(COLUMNS):
        sheet.write_string(0, column, name, formats["head"])
    sheet.lines = lines
    sheet.styles = [format_no(name) for name in COLUMNS]


def _write(sheet: Any, row: int, column: int, name: str, value: Cell, formats: dict[str, Any]) -> None:
    match value:
        case None:
            return
        case Decimal():
            # A Decimal is written digit by digit (to 16 of them); a float would bring its own last digits along.
            kind = {"energy_kwh": "energy", "fx_rate": "rate"}.get(name, "money")
            sheet.write_number(row, column, value, formats[kind])
        case int():
            sheet.write_number(row, column, value)
        case str():
            sheet.write_string(row, column, value)
