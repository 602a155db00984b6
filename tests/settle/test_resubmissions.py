"""A session sent again under a new id: it waits for the credit of the first, and stands once that is there."""

from decimal import Decimal
from pathlib import Path

from tests.settle.by_hand import Books

FIRST = {"session_id": "s1", "evse_uid": "E1", "direction": "payable"}


def books(path: Path, *, is_credited: bool) -> Books:
    made = Books(path)
    made.session("first", claim="6.00", rated="6.00", **FIRST)
    if is_credited:
        made.session(
            "credit", claim="-6.00", rated="-6.00", is_credit=True, credit_reference_id="FIRST", credit_of="first",
            direction="payable",
        )  # fmt: skip
    made.session("second", claim="5.00", rated="5.00", **FIRST)
    made.build()
    return made


def test_other_totals_without_a_credit_wait(tmp_path: Path) -> None:
    found = books(tmp_path / "evsettle.duckdb", is_credited=False)
    assert found.query("select cdr_key, state, settled_excl_tax from settle.cdr_outcomes order by cdr_key") == [
        ("first", "valid", Decimal("6.00")),
        ("second", "held", Decimal(0)),
    ]
    assert found.query("select cdr_key, rule_id, status from reconcile.gate_findings where severity = 'hold'") == [
        ("second", "RESUBMIT_TOTALS_CHANGED", "open")
    ]


def test_after_the_credit_the_second_one_stands(tmp_path: Path) -> None:
    found = books(tmp_path / "evsettle.duckdb", is_credited=True)
    assert found.query("select cdr_key, state, settled_excl_tax from settle.cdr_outcomes order by cdr_key") == [
        ("credit", "credited", Decimal(0)),
        ("first", "credited", Decimal(0)),
        ("second", "valid", Decimal("5.00")),
    ]
