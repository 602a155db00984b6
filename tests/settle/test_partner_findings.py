"""What a partner is told of sessions that are not billed: code, words and next step, and no token."""

import csv
import io
from decimal import Decimal
from pathlib import Path

import duckdb
import openpyxl

from orchestration.defs.settle.partner_findings import COLUMNS, to_csv, to_xlsx

LINE = ["=CMD()", "held", "payable", "2026-10", None, "PRICE_TOTAL_DIFF", "PRICE_TOTAL_DIFF", "hold", "words", "+5 EUR",
        "4 EUR", "Do this.", "finance", "2026-11-10", Decimal("5.00"), Decimal("-5.00"), None, "EUR"]  # fmt: skip


def test_nothing_in_it_is_a_formula_and_numbers_are_numbers() -> None:
    (row,) = csv.DictReader(io.StringIO(to_csv([LINE]).decode()))
    assert (row["subject"], row["found"], row["at_stake_excl_tax"], row["started_at"]) == (
        "'=CMD()",
        "'+5 EUR",
        "-5.00",
        "",
    )
    book = openpyxl.load_workbook(io.BytesIO(to_xlsx([LINE])))
    cells = dict(zip(COLUMNS, next(book["Findings"].iter_rows(min_row=2)), strict=False))
    assert (cells["subject"].value, cells["subject"].data_type) == ("=CMD()", "s")
    assert cells["at_stake_excl_tax"].value == -5


def test_the_same_lines_give_the_same_bytes() -> None:
    assert to_xlsx([LINE]) == to_xlsx([LINE])


def test_each_partner_sees_its_own_with_words_and_next_step(
    finished_home: Path, published: duckdb.DuckDBPyConnection
) -> None:
    expected = dict(published.execute(
        "select partner, count(*) from findings inner join cdrs using (cdr_key) where status = 'open'"
        " and severity in ('reject', 'hold') and caused_by is null and partner is not null group by partner"
    ).fetchall())  # fmt: skip
    seen = {}
    for path in (finished_home / "reports" / "findings").glob("*/findings.csv"):
        rows = list(csv.DictReader(io.StringIO(path.read_text())))
        assert all(row["what_is_wrong"] and row["next_step"] and row["who_acts"] for row in rows)
        seen[path.parent.name] = sum(1 for row in rows if row["state"] != "quarantined")
    assert seen == expected
    assert len(seen) > 3


def test_what_fails_is_on_no_statement(published: duckdb.DuckDBPyConnection) -> None:
    assert published.execute(
        "select cdr_key from statement_lines where cdr_key in (select cdr_key from findings where status = 'open'"
        " and severity in ('reject', 'hold'))"
    ).fetchall() == []  # fmt: skip


def test_no_driver_is_named(finished_home: Path, published: duckdb.DuckDBPyConnection) -> None:
    with duckdb.connect(str(finished_home / "warehouse" / "evsettle.duckdb"), read_only=True) as warehouse:
        ids = {
            value
            for row in warehouse.execute("select distinct token_uid, contract_id from inspect.cdrs").fetchall()
            for value in row
            if value
        }
    told = "".join(path.read_text() for path in (finished_home / "reports" / "findings").glob("*/findings.csv"))
    assert "token #" in told, "a blocked token is told by its pseudonym"
    for table in ("findings", "exceptions", "exception_groups", "events", "tokens", "cdrs"):
        told += repr(published.table(table).fetchall())
    assert len(ids) > 20
    assert not [one for one in ids if one in told]
    # The same driver has the same pseudonym in the tables as in the words of a finding.
    assert published.execute(
        "select count(*) > 0 from findings, tokens where rule_id = 'AUTH_TOKEN_BLOCKED' and observed = 'token ' || token_uid || ' not valid'"
    ).fetchone() == (True,)
