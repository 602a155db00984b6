"""The SQL models against the independent oracle, on generated CDRs of every version."""

import json
from random import Random
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.rate.cdr_generator import a_cdr
from tests.rate.oracle import shown, totals
from tests.rate.oracle_readings import price_range, split_totals
from tests.rate.sessions import answers, to_json

ZONES = ["Europe/Amsterdam", "Europe/London", "America/New_York", "Australia/Lord_Howe", "Asia/Kathmandu"]
NAMES = {"cost": "total_cost", "fixed": "total_fixed_cost", "energy": "total_energy_cost", "time": "total_time_cost",
         "parking": "total_parking_cost", "reservation": "total_reservation_cost"}  # fmt: skip


def disagreements(cdrs: list[dict[str, Any]], zone: str, policy: str = "as_sent") -> list[str]:
    """One text for each CDR that the oracle and the models price differently."""
    found = []
    for cdr, answer in zip(cdrs, answers(cdrs, time_zone=zone, period_policy=policy), strict=True):
        exact = totals(cdr, zone) if policy == "as_sent" else split_totals(cdr, zone)
        expected = {
            name: None if exact is None else {"excl_vat": shown(exact[part][0]), "incl_vat": shown(exact[part][1])}
            for part, name in NAMES.items()
        }
        if expected != {name: answer[name] for name in NAMES.values()}:
            found.append(f"{zone}\n{to_json(cdr)}\nexpected {expected}\nanswered {json.dumps(answer)}")
    return found


def range_disagreements(cdrs: list[dict[str, Any]], zone: str) -> list[str]:
    """One text for each CDR whose range of honest prices the oracle and the models see differently."""
    found = []
    for cdr, answer in zip(cdrs, answers(cdrs, time_zone=zone), strict=True):
        bounds = price_range(cdr, zone)
        expected = (None, None) if bounds is None else (shown(bounds[0]), shown(bounds[1]))
        if expected != (answer["range"]["min"], answer["range"]["max"]):
            found.append(f"{zone}\n{to_json(cdr)}\nexpected {expected}\nanswered {json.dumps(answer)}")
    return found


def batch_of(seed: int, count: int) -> tuple[list[dict[str, Any]], str]:
    random = Random(seed)
    zone = random.choice(ZONES)
    return [a_cdr(random, number) for number in range(count)], zone


@settings(max_examples=2, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
@given(st.integers(0, 2**32))
def test_the_models_price_as_the_oracle_does(seed: int) -> None:
    found = disagreements(*batch_of(seed, 250))
    assert not found, f"{len(found)} of 250, the first:\n{found[0]}"


@settings(max_examples=1, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
@given(st.integers(0, 2**32))
def test_the_models_cut_periods_and_range_prices_as_the_oracle_does(seed: int) -> None:
    cdrs, _ = batch_of(seed, 200)
    # A zone whose clock is set back where the generator likes to be.
    for found in (disagreements(cdrs, "Europe/Amsterdam", "split"), range_disagreements(cdrs, "Europe/Amsterdam")):
        assert not found, f"{len(found)} of 200, the first:\n{found[0]}"


@pytest.mark.slow
@settings(max_examples=10, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
@given(st.integers(0, 2**32))
def test_the_models_price_twenty_thousand_as_the_oracle_does(seed: int) -> None:
    cdrs, zone = batch_of(seed, 2000)
    for found in (
        disagreements(cdrs, zone), disagreements(cdrs, zone, "split"), range_disagreements(cdrs, zone)
    ):  # fmt: skip
        assert not found, f"{len(found)} of 2000, the first:\n{found[0]}"
