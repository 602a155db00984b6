"""What finance downloads: CSV and XLSX say the same, twice the same bytes, and no cell is a formula."""

import csv
import hashlib
import io
import json
import shutil
import zipfile
from collections.abc import Mapping
from dataclasses import replace
from decimal import Decimal
from pathlib import Path

import openpyxl
import pytest
from openpyxl.utils.escape import unescape

from orchestration.defs.settle import report_folder, statement_xlsx
from orchestration.defs.settle.statement_csv import safe_text, to_csv
from orchestration.defs.settle.statement_files import manifests, write_statements
from orchestration.defs.settle.statement_xlsx import to_xlsx
from orchestration.defs.settle.statements import COLUMNS, EXCHANGE_COLUMNS, Statement, exact
from orchestration.facts import ledger
from orchestration.facts.home import Home
from orchestration.warehouse import open_warehouse
from tests.settle.by_hand import Books

FOLDER = "reports/2026-10/emo"


def written(path: Path, home: Home, period: str = "") -> dict[str, str]:
    with open_warehouse(path) as connection:
        return write_statements(connection, home, period)


def hashes(folder: Path) -> dict[str, str]:
    return {
        path.relative_to(folder).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


def a_statement(**cells: str | None) -> Statement:
    """One line with the given cells."""
    values: dict[str, str | int | Decimal | None] = {
        "line_no": 1,
        "kind": "session",
        "amount_excl_tax": Decimal("7.99000000"),
        "energy_kwh": Decimal("20.00000000"),
        **cells,
    }
    return Statement(
        statement_id="2026-10-emo-P-EUR",
        partner="emo",
        period="2026-10",
        direction="payable",
        currency="EUR",
        status="draft",
        totals={"sessions": 1, "amount_excl_tax": Decimal("7.99000000")},
        lines=[[values.get(name) for name in COLUMNS]],
        steps=[],
    )


def rows(data: bytes) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(data.decode(), newline="")))


def test_a_statement_of_exchanged_sessions_sums_both_currencies_by_rate() -> None:
    def line(session: str, amount: str, day: str, rate: str) -> list[str | int | Decimal | None]:
        cells = {"session_currency": "CHF", "session_excl_tax": Decimal(session), "amount_excl_tax": Decimal(amount),
                 "currency": "EUR", "fx_rate": Decimal(rate), "fx_rate_on": day, "fx_source": "ecb"}  # fmt: skip
        return [cells.get(name) for name in COLUMNS]

    friday, monday = ("2026-10-16", "1.0416666667"), ("2026-10-19", "1.05")
    base = a_statement()
    lines = [line("4.80", "5.00", *friday), line("9.60", "10.00", *friday), line("20", "21.00", *monday), *base.lines]
    book = openpyxl.load_workbook(io.BytesIO(to_xlsx(replace(base, lines=lines))))
    found = list(book["Statement"].iter_rows(values_only=True))
    start = found.index(EXCHANGE_COLUMNS)
    assert [tuple(str(cell) for cell in row) for row in found[start + 1 :]] == [
        ("CHF", "2", "14.4", "1.0416666667", "2026-10-16", "ecb", "15.0", "EUR"),
        ("CHF", "1", "20", "1.05", "2026-10-19", "ecb", "21.0", "EUR"),
        ("CHF", "3", "34.4", "None", "None", "None", "36.0", "EUR"),
    ]
    # Nothing was exchanged: nothing is said of it.
    plain = openpyxl.load_workbook(io.BytesIO(to_xlsx(base)))
    assert EXCHANGE_COLUMNS not in [row[:8] for row in plain["Statement"].iter_rows(values_only=True)]


def test_csv_and_xlsx_have_the_totals_of_the_manifest(fifteen: Books, tmp_path: Path) -> None:
    home = Home(tmp_path)
    written(fifteen.path, home)
    manifest = json.loads((tmp_path / FOLDER / "manifest.json").read_text())
    total = manifest["totals"]["2026-10-emo-P-EUR"]
    assert total["amount_excl_tax"] == "24.99"
    assert total["sessions"] == 3
    assert total["energy_kwh"] == "60"
    assert total["tax"] is None
    in_csv = rows((tmp_path / FOLDER / "2026-10-emo-P-EUR.csv").read_bytes())
    assert sum(Decimal(row["amount_excl_tax"]) for row in in_csv) == Decimal("24.99")
    assert [row["cdr_id"] for row in in_csv] == ["S02", "S06", "S12"]
    book = openpyxl.load_workbook(tmp_path / FOLDER / "2026-10-emo-P-EUR.xlsx")
    header, *lines = book["Lines"].iter_rows(values_only=True)
    assert header == COLUMNS
    amounts = [Decimal(str(line[COLUMNS.index("amount_excl_tax")])) for line in lines]
    assert amounts == [Decimal(row["amount_excl_tax"]) for row in in_csv]
    head = {row[0]: row[1] for row in book["Statement"].iter_rows(values_only=True)}
    assert Decimal(str(head["amount_excl_tax"])) == Decimal("24.99")
    assert head["statement_id"] == "2026-10-emo-P-EUR"


def test_the_manifest_names_every_file_and_its_hash(fifteen: Books, tmp_path: Path) -> None:
    files = written(fifteen.path, Home(tmp_path))
    on_disk = hashes(tmp_path / FOLDER)
    manifest = json.loads((tmp_path / FOLDER / "manifest.json").read_text())
    assert manifest["files"] == {name: sha256 for name, sha256 in on_disk.items() if name != "manifest.json"}
    assert {path: sha256 for path, sha256 in files.items() if path.startswith(FOLDER)} == {
        f"{FOLDER}/{name}": sha256 for name, sha256 in on_disk.items()
    }
    assert manifests(Home(tmp_path))[f"{FOLDER}/manifest.json"] == on_disk["manifest.json"]


def test_a_second_write_touches_nothing(fifteen: Books, tmp_path: Path) -> None:
    written(fifteen.path, Home(tmp_path))
    before = {path: path.stat().st_mtime_ns for path in (tmp_path / "reports").rglob("*.*")}
    written(fifteen.path, Home(tmp_path))
    assert {path: path.stat().st_mtime_ns for path in (tmp_path / "reports").rglob("*.*")} == before


def test_only_what_changed_is_made_again(fifteen_copy: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    home = Home(tmp_path / "home")
    warehouse = home.warehouse
    warehouse.parent.mkdir(parents=True)
    shutil.copy2(fifteen_copy, warehouse)
    made: list[str] = []
    monkeypatch.setattr(
        report_folder, "to_xlsx", lambda statement: made.append(statement.statement_id) or to_xlsx(statement)
    )  # type: ignore[func-returns-value]
    first = written(warehouse, home)
    assert len(made) == len({path for path in first if path.endswith(".xlsx")}) > 2
    made.clear()
    assert written(warehouse, home) == first
    assert not made, "nothing changed"
    with open_warehouse(warehouse) as connection:
        connection.execute("update settle.cdr_outcomes set location_id = 'elsewhere' where cdr_id = 'S02'")
    damaged = home.root / "reports/2026-10/csv"
    spoilt = next(path for path in sorted(damaged.iterdir()) if path.suffix == ".csv")
    spoilt.write_text("not ours")
    second = written(warehouse, home)
    assert made == [spoilt.stem, "2026-10-emo-P-EUR"]
    assert second.keys() == first.keys()
    assert second[spoilt.relative_to(home.root).as_posix()] == first[spoilt.relative_to(home.root).as_posix()]
    assert "elsewhere" in (home.root / FOLDER / "2026-10-emo-P-EUR.csv").read_text()
    # What is remembered is derived: without it all is made again, and is the same.
    (warehouse.parent / "statement_files.json").unlink()
    shutil.rmtree(home.reports)
    assert written(warehouse, home) == second


def test_the_same_statement_gives_the_same_bytes_anywhere(fifteen: Books, tmp_path: Path) -> None:
    written(fifteen.path, Home(tmp_path / "one"))
    written(fifteen.path, Home(tmp_path / "two"))
    assert hashes(tmp_path / "one") == hashes(tmp_path / "two") != {}
    with zipfile.ZipFile(tmp_path / "one" / FOLDER / "2026-10-emo-P-EUR.xlsx") as archive:
        assert {member.date_time for member in archive.infolist()} == {(1980, 1, 1, 0, 0, 0)}
        assert b"2000-01-01" in archive.read("docProps/core.xml")


def test_a_draft_that_no_longer_stands_is_taken_away(fifteen_copy: Path, tmp_path: Path) -> None:
    home = Home(tmp_path / "home")
    written(fifteen_copy, home)
    note = home.root / FOLDER / "note.txt"
    note.write_text("kept")
    with open_warehouse(fifteen_copy) as connection:
        connection.execute("delete from settle.statements where partner in ('emo', 'dsc')")
    assert not [path for path in written(fifteen_copy, home) if "emo" in path or "dsc" in path]
    assert [path.name for path in note.parent.iterdir()] == ["note.txt"]
    assert not (home.reports / "2026-10" / "dsc").exists()
    assert (home.reports / "2026-10" / "csv" / "manifest.json").exists()


def test_a_limit_to_one_period_leaves_the_others_alone(fifteen_copy: Path, tmp_path: Path) -> None:
    home = Home(tmp_path / "home")
    written(fifteen_copy, home)
    before = hashes(home.reports)
    with open_warehouse(fifteen_copy) as connection:
        connection.execute("delete from settle.statements")
    assert written(fifteen_copy, home, period="2026-09") == {}
    assert hashes(home.reports) == before


def test_a_sealed_folder_is_never_written(fifteen_copy: Path, tmp_path: Path) -> None:
    home = Home(tmp_path / "home")
    written(fifteen_copy, home)
    ledger.append(home, "seal", {"period": "2026-10", "partner": "emo"}, "Ada", "2026-11-06T08:00:00Z")
    before = hashes(home.root / FOLDER)
    with open_warehouse(fifteen_copy) as connection:
        connection.execute("update settle.statement_lines set amount_excl_tax = 1")
    written(fifteen_copy, home)
    assert hashes(home.root / FOLDER) == before


@pytest.mark.parametrize("text", ["=1+1", "+1", "-1", "@sum", "\tx", "\rx", '=HYPERLINK("http://x")'])
def test_text_that_looks_like_a_formula_stays_text(text: str) -> None:
    statement = a_statement(cdr_id=text)
    assert safe_text(text) == f"'{text}"
    assert rows(to_csv(statement))[0]["cdr_id"] == f"'{text}"
    book = openpyxl.load_workbook(io.BytesIO(to_xlsx(statement)))
    cell = book["Lines"].cell(row=2, column=COLUMNS.index("cdr_id") + 1)
    assert cell.data_type in ("s", "inlineStr"), "never 'f'"


@pytest.mark.parametrize(
    ("value", "decimals", "text"),
    [("7.99000000", 2, "7.99"), ("5.50000000", 2, "5.50"), ("-0.3350000000", 2, "-0.335"), ("20.00000000", 0, "20"),
     ("0E-16", 2, "0.00"), ("1234567.00000001", 2, "1234567.00000001"), ("100", 0, "100")],
)  # fmt: skip
def test_numbers_are_exact(value: str, decimals: int, text: str) -> None:
    assert exact(Decimal(value), decimals) == text


@pytest.mark.parametrize(
    "text", ["a & b <c>", " spaced ", "line\nbreak", "bell\x07", "_x0041_", "Straße 1 €", "x" * 40_000, "\ufffe"]
)
def test_any_text_is_read_back_as_it_was(text: str) -> None:
    data = to_xlsx(a_statement(cdr_id=text, location_id="L1"))
    sheet = openpyxl.load_workbook(io.BytesIO(data))["Lines"]
    read = sheet.cell(row=2, column=COLUMNS.index("cdr_id") + 1).value
    assert isinstance(read, str)
    assert unescape(read) == text[:32_767], "a cell holds no more than that"
    assert sheet.cell(row=2, column=COLUMNS.index("location_id") + 1).value == "L1"


def test_more_lines_than_a_sheet_holds_go_on_the_next(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(statement_xlsx, "LINES_A_SHEET", 2)
    one = a_statement()
    lines = [[number, *one.lines[0][1:]] for number in range(1, 6)]
    book = openpyxl.load_workbook(io.BytesIO(to_xlsx(replace(one, lines=lines))))
    assert book.sheetnames == ["Statement", "Lines", "Lines 2", "Lines 3"]
    numbers = [row[0] for name in book.sheetnames[1:] for row in book[name].iter_rows(min_row=2, values_only=True)]
    assert numbers == [1, 2, 3, 4, 5]
    assert book["Lines"].dimensions == "A1:AE3"


def test_a_negative_number_is_a_number_and_not_text() -> None:
    statement = a_statement()
    negative: Mapping[str, Decimal] = {"amount_excl_tax": Decimal("-8.41000000")}
    line = [negative.get(name, value) for name, value in zip(COLUMNS, statement.lines[0], strict=True)]
    credit = replace(statement, lines=[line])
    assert rows(to_csv(credit))[0]["amount_excl_tax"] == "-8.41"
    with zipfile.ZipFile(io.BytesIO(to_xlsx(credit))) as archive:
        assert b"<v>-8.41" in archive.read("xl/worksheets/sheet2.xml")
