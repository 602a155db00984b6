"""Every rule of gate 2 has a unit test in which it breaks and one in which it passes, on both sides of its number."""

from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import yaml

from orchestration.gate_asset import suite_paths
from orchestration.suite import Rule, read_suite

MODELS = Path(__file__).resolve().parents[2] / "dbt_project" / "models"
# The models whose columns are the rules.
FLAG_MODELS = ("reconcile_flags", "cdr_completeness", "sequence_flags", "session_flags", "invoice_flags")

# Where the number of a rule is held against a value: model, column, and the rows just inside and just outside.
# A rule with two numbers has a pair for each.
Edge = tuple[str, str, str, str]
EDGES: dict[str, list[Edge]] = {
    "PRICE_TOTAL_DIFF": [("reconcile_flags", "price_total_diff", "at_tolerance", "beyond")],
    "PRICE_COMPONENT_DIFF": [
        ("part_differences", "part_apart", "at_edge", "past_edge"),
        ("part_differences", "part_apart", "in_reach", "past_reach"),
    ],
    "PRICE_COMPONENT_SUM": [("reconcile_flags", "price_component_sum", "at_sum", "beyond_sum")],
    "PRICE_DISCOUNT_DIFF": [("discount_readings", "taken", "edge", "past_edge")],
    "PRICE_STEP_PER_PERIOD": [("wrong_readings", "wrong_reading", "per_period_at", "per_period_beyond")],
    "PRICE_STEP_TIME_PARKING": [
        ("wrong_readings", "wrong_reading", "parking_at", "parking_beyond"),
        ("wrong_readings", "wrong_reading", "time_at", "time_beyond"),
    ],
    "PRICE_MIN_MISAPPLIED": [
        ("wrong_readings", "wrong_reading", "min_at", "min_beyond"),
        ("wrong_readings", "wrong_reading", "on_top_at", "on_top_beyond"),
        ("wrong_readings", "wrong_reading", "gross_min_at", "gross_min_beyond"),
    ],
    "PRICE_MAX_MISAPPLIED": [
        ("wrong_readings", "wrong_reading", "max_at", "max_beyond"),
        ("wrong_readings", "wrong_reading", "gross_max_at", "gross_max_beyond"),
    ],
    "PRICE_ELEMENT_ORDER": [
        ("wrong_readings", "wrong_reading", "order_at", "order_beyond"),
        ("wrong_readings", "wrong_reading", "second_at", "second_beyond"),
    ],
    "PRICE_BAND_IN_UTC": [("wrong_readings", "wrong_reading", "band_at", "band_beyond")],
    "PRICE_ROUNDING_STAGE": [("wrong_readings", "wrong_reading", "rounding_at", "rounding_beyond")],
    "TARIFF_CLAIMED_VS_FORCE": [("wrong_readings", "cited_excl_tax", "version_at", "version_beyond")],
    "PERIOD_TOU_MISSING": [
        ("price_problems", "severity", "at", "beyond"),
        ("price_problems", "severity", "at", "below"),
    ],
    "DUP_CROSS_PARTNER": [
        ("cross_partner_twins", "twin_key", "hub", "later"),
        ("cross_partner_twins", "twin_key", "hub", "much_more"),
    ],
    "CREDIT_NO_ORIGINAL": [("cdr_completeness", "is_original_late", "quiet", "again")],
    "CREDIT_AMOUNT_DIFF": [("reconcile_flags", "credit_amount_diff", "good", "smaller")],
    "CREDIT_SIGN_WRONG": [("reconcile_flags", "credit_sign_wrong", "lost", "positive")],
    "CREDIT_NOT_REPLACED": [("cdr_completeness", "credit_not_replaced", "recent", "alone")],
    "SESSION_MISSING": [("cdr_completeness", "session_missing", "fresh", "no_session")],
    "SESSION_CDR_DIFF": [
        ("cdr_completeness", "session_cdr_diff", "same", "far_energy"),
        ("cdr_completeness", "session_cdr_diff", "same", "far_time"),
    ],
    "RESUBMIT_LIMIT": [
        ("cdr_completeness", "resubmit_limit", "fourth", "fifth"),
        ("cdr_completeness", "resubmit_limit", "in_time", "too_late"),
    ],
    "SEQ_GAP": [("sequence_flags", "seq_gap", "2", "3")],
    "CDR_MISSING": [
        ("session_flags", "cdr_missing", "at_limit", "past_limit"),
        ("session_flags", "cdr_missing", "too_little", "enough"),
    ],
    "INVOICE_CDR_SET_DIFF": [("invoice_flags", "invoice_cdr_set_diff", "agrees", "one_missing")],
    "INVOICE_CDR_TWICE": [("invoice_flags", "invoice_cdr_twice", "agrees", "more_sessions")],
    "VOLUME_INVOICE_DIFF": [
        ("invoice_flags", "volume_invoice_diff", "agrees", "dearer"),
        ("invoice_flags", "volume_invoice_diff", "agrees", "more_energy"),
    ],
}


def declared() -> list[Rule]:
    return [rule for path in suite_paths("reconcile") for rule in read_suite(path).rules]


@cache
def unit_tests(model: str) -> list[dict[str, Any]]:
    (path,) = MODELS.rglob(f"{model}.yml")
    tests: list[dict[str, Any]] = yaml.safe_load(path.read_text()).get("unit_tests", [])
    return tests


def expected(model: str) -> Iterator[dict[str, Any]]:
    for test in unit_tests(model):
        yield from test["expect"]["rows"]


def told_of(model: str, column: str, key: str) -> set[object]:
    """What the unit tests that are given this subject expect of the column; None where they expect no row."""
    told: set[object] = set()
    for test in unit_tests(model):
        rows = test["expect"]["rows"]
        if not any(column in row for row in rows) or not any(key in keys(given["rows"]) for given in test["given"]):
            continue
        told |= {row[column] for row in rows if key in keys([row])} or {None}
    return told


def keys(rows: list[dict[str, Any]] | str) -> set[str]:
    """The subjects of rows, by whatever name their model keys them; rows written as SQL are not looked into."""
    names = ("cdr_key", "session_key", "invoice_key", "file_seq")
    return set() if isinstance(rows, str) else {str(row[name]) for row in rows for name in names if name in row}


def test_every_rule_has_a_breaking_and_a_passing_case() -> None:
    answers = [row for model in FLAG_MODELS for row in expected(model)]
    seen = {
        rule.rule_id: {row[rule.rule_id.lower()] for row in answers if rule.rule_id.lower() in row}
        for rule in declared()
    }
    assert {rule_id: sides for rule_id, sides in seen.items() if not sides >= {0, 1}} == {}


def test_every_number_of_a_rule_has_a_value_on_each_side() -> None:
    numbers = {
        rule.rule_id: sum(number is not None for number in rule.tolerance_numbers)
        for rule in declared()
        if rule.tolerance is not None
    }
    assert {rule_id: many for rule_id, many in numbers.items() if len(EDGES.get(rule_id, ())) < many} == {}
    assert set(EDGES) <= {rule.rule_id for rule in declared()}


@pytest.mark.parametrize(
    ("rule_id", "edge"), [(rule_id, edge) for rule_id, edges in EDGES.items() for edge in edges], ids=str
)
def test_the_two_sides_of_a_number_are_told_apart(rule_id: str, edge: Edge) -> None:
    model, column, inside, outside = edge
    (at,), (beyond,) = told_of(model, column, inside), told_of(model, column, outside)
    assert at != beyond, f"{rule_id}: {model} tells {inside} and {outside} alike"
