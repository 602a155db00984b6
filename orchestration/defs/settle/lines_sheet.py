"""A worksheet of many lines: text as text (never a formula), decimals digit by digit, the same lines the same bytes."""

import re
from collections.abc import Sequence
from decimal import Decimal

from xlsxwriter.utility import xl_col_to_name
from xlsxwriter.worksheet import Worksheet

from orchestration.defs.settle.statement_texts import TEXT_LENGTH, TextLine

# Text that XML or Excel's own escapes would read otherwise.
_SPECIAL = re.compile(r"[&<>\x00-\x1f\ufffe\uffff]|_x[0-9A-Fa-f]{4}_|^\s|\s$")
_ROWS_AT_A_TIME = 2_000


class LinesSheet(Worksheet):  # type: ignore[misc]
    """A sheet whose rows below the header go straight to its XML, without an object for each cell.

    lines: texts, whole numbers and decimals, or the row itself; styles: for each column the format number of a decimal.
    """

    lines: Sequence[Sequence[str | int | Decimal | None] | TextLine] = ()
    styles: Sequence[int] = ()

    def _write_dimension(self) -> None:
        header, self.dim_rowmax = self.dim_rowmax, len(self.lines)  # type: ignore[has-type]
        super()._write_dimension()
        self.dim_rowmax = header

    def _write_rows(self) -> None:
        super()._write_rows()
        columns = [(xl_col_to_name(column), style) for column, style in enumerate(self.styles)]
        for start in range(0, len(self.lines), _ROWS_AT_A_TIME):
            part = self.lines[start : start + _ROWS_AT_A_TIME]
            self.fh.write("".join(_row(number, line, columns) for number, line in enumerate(part, start + 2)))


def _row(number: int, line: Sequence[str | int | Decimal | None] | TextLine, columns: Sequence[tuple[str, int]]) -> str:
    if isinstance(line, TextLine):
        return line.xlsx
    cells = []
    for value, (letter, style) in zip(line, columns, strict=True):
        if value in (None, ""):
            continue
        if isinstance(value, str):
            cells.append(f'<c r="{letter}{number}" t="inlineStr"><is>{_text(value)}</is></c>')
        elif isinstance(value, Decimal):
            # Digit by digit; a float would bring its own last digits along.
            cells.append(f'<c r="{letter}{number}" s="{style}"><v>{value:f}</v></c>')
        else:
            cells.append(f'<c r="{letter}{number}"><v>{value}</v></c>')
    return f'<row r="{number}">{"".join(cells)}</row>'


def _text(value: str) -> str:
    """The element of a text, control characters in Excel's own escape."""
    if not _SPECIAL.search(value) and len(value) <= TEXT_LENGTH:
        return f"<t>{value}</t>"
    text = re.sub(r"_(?=x[0-9A-Fa-f]{4}_)", "_x005F_", value[:TEXT_LENGTH])
    text = re.sub(r"[\x00-\x08\x0b-\x1f\ufffe\uffff]", lambda found: f"_x{ord(found[0]):04X}_", text)
    text = text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    return f'<t xml:space="preserve">{text}</t>'
