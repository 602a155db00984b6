"""`tariff diff` says what somebody pays otherwise, when, and nothing else."""

from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from orchestration.defs.ingest.tariff import parse_tariff
from orchestration.defs.ingest.tariff_elements import Element
from orchestration.tariffs.diff import changes
from tests.factories import a_component, a_tariff
from tests.tariffs.test_situations import ELEMENTS, a_tariff_of

WEEKDAYS = ["MONDAY", "TUESDAY", "WEDNESDAY", "THURSDAY", "FRIDAY"]
PEAK = {"start_time": "08:00", "end_time": "20:00", "day_of_week": WEEKDAYS}


def _element(price: float = 0.3, restrictions: dict[str, Any] | None = None, **component: Any) -> dict[str, Any]:
    element: dict[str, Any] = {"price_components": [a_component(price=price, **component)]}
    return element | ({"restrictions": restrictions} if restrictions else {})


def _said(before: dict[str, Any], after: dict[str, Any]) -> list[str]:
    return [change.sentence() for change in changes(parse_tariff(before), parse_tariff(after))]


def test_a_price_that_rises_in_a_window() -> None:
    before = a_tariff(elements=[_element(0.45, PEAK), _element(0.31)])
    after = a_tariff(elements=[_element(0.49, PEAK), _element(0.31)])
    assert _said(before, after) == ["Energy on weekdays 08:00-20:00: 0.45 -> 0.49 EUR/kWh (+8.9 %)"]


def test_a_window_that_grows_changes_the_hour_it_gains() -> None:
    before = a_tariff(elements=[_element(0.45, PEAK), _element(0.31)])
    after = a_tariff(elements=[_element(0.45, PEAK | {"end_time": "21:00"}), _element(0.31)])
    assert _said(before, after) == ["Energy on weekdays 20:00-21:00: 0.31 -> 0.45 EUR/kWh (+45.2 %)"]


def test_what_is_written_otherwise_and_costs_the_same_is_no_change() -> None:
    day, night = {"start_time": "08:00", "end_time": "20:00"}, {"start_time": "20:00", "end_time": "08:00"}
    before = a_tariff(elements=[_element(0.4, day), _element(0.2)])
    assert _said(before, a_tariff(elements=[_element(0.2, night), _element(0.40, day)])) == []
    morning, afternoon = day | {"end_time": "12:00"}, day | {"start_time": "12:00"}
    assert _said(before, a_tariff(elements=[_element(0.4, morning), _element(0.4, afternoon), _element(0.2)])) == []


def test_an_order_that_changes_a_price_is_a_change() -> None:
    weekend = {"day_of_week": ["SATURDAY", "SUNDAY"]}
    night = {"start_time": "22:00", "end_time": "06:00"}
    before = a_tariff(elements=[_element(0.5, weekend), _element(0.2, night), _element(0.4)])
    after = a_tariff(elements=[_element(0.2, night), _element(0.5, weekend), _element(0.4)])
    assert _said(before, after) == ["Energy on weekends 00:00-06:00 and 22:00-24:00: 0.50 -> 0.20 EUR/kWh (-60.0 %)"]


def test_what_begins_or_ceases_to_be_charged() -> None:
    idle = {"price_components": [a_component("PARKING_TIME", 3, step_size=60)], "restrictions": {"min_duration": 5400}}
    before, after = a_tariff(elements=[_element()]), a_tariff(elements=[_element(), idle])
    assert _said(before, after) == [
        "Idle time after 90 minutes: no charge -> 3.00 EUR/hour, plus 21 % tax, billed in steps of 1 minute"
    ]
    assert _said(after, before) == [
        "Idle time after 90 minutes: 3.00 EUR/hour, plus 21 % tax, billed in steps of 1 minute -> no charge"
    ]


def test_tax_steps_limits_and_validity() -> None:
    before = a_tariff(elements=[_element(vat=21)], start_date_time="2026-01-01T00:00:00Z")
    after = a_tariff(
        elements=[_element(vat=9, step_size=500)], start_date_time="2026-02-01T00:00:00Z", max_price={"excl_vat": 40}
    )
    assert _said(before, a_tariff(elements=[_element(vat=9)], start_date_time="2026-01-01T00:00:00Z")) == [
        "Tax on energy: plus 21 % tax -> plus 9 % tax"
    ]
    assert _said(before, after)[-2:] == [
        "Most a session costs, without tax: no limit -> 40.00 EUR",
        "Holds from: 2026-01-01 00:00 UTC -> 2026-02-01 00:00 UTC",
    ]
    stepped = a_tariff(elements=[_element(step_size=500)], start_date_time="2026-01-01T00:00:00Z")
    assert _said(before, stepped) == ["Energy: billed exactly -> billed in steps of 0.5 kWh"]


def test_another_currency_is_another_price() -> None:
    assert _said(a_tariff(), a_tariff(currency="CHF")) == [
        "Energy: 0.30 EUR/kWh -> 0.30 CHF/kWh",
        "Currency: EUR -> CHF",
    ]


@settings(max_examples=150, deadline=None)
@given(st.lists(ELEMENTS, min_size=1, max_size=4))
def test_a_tariff_differs_from_itself_in_nothing(elements: list[Element]) -> None:
    assert changes(a_tariff_of(*elements), a_tariff_of(*elements)) == []
