"""A statement as XLSX: totals and waterfall on the first sheet, its lines on the second. Same content, same bytes."""

import io
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from orchestration.defs.settle.statements import COLUMNS, Cell, Statement

# The format's own dates are fixed: bytes depend on content alone.
_CREATED = datetime(2000, 1, 1, tzinfo=UTC).replace(tzinfo=None)

_STEP_COLUMNS = ("step", "sessions", "sessions_unknown_amount", "energy_kwh", "amount_excl_tax")
_MONEY = "#,##0.00##;[Red]-#,##0.00##"
_ENERGY = "#,##0.0##;[Red]-#,##0.0##"


def to_xlsx(statement: Statement) -> bytes:
    """The workbook's bytes. Text is written as text (never a formula), decimals as numbers from their own digits."""
    import xlsxwriter

    data = io.BytesIO()
    options = {"in_memory": True, "strings_to_formulas": False, "strings_to_urls": False, "strings_to_numbers": False}
    workbook = xlsxwriter.Workbook(data, options)
    workbook.set_properties({"title": statement.statement_id, "created": _CREATED})
    formats = {
        "head": workbook.add_format({"bold": True, "bottom": 1}),
        "money": workbook.add_format({"num_format": _MONEY}),
        "energy": workbook.add_format({"num_format": _ENERGY}),
    }
    _summary(workbook.add_worksheet("Statement"), statement, formats)
    _lines(workbook.add_worksheet("Lines"), statement, formats)
    workbook.close()
    return data.getvalue()


def _summary(sheet: Any, statement: Statement, formats: dict[str, Any]) -> None:
    sheet.set_column(0, 0, 26)
    sheet.set_column(1, 4, 18)
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
    row += 1
    for column, name in enumerate(_STEP_COLUMNS):
        sheet.write_string(row, column, name, formats["head"])
    for step in statement.steps:
        row += 1
        for column, (name, value) in enumerate(zip(_STEP_COLUMNS, step, strict=True)):
            _write(sheet, row, column, name, value, formats)


def _lines(sheet: Any, statement: Statement, formats: dict[str, Any]) -> None:
    sheet.freeze_panes(1, 0)
    sheet.set_column(0, len(COLUMNS) - 1, 16)
    for column, name in enumerate(COLUMNS):
        sheet.write_string(0, column, name, formats["head"])
    for row, line in enumerate(statement.lines, start=1):
        for column, (name, value) in enumerate(zip(COLUMNS, line, strict=True)):
            _write(sheet, row, column, name, value, formats)


def _write(sheet: Any, row: int, column: int, name: str, value: Cell, formats: dict[str, Any]) -> None:
    match value:
        case None:
            return
        case Decimal():
            # A Decimal is written digit by digit (to 16 of them); a float would bring its own last digits along.
            sheet.write_number(row, column, value, formats["energy" if name == "energy_kwh" else "money"])
        case int():
            sheet.write_number(row, column, value)
        case str():
            sheet.write_string(row, column, value)
