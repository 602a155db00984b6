"""A row that the engine writes is the row that is written cell by cell, whatever stands in it."""

import duckdb
import pytest

from orchestration.defs.settle.statement_csv import to_csv
from orchestration.defs.settle.statement_texts import TextLine, of_rows, with_texts
from orchestration.defs.settle.statement_xlsx import to_xlsx
from orchestration.defs.settle.statements import COLUMNS, Line, Statement

DECIMALS = {
    name: "DECIMAL(18,8)"
    for name in COLUMNS
    if name.endswith("_tax") or name in ("energy_kwh", "tax", "quantity", "fx_rate")
}
KINDS = {name: DECIMALS.get(name, "INTEGER" if name == "line_no" else "VARCHAR") for name in COLUMNS}
TEXTS = [name for name, kind in KINDS.items() if kind == "VARCHAR" and name != "session_currency"]

PLAIN = ["A", "DE*ABC*E123", "a b", "Straße 1", "x-1", "it's", "a=b", "a+b@c.d", "1e5", "_a_", "A日本B", "#1", ""]
CAREFUL = [
    "=1+1", "+1", "-1", "@sum", "\tx", "\rx", "\nx", " x", "x ", "a,b", 'a"b', "a\nb", "a\rb", "a & b", "<c>", "c>",
    "bell\x07", "\x1f", "a\x1fb", "_x0041_", "a_x0041_b", "\ufffe", "a\uffffb", "\u00a0x", "x\u3000", "\u2028", "Ä",
    "日本", "Straße 1 €", "x" * 40_000, "&", '"', ",",
]  # fmt: skip
NUMBERS = ["0", "0.00000001", "-0.335", "7.99", "5.5", "20", "100", "-1234567.00000001", "1234567890.12345678"]

Row = dict[str, object]


def both_ways(rows: list[Row]) -> list[tuple[Line, Line]]:
    """Each row as the engine writes it and as its cells, by one table of typed columns; what it does not name is null."""
    with duckdb.connect() as connection:
        columns = ", ".join(f"{name} {kind}" for name, kind in KINDS.items())
        connection.execute(f"create table lines (statement_id varchar, {columns})")
        for number, row in enumerate(rows, start=1):
            names = ["statement_id", "line_no", *row]
            marks = ", ".join("?" for _ in names)
            values = ["S", number, *row.values()]
            connection.execute(f"insert into lines ({', '.join(names)}) values ({marks})", values)
        sql = with_texts("select * from lines", KINDS)
        by_engine = of_rows(connection.execute(sql).fetchall())
        cells = connection.execute("select * exclude (statement_id) from lines order by line_no").fetchall()
    return list(zip(by_engine, map(list, cells), strict=True))


def statement(lines: list[Line]) -> Statement:
    return Statement("S", "emo", "2026-10", "payable", "EUR", "draft", {"sessions": 1}, lines, [])


def test_a_plain_line_is_the_same_in_both_files() -> None:
    rows: list[Row] = [{"kind": "session"}]
    rows += [{name: text} for name, text in zip(TEXTS * len(PLAIN), PLAIN * len(TEXTS), strict=True)]
    rows += [{name: number} for name, number in zip([*DECIMALS] * len(NUMBERS), NUMBERS * len(DECIMALS), strict=True)]
    rows += [dict.fromkeys(DECIMALS, number) | dict.fromkeys(TEXTS, "a b") for number in NUMBERS]
    lines = both_ways(rows)
    assert all(isinstance(line, TextLine) for line, _ in lines)
    by_engine, by_cell = (statement(list(way)) for way in zip(*lines, strict=True))
    assert to_csv(by_engine).decode().splitlines() == to_csv(by_cell).decode().splitlines()
    assert to_xlsx(by_engine) == to_xlsx(by_cell)


@pytest.mark.parametrize("text", CAREFUL, ids=ascii)
def test_a_text_that_needs_care_is_left_to_its_writer(text: str) -> None:
    rows: list[Row] = [{name: text} for name in TEXTS]
    for row, (line, cells) in zip(rows, both_ways(rows), strict=True):
        assert line == cells, row


def test_what_was_exchanged_comes_as_cells_of_which_the_rates_are_summed() -> None:
    ((line, cells),) = both_ways([{"session_currency": "CHF", "session_excl_tax": "4.8", "amount_excl_tax": "5"}])
    assert line == cells


def test_lines_that_are_not_numbered_from_one_are_no_statement() -> None:
    with pytest.raises(ValueError, match="line 1 of statement S has the number 2"):
        of_rows([("S", 2, "2\r\n", "<row/>", None)])
