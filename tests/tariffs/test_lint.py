"""Each check of `tariff lint`: a tariff that breaks it and one that does not."""

import json
from typing import Any

import pytest

from orchestration.defs.ingest.tariff import parse_tariff
from orchestration.tariffs.lint import lint
from orchestration.tariffs.lint_versions import Window
from tests.factories import a_component, a_tariff


def _elements(*elements: tuple[list[dict[str, Any]], dict[str, Any]]) -> list[dict[str, Any]]:
    return [
        {"price_components": components} | ({"restrictions": restrictions} if restrictions else {})
        for components, restrictions in elements
    ]


def _codes(tariff: dict[str, Any], severity: str | None = None) -> dict[str, tuple[int | None, int | None, str]]:
    found = lint(json.dumps(tariff)).problems
    return {p.code: (p.element, p.component, p.path) for p in found if severity in (None, p.severity)}


def _energy(price: float = 0.3, **override: Any) -> list[dict[str, Any]]:
    return [a_component(price=price, **override)]


DAY, NIGHT = {"start_time": "08:00", "end_time": "20:00"}, {"start_time": "20:00", "end_time": "08:00"}


def test_a_plain_tariff_has_nothing_to_be_said() -> None:
    linted = lint(json.dumps(a_tariff(start_date_time="2026-01-01T00:00:00Z")))
    assert (linted.problems, linted.errors, linted.warnings) == ((), 0, 0)


def test_a_restriction_that_cannot_be_read_makes_nothing_else_dead() -> None:
    elements = _elements((_energy(0.2), {"day_of_week": ["SATTURDAY"]}), (_energy(), {}))
    assert _codes(a_tariff(elements=elements), "error") == {
        "UNREADABLE": (1, None, "$.elements[0].restrictions.day_of_week")
    }


def test_a_number_that_counts_rounded_is_told() -> None:
    elements = _elements((_energy(), DAY), ([a_component(price="0.123456789012")], {}))
    tariff = a_tariff(elements=elements, max_price={"excl_vat": "5.000000001"})
    found = [(p.severity, p.message, p.path) for p in lint(json.dumps(tariff)).problems if p.code == "PRECISION"]
    assert found == [
        ("warn", "Max_price.excl_vat is 5.000000001, and counts as 5.", "$.max_price.excl_vat"),
        ("warn", "Price is 0.123456789012, and counts as 0.12345679.", "$.elements[1].price_components[0].price"),
    ]
    assert "PRECISION" not in _codes(a_tariff(elements=_elements((_energy(0.12345678), {}))))


# What is broken, at which element, component and path; then the same mended.
CASES: dict[str, tuple[dict[str, Any], str, tuple[int | None, int | None, str], dict[str, Any]]] = {
    "covered by one": (
        {"elements": _elements((_energy(), {}), (_energy(0.2), DAY))},
        "DEAD_ELEMENT", (2, 1, "$.elements[1].price_components[0]"),
        {"elements": _elements((_energy(0.2), DAY), (_energy(), {}))},
    ),
    "covered by two together": (
        {"elements": _elements((_energy(), DAY), (_energy(0.2), NIGHT), (_energy(0.1), {"day_of_week": ["MONDAY"]}))},
        "DEAD_ELEMENT", (3, 1, "$.elements[2].price_components[0]"),
        {"elements": _elements((_energy(0.1), {"day_of_week": ["MONDAY"]}), (_energy(), DAY), (_energy(0.2), NIGHT))},
    ),
    "an expired reservation asks its own elements first": (
        {"elements": _elements((_energy(), {}), ([a_component("FLAT", 1)], {"reservation": "RESERVATION_EXPIRES"}),
                               ([a_component("FLAT", 2)], {"reservation": "RESERVATION_EXPIRES"}))},
        "DEAD_ELEMENT", (3, 1, "$.elements[2].price_components[0]"),
        {"elements": _elements((_energy(), {}), ([a_component("FLAT", 1)], {"reservation": "RESERVATION"}),
                               ([a_component("FLAT", 2)], {"reservation": "RESERVATION_EXPIRES"}))},
    ),
    "the same dimension twice": (
        {"elements": _elements(([a_component(), a_component(price=0.5)], {}))},
        "DEAD_COMPONENT", (1, 2, "$.elements[0].price_components[1]"),
        {"elements": _elements(([a_component(), a_component("FLAT", 0.5)], {}))},
    ),
    "hours without a price": (
        {"elements": _elements((_energy(), DAY))},
        "GAP", (None, None, "$.elements"),
        {"elements": _elements((_energy(), DAY), (_energy(0.2), NIGHT))},
    ),
    "nothing at all is charged": (
        {"elements": _elements((_energy(), DAY))},
        "NOTHING_CHARGED", (None, None, "$.elements"),
        {"elements": _elements((_energy(), DAY), ([a_component("TIME", 2)], {}))},
    ),
    "no fallback": (
        {"elements": _elements((_energy(), DAY), (_energy(0.2), NIGHT))},
        "NO_FALLBACK", (None, None, "$.elements"),
        {"elements": _elements((_energy(), DAY), (_energy(0.2), {}))},
    ),
    "two windows that overlap": (
        {"elements": _elements((_energy(0.4), DAY), (_energy(0.5), {"start_time": "18:00", "end_time": "22:00"}),
                               (_energy(), {}))},
        "OVERLAP", (2, 1, "$.elements[1].price_components[0]"),
        {"elements": _elements((_energy(0.4), DAY), (_energy(0.5), {"start_time": "20:00", "end_time": "22:00"}),
                               (_energy(), {}))},
    ),
    "start = end": (
        {"elements": _elements((_energy(0.4), {"start_time": "07:00", "end_time": "07:00"}), (_energy(), {}))},
        "START_EQUALS_END", (1, None, "$.elements[0].restrictions"),
        {"elements": _elements((_energy(0.4), {"start_time": "00:00", "end_time": "00:00"}))},
    ),
    "min over max": (
        {"elements": _elements((_energy(0.4), {"min_kwh": 20, "max_kwh": 20}), (_energy(), {}))},
        "EMPTY_RANGE", (1, None, "$.elements[0].restrictions"),
        {"elements": _elements((_energy(0.4), {"min_kwh": 20, "max_kwh": 21}), (_energy(), {}))},
    ),
    "dates that are over when the tariff starts": (
        {"start_date_time": "2026-06-01T00:00:00Z",
         "elements": _elements((_energy(0.4), {"end_date": "2026-05-01"}), (_energy(), {}))},
        "OUTSIDE_VALIDITY", (1, None, "$.elements[0].restrictions"),
        {"start_date_time": "2026-06-01T00:00:00Z",
         "elements": _elements((_energy(0.4), {"end_date": "2026-07-01"}), (_energy(), {}))},
    ),
    "a night that ends at midnight": (
        {"elements": _elements((_energy(0.2), {"start_time": "22:00", "end_time": "06:00", "day_of_week": ["FRIDAY"]}),
                               (_energy(), {}))},
        "WRAPS_TO_ANOTHER_DAY", (1, None, "$.elements[0].restrictions"),
        {"elements": _elements((_energy(0.2), {"start_time": "22:00", "end_time": "06:00"}), (_energy(), {}))},
    ),
    "minutes for seconds": (
        {"elements": _elements(([a_component("PARKING_TIME", 3)], {"min_duration": 30}), (_energy(), {}))},
        "DURATION_UNIT", (1, None, "$.elements[0].restrictions"),
        {"elements": _elements(([a_component("PARKING_TIME", 3)], {"min_duration": 1800}), (_energy(), {}))},
    ),
    "W for kW": (
        {"elements": _elements((_energy(0.2), {"max_power": 11000}), (_energy(), {}))},
        "POWER_UNIT", (1, None, "$.elements[0].restrictions"),
        {"elements": _elements((_energy(0.2), {"max_power": 11}), (_energy(), {}))},
    ),
    "seconds for Wh": (
        {"elements": _elements((_energy(step_size=300), {}))},
        "STEP_UNIT", (1, 1, "$.elements[0].price_components[0].step_size"),
        {"elements": _elements((_energy(step_size=500), {}))},
    ),
    "a large step": (
        {"elements": _elements((_energy(step_size=5000), {}))},
        "STEP_LARGE", (1, 1, "$.elements[0].price_components[0].step_size"),
        {"elements": _elements((_energy(step_size=1000), {}))},
    ),
    "no step": (
        {"elements": _elements((_energy(step_size=None), {}))},
        "STEP_MISSING", (1, 1, "$.elements[0].price_components[0].step_size"),
        {"elements": _elements((_energy(step_size=1), {}))},
    ),
    "steps that differ": (
        {"elements": _elements((_energy(step_size=100), DAY), (_energy(step_size=500), {}))},
        "STEPS_DIFFER", (None, None, "$.elements"),
        {"elements": _elements((_energy(step_size=100), DAY), (_energy(0.2, step_size=100), {}))},
    ),
    "a fee with a step": (
        {"elements": _elements((_energy(), {}), ([a_component("FLAT", 1, step_size=60)], {}))},
        "STEP_UNUSED", (2, 1, "$.elements[1].price_components[0].step_size"),
        {"elements": _elements((_energy(), {}), ([a_component("FLAT", 1, step_size=1)], {}))},
    ),
    "a currency that does not exist": ({"currency": "EUX"}, "CURRENCY", (None, None, "$.currency"), {"currency": "CHF"}),
    "no currency": ({"currency": None}, "CURRENCY", (None, None, "$.currency"), {}),
    "no VAT at all": (
        {"elements": _elements((_energy(vat=None), {}))},
        "MISSING_VAT", (None, None, "$.elements"),
        {"elements": _elements((_energy(vat=0), {}))},
    ),
    "no VAT on one": (
        {"elements": _elements((_energy(), DAY), (_energy(0.2, vat=None), {}))},
        "MISSING_VAT", (2, 1, "$.elements[1].price_components[0].vat"),
        {"elements": _elements((_energy(), DAY), (_energy(0, vat=None), {}))},
    ),
    "a fraction as a rate": (
        {"elements": _elements((_energy(vat=0.21), {}))},
        "TAX_RATE", (1, 1, "$.elements[0].price_components[0].vat"),
        {"elements": _elements((_energy(vat=21), {}))},
    ),
    "a rate that is ignored": (
        {"tax_included": "N/A"}, "TAX_IGNORED", (1, 1, "$.elements[0].price_components[0].vat"), {"tax_included": "NO"},
    ),
    "least over most": (
        {"min_price": {"excl_vat": 5}, "max_price": {"excl_vat": 4}},
        "MIN_OVER_MAX", (None, None, "$.min_price"),
        {"min_price": {"excl_vat": 4}, "max_price": {"excl_vat": 4}},
    ),
    "gross below net": (
        {"max_price": {"excl_vat": 5, "incl_vat": 4}}, "GROSS_BELOW_NET", (None, None, "$.max_price"),
        {"max_price": {"excl_vat": 4, "incl_vat": 5}},
    ),
    "cents": (
        {"elements": _elements((_energy(39), {}))}, "PRICE_HIGH", (1, 1, "$.elements[0].price_components[0].price"),
        {"elements": _elements((_energy(0.39), {}))},
    ),
    "an unknown dimension": (
        {"elements": _elements((_energy(), {}), ([a_component("PARKING", 3)], {}))},
        "UNKNOWN_DIMENSION", (2, 1, "$.elements[1].price_components[0].type"),
        {"elements": _elements((_energy(), {}), ([a_component("PARKING_TIME", 3)], {}))},
    ),
    "an unknown restriction": (
        {"elements": _elements((_energy(), {"colour": "red"}))},
        "UNKNOWN_RESTRICTION", (1, None, "$.elements[0].restrictions.colour"),
        {"elements": _elements((_energy(), {}))},
    ),
    "an element without prices": (
        {"elements": _elements((_energy(), {}), ([], {}))},
        "EMPTY_ELEMENTS", (2, None, "$.elements[1].price_components"),
        {"elements": _elements((_energy(), {}))},
    ),
    "no elements": ({"elements": []}, "EMPTY_ELEMENTS", (None, None, "$.elements"), {}),
    "an end before its start": (
        {"start_date_time": "2026-02-01T00:00:00Z", "end_date_time": "2026-01-01T00:00:00Z"},
        "VALIDITY", (None, None, "$.end_date_time"),
        {"start_date_time": "2026-01-01T00:00:00Z", "end_date_time": "2026-02-01T00:00:00Z"},
    ),
    "energy of a reservation": (
        {"elements": _elements((_energy(), {}), (_energy(0.2), {"reservation": "RESERVATION"}))},
        "RESERVATION_DIMENSION", (2, 1, "$.elements[1].price_components[0]"),
        {"elements": _elements((_energy(), {}), ([a_component("TIME", 2)], {"reservation": "RESERVATION"}))},
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", CASES)
def test_a_check_finds_its_fault_with_its_place_and_nothing_once_it_is_mended(name: str) -> None:
    broken, code, place, mended = CASES[name]
    assert _codes(a_tariff(**broken)).get(code) == place
    assert code not in _codes(a_tariff(**mended))


def test_a_gap_says_when() -> None:
    tariff = a_tariff(elements=_elements(
        (_energy(), DAY | {"day_of_week": ["MONDAY", "TUESDAY", "WEDNESDAY", "THURSDAY", "FRIDAY"]}),
        (_energy(0.2), {"day_of_week": ["SATURDAY"]}),
    ))  # fmt: skip
    said = [p.message for p in lint(json.dumps(tariff)).problems if p.code == "GAP"]
    assert said == [
        "Energy has no price weekdays 00:00-08:00 and 20:00-24:00: it is free then.",
        "Energy has no price Sunday: it is free then.",
    ]


# A version from January that ends (or not), the one after it, and what is said of the second.
VERSIONS: dict[str, tuple[dict[str, Any], dict[str, Any], dict[str, str]]] = {
    "it follows": ({"end_date_time": "2026-07-01T00:00:00Z"}, {"start_date_time": "2026-07-01T00:00:00Z"}, {}),
    "an open end is ended by the next": ({}, {"start_date_time": "2026-07-01T00:00:00Z"}, {}),
    "a day without": (
        {"end_date_time": "2026-06-30T00:00:00Z"}, {"start_date_time": "2026-07-01T00:00:00Z"},
        {"VERSION_GAP": "No version holds from 2026-06-30 00:00Z to 2026-07-01 00:00Z: "
                        "what starts then has no price."}),
    "a day with two": (
        {"end_date_time": "2026-07-02T00:00:00Z"}, {"start_date_time": "2026-07-01T00:00:00Z"},
        {"VERSION_OVERLAP": "The version before it says that it ends only on 2026-07-02 00:00Z, after this one starts."}),
    "one start": ({}, {"start_date_time": "2026-01-01T00:00:00Z"},
                  {"VERSION_OVERLAP": "Another version holds from 2026-01-01 00:00Z too."}),
    "no news": (
        {}, {"start_date_time": "2026-07-01T00:00:00Z", "elements": _elements((_energy(), {}))},
        {"VERSION_SAME": "It charges the same as the one before it, which holds from 2026-01-01 00:00Z."}),
    "another tariff": ({"end_date_time": "2026-06-30T00:00:00Z"}, {"id": "B", "start_date_time": "2026-07-01T00:00:00Z"}, {}),
}  # fmt: skip


@pytest.mark.parametrize("name", VERSIONS)
def test_a_version_is_looked_at_beside_the_others_of_its_id(name: str) -> None:
    earlier, later, said = VERSIONS[name]
    first = a_tariff(**{"start_date_time": "2026-01-01T00:00:00Z", "elements": _elements((_energy(), {})), **earlier})
    second = a_tariff(**{"elements": _elements((_energy(0.4), {})), **later})
    known = [Window.of_tariff(parse_tariff(json.dumps(tariff))) for tariff in (first, second)]
    assert {p.code: p.message for p in lint(json.dumps(second), known).problems} == said


def test_a_field_that_stands_twice_is_an_error() -> None:
    text = json.dumps(a_tariff()).replace('"price": 0.3', '"price": 0.3, "price": 0.4')
    assert "REPEATED_FIELD" in {p.code for p in lint(text).problems if p.severity == "error"}


@pytest.mark.parametrize("text", ["", "[]", "7", "{", "null", '"x"', "[" * 5000])
def test_what_is_no_tariff_is_one_problem(text: str) -> None:
    linted = lint(text)
    assert [p.code for p in linted.problems] == ["NOT_A_TARIFF"]
    assert linted.tariff is None


def test_a_tariff_of_too_many_cases_is_said_to_have_them(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("orchestration.tariffs.situations.MAX_BOXES", 2)
    tariff = a_tariff(elements=_elements((_energy(), DAY | {"min_kwh": 5, "max_duration": 600}), (_energy(0.2), {})))
    assert "TOO_MANY_CASES" in _codes(tariff)
