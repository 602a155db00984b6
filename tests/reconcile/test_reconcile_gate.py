"""Gate 2 through the real models: claims, credits and twins become findings, and what passes is billable."""

from decimal import Decimal
from pathlib import Path

import pytest

from tests.settle.by_hand import Books, build_reconcile

PARTS = {"claimed_fixed_excl_tax": "0", "claimed_energy_excl_tax": "5.00"}


@pytest.fixture(scope="module")
def judged(tmp_path_factory: pytest.TempPathFactory) -> Books:
    books = Books(tmp_path_factory.mktemp("judged") / "evsettle.duckdb")
    books.session("right", claim="5.00", rated="5.00", **PARTS)
    books.session("at_tolerance", claim="5.02", rated="5.00")
    books.session("at_percent", claim="100.10", rated="100.00")
    books.session("over_percent", claim="100.11", rated="100.00")
    books.session("own_claim", claim="6.00", rated="5.00", direction="receivable")
    books.session("their_claim", claim="6.00", rated="5.00", direction="payable")
    books.session("no_price", claim="5.00", rated=None)
    books.session("no_claim", claim=None, rated="5.00")
    books.session("no_discount", claim="5.00", rated="5.00", terms={"discount_percent": "10"}, direction="payable")
    books.session("parts_apart", claim="5.00", rated="5.00", **{**PARTS, "claimed_energy_excl_tax": "4.00"})
    books.session("o", claim="5.00", rated="5.00")
    books.session("c1", claim="-5.00", rated="-5.00", is_credit=True, credit_reference_id="O", credit_of="o")
    books.session("c2", claim="-5.00", rated="-5.00", is_credit=True, credit_reference_id="O", credit_of="o")
    books.session("o2", claim="5.00", rated="5.00")
    books.session("c_small", claim="-4.00", rated="-4.00", is_credit=True, credit_reference_id="O2", credit_of="o2")
    books.session("c_lost", claim="-5.00", rated="-5.00", is_credit=True, credit_reference_id="X")
    books.session("c_bare", claim="-5.00", rated="-5.00", is_credit=True)
    books.session("old_minus", claim="-5.00", rated="5.00", ocpi_version="2.1.1", direction="payable")
    books.session("direct", claim="5.00", rated="5.00", evse_uid="E9", source="emo")
    books.session("by_hub", claim="5.00", rated="5.00", evse_uid="E9", source="hub", energy_kwh="10.1")
    books.session("unpriced_part", claim="5.00", rated="5.00")
    books.rows["rate.price_problems"].append(
        {"cdr_key": "unpriced_part", "reading": "base", "rule_id": "TARIFF_NO_ELEMENT", "severity": "warn",
         "is_blocking": False, "message": "0.5 h of PARKING_TIME has no price."}
    )  # fmt: skip
    books.session("waived", claim="6.00", rated="5.00", direction="payable")
    books.decide("waive", "waived", rule_id="PRICE_TOTAL_DIFF")
    books.session("no_minimum", claim="2.00", rated="5.00")
    books.rows["rate.price_lines"].append(
        {"cdr_key": "no_minimum", "reading": "base", "line_no": 2, "kind": "min_price", "part": "limit",
         "amount_excl_tax": "3.00"}
    )  # fmt: skip
    books.session("out", claim="5.00", rated="5.00")
    books.decide("exclude", "out")
    books.session("held_before", claim="5.00", rated="5.00")
    books.verdicts["held_before"] = "hold"
    books.write()
    build_reconcile(books.path)
    return books


FOUND = {
    "right": [],
    "at_tolerance": [],
    "at_percent": [],
    "over_percent": [("PRICE_TOTAL_DIFF", "hold", "platform")],
    "own_claim": [("PRICE_TOTAL_DIFF", "hold", "platform")],
    "their_claim": [("PRICE_TOTAL_DIFF", "hold", "finance")],
    "no_price": [("PRICE_NOT_COMPUTABLE", "hold", "platform")],
    "no_claim": [],
    "no_discount": [("PRICE_DISCOUNT_DIFF", "hold", "finance"), ("PRICE_TOTAL_DIFF", "hold", "finance")],
    "parts_apart": [("PRICE_COMPONENT_DIFF", "hold", "platform"), ("PRICE_COMPONENT_SUM", "warn", "finance")],
    "o": [],
    "c1": [],
    "c2": [("CREDIT_DOUBLE", "reject", "finance")],
    "o2": [],
    "c_small": [("CREDIT_AMOUNT_DIFF", "hold", "finance")],
    "c_lost": [("CREDIT_NO_ORIGINAL", "hold", "finance")],
    "c_bare": [("CREDIT_FLAGS", "reject", "platform")],
    "old_minus": [("CREDIT_211_MARKER", "hold", "platform"), ("PRICE_TOTAL_DIFF", "hold", "finance")],
    "direct": [("DUP_CROSS_PARTNER", "hold", "operations")],
    "by_hub": [("DUP_CROSS_PARTNER", "hold", "operations")],
    "unpriced_part": [("TARIFF_NO_ELEMENT", "warn", "finance")],
    "waived": [("PRICE_TOTAL_DIFF", "hold", "finance")],
    "no_minimum": [("PRICE_MIN_MISAPPLIED", "hold", "platform"), ("PRICE_TOTAL_DIFF", "hold", "platform")],
    "out": [],
    "held_before": [],
}


@pytest.mark.parametrize("key", FOUND)
def test_a_rule_finds_what_it_should_and_no_more(judged: Books, key: str) -> None:
    found = judged.query(
        f"select rule_id, severity, owner from reconcile.gate_findings where cdr_key = '{key}' order by rule_id"
    )
    assert found == FOUND[key]


def test_the_worst_open_finding_is_the_verdict(judged: Books) -> None:
    verdicts = dict(judged.query("select cdr_key, verdict from reconcile.gate_verdicts"))
    assert verdicts["right"] == verdicts["unpriced_part"] == verdicts["waived"] == "pass"
    assert verdicts["own_claim"] == verdicts["no_price"] == "hold"
    assert verdicts["c2"] == "reject"
    assert len(verdicts) == len(FOUND)


def test_only_what_both_gates_passed_and_nobody_excluded_is_billable(judged: Books) -> None:
    billable = {key for (key,) in judged.query("select cdr_key from reconcile.cdrs_billable")}
    assert billable == {
        "right", "at_tolerance", "at_percent", "no_claim", "o", "c1", "o2", "unpriced_part", "waived",
    }  # fmt: skip


def test_a_finding_quotes_both_amounts(judged: Books) -> None:
    quoted = judged.query(
        "select observed, expected from reconcile.gate_findings "
        "where cdr_key = 'over_percent' and rule_id = 'PRICE_TOTAL_DIFF'"
    )
    assert quoted == [("100.1100 EUR", "100.0000 EUR within 0.1000")]


def test_the_missing_discount_is_the_root_of_the_difference(judged: Books) -> None:
    rows = judged.query(
        "select effect.rule_id, root.rule_id from reconcile.gate_findings as effect "
        "inner join reconcile.gate_findings as root on effect.caused_by = root.finding_id"
    )
    assert ("PRICE_TOTAL_DIFF", "PRICE_DISCOUNT_DIFF") in rows
    assert ("PRICE_TOTAL_DIFF", "PRICE_MIN_MISAPPLIED") in rows
    assert ("PRICE_COMPONENT_SUM", "PRICE_COMPONENT_DIFF") in rows


def test_an_unpriced_session_has_no_expected_price_at_all(judged: Books) -> None:
    assert judged.query(
        "select expected_excl_tax, difference from reconcile.expected_prices where cdr_key = 'no_price'"
    ) == [(None, None)]


def test_a_key_in_work_without_a_cdr_leaves_nothing_behind(judged: Books, tmp_path: Path) -> None:
    books = Books(tmp_path / "evsettle.duckdb")
    books.session("gone", claim="6.00", rated="5.00")
    books.session("stays", claim="5.00", rated="5.00")
    books.write()
    build_reconcile(books.path)
    del books.rows["inspect.cdrs"][0]
    books.rows["inspect.cdrs"][0]["claimed_excl_tax"] = "5.01"
    books.write()
    build_reconcile(books.path)
    assert books.query("select cdr_key, claimed_excl_tax from reconcile.expected_prices") == [
        ("stays", Decimal("5.01"))
    ]
    assert books.query("select count(*) from reconcile.gate_findings") == [(0,)]
    assert books.query("select cdr_key from reconcile.gate_verdicts") == [("stays",)]
