"""Remedies through the real models and gates: what the contract allows is adjusted, the rest waits for two people."""

from decimal import Decimal
from pathlib import Path

import pytest

from orchestration.defs.settle.conservation import check
from orchestration.warehouse import open_warehouse
from tests.settle.by_hand import Books

ALLOWED = {"partner": "emo", "contract_version": "v1"}


@pytest.fixture(scope="module")
def settled(tmp_path_factory: pytest.TempPathFactory) -> Books:
    books = Books(tmp_path_factory.mktemp("remedies") / "evsettle.duckdb")
    books.raw["raw_contract_remedies"] = [
        {**ALLOWED, "rule_id": "PRICE_MIN_MISAPPLIED", "limit_excl_tax": "4"},
        {**ALLOWED, "contract_version": "v0", "rule_id": "PRICE_TOTAL_DIFF"},
    ]
    books.session("agreed", claim="5.00", rated="5.00")
    for key, claim, minimum in (("no_minimum", "2.00", "3.00"), ("far_off", "0.50", "4.50")):
        books.session(key, claim=claim, rated="5.00")
        books.rows["rate.price_lines"].append(
            {"cdr_key": key, "reading": "base", "line_no": 2, "kind": "min_price", "part": "limit",
             "amount_excl_tax": minimum}
        )  # fmt: skip
    # Allowed by an earlier version of the contract only.
    books.session("too_high", claim="6.00", rated="5.00")
    books.session("decided", claim="6.00", rated="5.00")
    books.decide(
        "adjust", "decided", amount_excl_tax="5.50", energy_kwh="9", reason_code="ADJ_TARIFF", approved_by="bo"
    )
    books.session("waived", claim="6.00", rated="5.00")
    books.decide("waive", "waived", rule_id="PRICE_TOTAL_DIFF", approved_by="bo")
    books.build()
    return books


def test_each_session_has_its_outcome(settled: Books) -> None:
    rows = settled.query(
        "select cdr_key, state, settled_by, settled_excl_tax from settle.cdr_outcomes order by cdr_key"
    )
    assert rows == [
        ("agreed", "valid", "claim", Decimal("5.00")),
        ("decided", "adjusted", "decision", Decimal("5.50")),
        ("far_off", "held", None, Decimal(0)),
        ("no_minimum", "adjusted", "remedy", Decimal("5.00")),
        ("too_high", "held", None, Decimal(0)),
        ("waived", "valid", "claim", Decimal("6.00")),
    ]


def test_an_answer_to_a_root_answers_what_it_caused(settled: Books) -> None:
    rows = settled.query(
        "select cdr_key, rule_id, status, waived_by from (from reconcile.gate_findings union all from settle.gate_findings)"
        " where severity <> 'warn' order by all"
    )
    assert rows == [
        ("decided", "PRICE_TOTAL_DIFF", "waived", "adjustment"),
        ("far_off", "ADJUSTMENT_LIMIT", "open", None),
        ("far_off", "PRICE_MIN_MISAPPLIED", "waived", "remedy"),
        ("far_off", "PRICE_TOTAL_DIFF", "waived", "remedy"),
        ("no_minimum", "PRICE_MIN_MISAPPLIED", "waived", "remedy"),
        ("no_minimum", "PRICE_TOTAL_DIFF", "waived", "remedy"),
        ("too_high", "PRICE_TOTAL_DIFF", "open", None),
        ("waived", "PRICE_TOTAL_DIFF", "waived", "waiver"),
    ]


def test_an_adjustment_says_before_after_why_and_who(settled: Books) -> None:
    rows = settled.query(
        "select cdr_key, rule_id, reason_code, before_excl_tax, after_excl_tax, delta_excl_tax, after_energy_kwh,"
        " contract_version, decision_seq, decided_by, approved_by from settle.adjustments order by cdr_key"
    )
    assert rows == [
        ("decided", None, "ADJ_TARIFF", Decimal(6), Decimal("5.5"), Decimal("-0.5"), Decimal(9), None, 100, "ann", "bo"),
        ("no_minimum", "PRICE_MIN_MISAPPLIED", "ADJ_CLAMP", Decimal(2), Decimal(5), Decimal(3), Decimal(10), "v1", None,
         None, None),
    ]  # fmt: skip


def test_what_the_contract_does_not_allow_waits_with_its_amount(settled: Books) -> None:
    rows = settled.query(
        "select cdr_key, rule_id, owner, before_excl_tax, after_excl_tax, waits_for, is_beyond_limit"
        " from settle.proposals order by cdr_key"
    )
    assert rows == [
        ("far_off", "PRICE_MIN_MISAPPLIED", "platform", Decimal("0.5"), Decimal(5), "proposal", True),
        ("too_high", "PRICE_TOTAL_DIFF", "platform", Decimal(6), Decimal(5), "proposal", False),
    ]


def test_the_limit_is_told_in_words(settled: Books) -> None:
    assert settled.query("select observed, expected from settle.gate_findings where rule_id = 'ADJUSTMENT_LIMIT'") == [
        ("PRICE_MIN_MISAPPLIED would settle 5.0000 instead of 0.5000 EUR", "a change of at most 4.0000")
    ]


def test_the_law_holds_in_money_and_energy(settled: Books, tmp_path: Path) -> None:
    with open_warehouse(settled.path) as connection:
        assert check(connection) == []
    assert settled.query("select energy_kwh, amount_excl_tax from settle.waterfall where step = 'adjustments'") == [
        (Decimal(-1), Decimal("2.50"))
    ]
    assert settled.query(
        "select energy_kwh, amount_excl_tax from settle.statement_lines where cdr_key = 'decided'"
    ) == [(Decimal(9), Decimal("5.50"))]
