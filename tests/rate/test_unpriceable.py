"""What gets no price: no totals, no lines, and a problem that says why; the rest of the batch is priced."""

from typing import Any

import pytest

from tests.rate.sessions import answers, cdr, component, element, period, rules, tariff

Json = dict[str, Any]

PER_KWH = element(component("ENERGY", "0.30", "20"))
FREE = tariff(PER_KWH)
CLOCKED = tariff(element(component("ENERGY", "0.10", "0"), start_time="09:00"), PER_KWH)
UNPRICEABLE = {
    "no tariff": (cdr([], period(0, ENERGY=1)), "TARIFF_REF_MISSING"),
    "a tariff that is not there": (cdr(FREE, period(0, "OTHER", ENERGY=1)), "TARIFF_UNKNOWN"),
    "another currency": (cdr(FREE, period(0, ENERGY=1), currency="SEK"), "CCY_TARIFF_MISMATCH"),
    "a dimension unknown to the version": (cdr(FREE, period(0, ENERGY=1, WIND=1)), "DIMENSION_NOT_BILLABLE"),
    "power in 2.1.1": (
        {**cdr(FREE, period(0, ENERGY=1, MAX_POWER=11)), "auth_id": "X"}, "DIMENSION_NOT_BILLABLE"),
    "a period before the session": (cdr(FREE, period(-20, ENERGY=1), period(0, ENERGY=1)), "TIME_PERIOD_ORDER"),
    "a period after the session": (cdr(FREE, period(0, ENERGY=1), period(61, ENERGY=1)), "TIME_PERIOD_ORDER"),
    "no zone where a window needs it": (cdr(CLOCKED, period(0, ENERGY=1)), "TIME_ZONE_MISSING"),
    "a tariff that ended": (
        cdr({**FREE, "end_date_time": "2026-10-05T09:00:00Z"}, period(0, ENERGY=1)), "TARIFF_NOT_IN_FORCE"),
    "a tariff that has not begun": (
        cdr({**FREE, "start_date_time": "2026-10-05T09:00:01Z"}, period(0, ENERGY=1)), "TARIFF_NOT_IN_FORCE"),
    "too many digits": (cdr(FREE, period(0, ENERGY="123456789012345678")), "SCHEMA_TYPE_INVALID"),
    "a volume too large to multiply": (cdr(FREE, period(0, ENERGY="9999999999")), "SCHEMA_TYPE_INVALID"),
    "a price too large to multiply": (
        cdr(tariff(element(component("ENERGY", "9999999999"))), period(0, ENERGY=1)), "SCHEMA_TYPE_INVALID"),
    "no period": (cdr(FREE), "PERIODS_EMPTY"),
    # A price of nothing for these would be a number nobody could tell from a free session.
    "a period without dimensions": (
        cdr(FREE, {"start_date_time": 0, "tariff_id": "T1"}), "SCHEMA_TYPE_INVALID"),
    "null for dimensions": (cdr(FREE, {"start_date_time": 0, "dimensions": None}), "SCHEMA_TYPE_INVALID"),
    "a dimension instead of a list of them": (
        cdr(FREE, {"start_date_time": 0, "dimensions": {"type": "ENERGY", "volume": 1}}), "SCHEMA_TYPE_INVALID"),
    "a credit flag that is neither": (cdr(FREE, period(0, ENERGY=1), credit="true"), "SCHEMA_TYPE_INVALID"),
    "an end before the start": (cdr(FREE, period(0, ENERGY=1), lasts=-1), "TIME_END_BEFORE_START"),
    # An end of 1970: more microseconds than fourteen digits hold.
    "an end at the epoch": (
        {**cdr(FREE, period(0, ENERGY=1)), "end_date_time": "1970-01-01T00:00:00Z"}, "TIME_END_BEFORE_START"),
}  # fmt: skip


@pytest.fixture(scope="module")
def refused() -> dict[str, Json]:
    sessions = [session for session, _ in UNPRICEABLE.values()]
    return dict(zip(UNPRICEABLE, answers([*sessions, cdr(FREE, period(0, ENERGY=1))])[:-1], strict=True))


@pytest.mark.parametrize("name", UNPRICEABLE)
def test_what_cannot_be_priced_has_no_totals_and_says_why(refused: dict[str, Json], name: str) -> None:
    answer = refused[name]
    assert answer["total_cost"] is None and answer["total_energy"] is None and answer["lines"] == []
    assert UNPRICEABLE[name][1] in rules(answer)
