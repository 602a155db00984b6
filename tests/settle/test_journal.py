"""The journal as a file that a spreadsheet opens and does not run."""

from datetime import date
from decimal import Decimal

from orchestration.cli.journal import COLUMNS, to_csv


def test_a_name_that_looks_like_a_formula_is_text_and_an_amount_is_a_number() -> None:
    told = {"entry_id": "statement:a", "line_no": 1, "booked_on": date(2026, 11, 6), "account_name": "=1+1",
            "account": "-1300", "debit": Decimal("-1.5"), "tax_percent": None}  # fmt: skip
    header, line, end = to_csv([[told.get(name, "x") for name in COLUMNS]]).decode().split("\r\n")
    assert header == ",".join(COLUMNS)
    assert line == "statement:a,1,2026-11-06,x,x,x,'-1300,'=1+1,-1.50,x,x,x,,x,x,x,x"
    assert end == ""
