"""The rows of a statement's files as DuckDB writes them, for lines whose texts need no care: nearly all of them.

A statement has up to a million lines of thirty cells, and a row put together by the engine costs a tenth of one put
together cell by cell. A line with a text that a file must escape, quote or disarm, and one that was exchanged, comes as
its cells; statement_csv and statement_xlsx say what becomes of them, and give the same bytes for every other line too.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

from xlsxwriter.utility import xl_col_to_name

# Texts that are the same in every file: they begin and end with a letter, digit or harmless mark, and hold nothing that
# XML, CSV or a spreadsheet reads otherwise. A text that is not there is empty.
_FIRST = r"[!#-%'-*./0-9:;?A-Z\[\]^_`a-z{|}~]"
_INSIDE = r'[^&<>",\x00-\x1f\x{fffe}\x{ffff}]'
_LAST = r"[!#-%'-+./0-9:;=?@A-Z\[\]^_`a-z{|}~-]"
_PLAIN = f"({_FIRST}({_INSIDE}*{_LAST})?)?"
_BETWEEN = "\\x1f"
# Excel's own escapes begin so.
_ESCAPE = "_x"
# What a cell can hold.
TEXT_LENGTH = 32_767

# Formats of a workbook, in the order in which it numbers them.
FORMATS = ("head", "energy", "money")

# A sheet holds 1,048,576 rows, and xlsxwriter leaves out what is beyond without a word; the header is one of them.
LINES_A_SHEET = 1_000_000


class TextLine(NamedTuple):
    """A line as its row of the CSV file and of the sheet, which starts anew after LINES_A_SHEET lines."""

    csv: str
    xlsx: str


def format_no(column: str) -> int:
    """The number, in a workbook, of the format of a decimal on a line."""
    return FORMATS.index("energy" if column == "energy_kwh" else "money") + 1


def with_texts(lines: str, kinds: Mapping[str, str]) -> str:
    """SQL: of each row of the query `lines` its statement_id, line_no, both texts, and its cells where these are null.

    kinds: the columns of a line in their order with DuckDB's types: texts, decimals and whole numbers.
    """
    texts = [name for name, kind in kinds.items() if kind == "VARCHAR"]
    joined = "concat(" + ", chr(31), ".join(texts) + ")"
    plain = _PLAIN + f"({_BETWEEN}{_PLAIN})" * (len(texts) - 1)
    cells = ", ".join(f"{name} := {name}" for name in kinds)
    return f"""
        with lines as ({lines}),
        judged as (
            select
                *,
                cast((line_no - 1) % {LINES_A_SHEET} + 2 as varchar) as row_no,
                session_currency is null and length({joined}) <= {TEXT_LENGTH} and not contains({joined}, '{_ESCAPE}')
                and regexp_full_match({joined}, '{plain.replace("'", "''")}') as is_plain
            from lines
            -- Sorted before the texts are there, which are ten times as wide; of_rows sees to it that it stays so.
            order by statement_id, line_no
        )
        select
            statement_id,
            line_no,
            case when is_plain then {_csv_row(kinds)} end as csv,
            case when is_plain then {_sheet_row(kinds)} end as xlsx,
            case when not is_plain then struct_pack({cells}) end as cells
        from judged
    """  # noqa: S608 - our own columns


def _csv_row(kinds: Mapping[str, str]) -> str:
    return "concat(" + ", ',', ".join(_csv_cell(name, kind) for name, kind in kinds.items()) + ", chr(13), chr(10))"


def _csv_cell(name: str, kind: str) -> str:
    """As statement_csv writes it: a decimal without trailing zeros, an amount with two decimals at least."""
    if not kind.startswith("DECIMAL"):
        return name
    digits = f"cast({name} as varchar)"
    if name == "energy_kwh":
        return f"rtrim(rtrim({digits}, '0'), '.')"
    kept = int(kind.rstrip(")").split(",")[1]) - 2
    return f"left({digits}, -{kept}) || rtrim(right({digits}, {kept}), '0')"


def _sheet_row(kinds: Mapping[str, str]) -> str:
    cells = [_sheet_cell(name, kind, number) for number, (name, kind) in enumerate(kinds.items())]
    return f"""concat('<row r="', row_no, '">', {", ".join(cells)}, '</row>')"""


def _sheet_cell(name: str, kind: str, number: int) -> str:
    """As statement_xlsx writes it. What is not there or empty has no cell: concat leaves out what is null."""
    place = f"""'<c r="{xl_col_to_name(number)}' || row_no || '"""
    if kind == "VARCHAR":
        return f"""{place}" t="inlineStr"><is><t>' || nullif({name}, '') || '</t></is></c>'"""
    style = f' s="{format_no(name)}"' if kind.startswith("DECIMAL") else ""
    return f"""{place}"{style}><v>' || cast({name} as varchar) || '</v></c>'"""


def of_rows(rows: Iterable[tuple[Any, ...]]) -> list[Sequence[Any] | TextLine]:
    """What with_texts gave of one statement: of each line its texts, or its cells in the order of `kinds`.

    Raises ValueError where the lines are not numbered from 1 on, as the places in their texts are.
    """
    lines: list[Sequence[Any] | TextLine] = []
    for number, (statement_id, line_no, csv, xlsx, cells) in enumerate(rows, start=1):
        if line_no != number:
            raise ValueError(f"line {number} of statement {statement_id} has the number {line_no}")
        lines.append(TextLine(csv, xlsx) if cells is None else list(cells.values()))
    return lines
