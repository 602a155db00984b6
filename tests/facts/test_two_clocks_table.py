"""Twelve cases of the two clocks, worked out by hand before any SQL: checked a second, plain way.

What the pipeline makes of them is tested where its stages are. Here only the table is on trial.
"""

from collections.abc import Iterator, Mapping
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
import yaml

AMSTERDAM = ZoneInfo("Europe/Amsterdam")
TWO_CLOCKS = yaml.safe_load((Path(__file__).parent / "two_clocks.yml").read_text())

Row = Mapping[str, Any]


def known(text: str) -> Decimal:
    assert isinstance(text, str), "amounts are text: a YAML number is a float"
    return Decimal(text)


def runs_of(case: Row) -> Iterator[tuple[Row, list[Row]]]:
    """Each run of a case with the events before it."""
    for position, event in enumerate(case["events"]):
        if event["what"] == "run":
            yield event, case["events"][:position]


def embedded_versions(case: Row) -> dict[str, Row]:
    return {
        session["embedded"]["version"]: session["embedded"]
        for session in case["sessions"].values()
        if "embedded" in session
    }


def version_in_force(case: Row, session: Row, before: list[Row]) -> Row | None:
    """By the sentence of DATA.md: in force at the start, as known, among the approved ones."""
    if "embedded" in session:
        return dict(session["embedded"])
    approved = {event["version"] for event in before if event["what"] == "approve"}
    candidates = [
        event
        for event in before
        if event["what"] == "tariff"
        and event["tariff_id"] == session["tariff_id"]
        and event["valid_from"] <= session["started_at"]
        and (event.get("valid_to") is None or session["started_at"] < event["valid_to"])
        and (case["contract"]["tariff_approval"] == "auto" or event["version"] in approved)
    ]
    return max(candidates, key=lambda event: (event["valid_from"], event["at"]), default=None)


def month_of(instant: datetime) -> str:
    return f"{instant.astimezone(AMSTERDAM):%Y-%m}"


def end_of_cut_off(period: str) -> datetime:
    year, month = (int(part) for part in period.split("-"))
    first_of_next = date(year + month // 12, month % 12 + 1, 1)
    return datetime.combine(first_of_next + timedelta(days=5), time(), AMSTERDAM).astimezone(UTC)


def periods_from(period: str) -> Iterator[str]:
    year, month = (int(part) for part in period.split("-"))
    while True:
        yield f"{year}-{month:02d}"
        year, month = year + month // 12, month % 12 + 1


def billing_period(case: Row, name: str, before: list[Row]) -> str:
    """The first unsealed period whose cut-off is not before what made the session billable."""
    session = case["sessions"][name]
    service = month_of(session["ended_at"])
    history_before = case.get("history_before")
    if history_before and session["ended_at"].astimezone(AMSTERDAM).date() < history_before:
        return service
    clearing = [e["at"] for e in before if e["what"] in ("cdr", "waive") and e["session"] == name][-1]
    # What was on a statement when its period was sealed stays there.
    sealed = {event["period"] for event in before if event["what"] == "seal" and event["at"] <= clearing}
    return next(p for p in periods_from(service) if clearing < end_of_cut_off(p) and p not in sealed)


@pytest.mark.parametrize("case", TWO_CLOCKS["cases"], ids=lambda case: str(case["case"]))
class TestTwoClocks:
    def test_events_are_in_ledger_order(self, case: Row) -> None:
        times = [event["at"] for event in case["events"]]
        assert times == sorted(times)
        assert all(at.tzinfo is not None for at in times)
        assert case["events"][-1]["what"] == "run"
        assert case["shown_by"] in ("now", "later")

    def test_every_session_that_has_arrived_is_expected(self, case: Row) -> None:
        for run, before in runs_of(case):
            assert set(run["expect"]) == {event["session"] for event in before if event["what"] == "cdr"}

    def test_the_version_is_the_one_in_force_and_approved_as_then_known(self, case: Row) -> None:
        sealed_versions: dict[str, str] = {}
        for run, before in runs_of(case):
            is_sealed = any(event["what"] == "seal" for event in before)
            for name, expected in run["expect"].items():
                found = version_in_force(case, case["sessions"][name], before)
                version = sealed_versions.get(name) if is_sealed else None
                assert expected["tariff_version"] == (version or (found and found["version"]))
                if expected["state"] == "valid":
                    sealed_versions[name] = expected["tariff_version"]

    def test_the_price_is_energy_times_the_versions_price(self, case: Row) -> None:
        bodies = {event["version"]: event["body"] for event in case["events"] if event["what"] == "tariff"}
        bodies |= {name: version["body"] for name, version in embedded_versions(case).items()}
        for run, _ in runs_of(case):
            for name, expected in run["expect"].items():
                session = case["sessions"][name]
                if expected["tariff_version"] is None:
                    assert expected["rated_excl_tax"] is None
                    continue
                energy = known(session.get("period_energy_kwh", session["energy_kwh"]))
                price = known(TWO_CLOCKS["bodies"][bodies[expected["tariff_version"]]])
                assert known(expected["rated_excl_tax"]) == energy * price

    def test_the_periods_follow_from_end_cut_off_and_clearing(self, case: Row) -> None:
        for run, before in runs_of(case):
            for name, expected in run["expect"].items():
                assert expected["service_period"] == month_of(case["sessions"][name]["ended_at"])
                if expected["state"] == "valid":
                    assert expected["billing_period"] == billing_period(case, name, before)
                else:
                    assert expected["billing_period"] is None

    def test_what_is_held_says_by_which_rule_and_what_is_valid_agrees(self, case: Row) -> None:
        for run, _ in runs_of(case):
            for name, expected in run["expect"].items():
                claimed = known(case["sessions"][name]["claimed_excl_tax"])
                agrees = expected["rated_excl_tax"] is not None and claimed == known(expected["rated_excl_tax"])
                assert (expected["state"] == "held") == ("held_by" in expected)
                assert agrees or expected["state"] == "held"
                if expected.get("held_by", "").startswith(("TARIFF_", "PERIOD_")):
                    assert expected["held_by"] in expected["findings"]

    def test_an_adjustment_is_worth_exactly_the_difference(self, case: Row) -> None:
        bodies = {event["version"]: event["body"] for event in case["events"] if event["what"] == "tariff"}
        for run, _ in runs_of(case):
            for adjustment in run.get("adjustments", []):
                prices = [
                    known(TWO_CLOCKS["bodies"][bodies[adjustment[side]]]) for side in ("from_version", "to_version")
                ]
                energy = known(case["sessions"][adjustment["session"]]["energy_kwh"])
                assert known(adjustment["amount_excl_tax"]) == energy * (prices[1] - prices[0])


def test_there_are_twelve_cases_of_the_clocks() -> None:
    names = [case["case"] for case in TWO_CLOCKS["cases"]]
    assert len(names) == len(set(names)) == 12
