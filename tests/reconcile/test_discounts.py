"""Discounts from master data to the statement: in or out of a plan's window, rounded by policy, added once."""

import csv
import io
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest

from orchestration.defs.settle.statement_csv import to_csv
from orchestration.defs.settle.statements import read_heads, with_lines
from orchestration.warehouse import open_warehouse
from tests.settle.by_hand import Books

BY_LINE = {"discount_percent": "2.5", "rounding_level": "line"}
# Contract of the driver, start, claim, rated price, terms.
SESSIONS: dict[str, tuple[str, datetime, str | None, str, dict[str, Any]]] = {
    "in_window": ("C-GREEN", datetime(2026, 10, 1, tzinfo=UTC), "4.25", "5.00", {}),
    "last_second": ("C-GREEN", datetime(2026, 10, 19, 23, 59, 59, tzinfo=UTC), "4.25", "5.00", {}),
    "out_of_window": ("C-GREEN", datetime(2026, 10, 20, tzinfo=UTC), "5.00", "5.00", {}),
    "both": ("C-GREEN", datetime(2026, 10, 2, tzinfo=UTC), "3.75", "5.00", {"discount_percent": "10"}),
    "stranger": ("C-OTHER", datetime(2026, 10, 2, tzinfo=UTC), "5.00", "5.00", {}),
    "not_given": ("C-GREEN", datetime(2026, 10, 3, tzinfo=UTC), "5.00", "5.00", {}),
    # 5.01 less 0.12525 and 0.7515: by line 5.01 - 0.13 - 0.75 = 4.13, at once 4.13325 = 4.13.
    "unclaimed": ("C-GREEN", datetime(2026, 10, 4, tzinfo=UTC), None, "5.01", BY_LINE),
    # 5.00 less 0.125 and 0.75: by line 5.00 - 0.13 - 0.75 = 4.12, at once 4.125 = 4.13.
    "each_rounded": ("C-GREEN", datetime(2026, 10, 5, tzinfo=UTC), None, "5.00", BY_LINE),
}


@pytest.fixture(scope="module")
def books(tmp_path_factory: pytest.TempPathFactory) -> Books:
    made = Books(tmp_path_factory.mktemp("discounts") / "evsettle.duckdb")
    for key, (contract_id, start, claim, rated, terms) in SESSIONS.items():
        made.session(key, claim=claim, rated=rated, terms=terms, contract_id=contract_id, started_at=start,
                     ended_at=datetime(2026, 10, 21, tzinfo=UTC), direction="payable")  # fmt: skip
    made.raw["raw_memberships"] = [
        {"partner": "emo", "contract_id": "c-green", "plan": "GREEN", "discount_percent": "15",
         "valid_from": datetime(2026, 10, 1, tzinfo=UTC), "valid_to": datetime(2026, 10, 20, tzinfo=UTC),
         "known_seq": 1, "known_from": datetime(2026, 9, 1, tzinfo=UTC), "is_opening": True},
    ]  # fmt: skip
    made.build()
    return made


def test_a_plan_counts_for_a_session_that_starts_in_its_window(books: Books) -> None:
    lines = books.query("select cdr_key, granted_by, plan, amount_excl_tax from reconcile.discount_lines order by all")
    plan = {key: amount for key, granted_by, name, amount in lines if (granted_by, name) == ("membership", "GREEN")}
    assert plan == {
        "in_window": Decimal("-0.75"), "last_second": Decimal("-0.75"), "both": Decimal("-0.75"),
        "not_given": Decimal("-0.75"), "unclaimed": Decimal("-0.7515"), "each_rounded": Decimal("-0.75"),
    }  # fmt: skip


def test_the_expected_price_is_the_rated_one_plus_its_lines_to_the_last_digit(books: Books) -> None:
    assert (
        books.query(
            "select prices.cdr_key from reconcile.expected_prices as prices left join (select cdr_key, sum(amount_excl_tax)"
            " as amount from reconcile.discount_lines group by cdr_key) as lines on prices.cdr_key = lines.cdr_key"
            " where expected_excl_tax <> rated_excl_tax + coalesce(amount, 0) or range_min <> expected_excl_tax"
        )
        == []
    )


def test_what_was_granted_and_not_given_is_held_and_says_so(books: Books) -> None:
    found = books.query("select cdr_key, rule_id from settle.findings where severity = 'hold' order by all")
    assert found == [("not_given", "PRICE_DISCOUNT_DIFF"), ("not_given", "PRICE_TOTAL_DIFF")]


def test_a_statement_shows_the_discount_and_adds_it_once(books: Books) -> None:
    with open_warehouse(books.path) as connection:
        (statement,) = with_lines(connection, read_heads(connection))
    shown = {line["cdr_id"]: line for line in csv.DictReader(io.StringIO(to_csv(statement).decode(), newline=""))}
    amounts = {key.lower(): Decimal(line["amount_excl_tax"]) for key, line in shown.items()}
    assert amounts == {
        "in_window": Decimal("4.25"), "last_second": Decimal("4.25"), "out_of_window": Decimal("5.00"),
        "both": Decimal("3.75"), "stranger": Decimal("5.00"), "unclaimed": Decimal("4.13"),
        "each_rounded": Decimal("4.12"),
    }  # fmt: skip
    assert statement.totals["amount_excl_tax"] == sum(amounts.values())
    both = shown["BOTH"]
    names = ("rated_excl_tax", "discount_excl_tax", "expected_excl_tax")
    assert [both[name] for name in names] == ["5.00", "-1.25", "3.75"]
