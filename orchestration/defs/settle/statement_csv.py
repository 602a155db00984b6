"""A statement as CSV: one line of the statement a row, exact decimals, safe to open in a spreadsheet."""

import csv
import io
from decimal import Decimal

from orchestration.defs.settle.statement_texts import TextLine
from orchestration.defs.settle.statements import COLUMNS, Cell, Statement, exact

# A spreadsheet takes a cell that begins with one of these as a formula; partners write ids.
_FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r", "\n")


def safe_text(text: str) -> str:
    """Text that a spreadsheet shows instead of running: an apostrophe in front where it could be a formula."""
    return f"'{text}" if text.startswith(_FORMULA_STARTS) else text


def to_csv(statement: Statement) -> bytes:
    """UTF-8, CRLF, a header row of COLUMNS. Numbers carry no apostrophe and no thousands mark; unknown is empty."""
    text = io.StringIO(newline="")
    writer = csv.writer(text, lineterminator="\r\n")
    writer.writerow(COLUMNS)
    for line in statement.lines:
        if isinstance(line, TextLine):
            text.write(line.csv)
        else:
            writer.writerow([_cell(name, value) for name, value in zip(COLUMNS, line, strict=True)])
    return text.getvalue().encode()


def _cell(column: str, value: Cell) -> str:
    match value:
        case None:
            return ""
        case Decimal():
            return exact(value, decimals=0 if column == "energy_kwh" else 2)
        case int():
            return str(value)
        case str():
            return safe_text(value)
