"""What OCPI leaves open: the range of honest prices and which reading makes each end; periods cut at boundaries."""

from typing import Any

import pytest

from tests.rate.sessions import answers, cdr, component, cost, element, minutes, period, tariff

Json = dict[str, Any]

PER_KWH = component("ENERGY", "1", "0", 1000)


def as_211(session: Json) -> Json:
    return {**{name: value for name, value in session.items() if name != "end_date_time"},
            "stop_date_time": session["end_date_time"], "auth_id": "X"}  # fmt: skip


SWITCHED = cdr(
    [tariff(element(PER_KWH), name="A"), tariff(element(PER_KWH), name="B")],
    period(0, "A", ENERGY="1.2"), period(30, "B", ENERGY="1.3"),
)  # fmt: skip
TWO_DURATIONS = cdr(
    tariff(element(component("TIME", "6", "0", 600), component("PARKING_TIME", "6", "0", 600))),
    period(0, TIME=minutes(21)), period(21, PARKING_TIME=minutes(18)), lasts=39,
)  # fmt: skip
BEFORE_HALF_PAST_TWO = tariff(
    element(component("ENERGY", "1", "0"), end_time="02:30"), element(component("ENERGY", "2", "0"))
)
ROUNDED = tariff(element(component("FLAT", "0.305", "0"), component("ENERGY", "0.305", "0")))

# The session, its price, the lowest and highest honest price, and who makes them.
RANGES = {
    "whole cents leave nothing open": (
        cdr(tariff(element(component("ENERGY", "0.30", "0"))), period(0, ENERGY=1)), "0.3000", "0.3000", "0.3000", ["base"]),
    "half a cent": (
        cdr(tariff(element(component("ENERGY", "5.125", "0"))), period(0, ENERGY=1)),
        "5.1250", "5.1200", "5.1300", ["session_half_even", "session_half_up"]),
    "each part or line rounded": (
        cdr(ROUNDED, period(0, ENERGY=1)), "0.6100", "0.6000", "0.6200", ["part_half_even", "part_half_up"]),
    "a limit is met to the cent": (
        cdr({**ROUNDED, "max_price": {"excl_vat": "0.50", "incl_vat": "0.50"}}, period(0, ENERGY=1)),
        "0.5000", "0.5000", "0.5000", ["base"]),
    "yen have no cents": (
        cdr({**tariff(element(component("ENERGY", "30.5", "0"))), "currency": "JPY"}, period(0, ENERGY=1), currency="JPY"),
        "30.5000", "30.0000", "31.0000", ["session_half_even", "session_half_up"]),
    # 2.5 kWh in all are 3; what B priced is 1.3, so 2, beside the 1.2 of A.
    "the step of the last tariff": (SWITCHED, "3.0000", "3.0000", "3.2000", ["base", "step_of_last_tariff"]),
    # 21 and 20 minutes; 2.1.1 does not say that charging is not rounded: 30 and 20.
    "both durations rounded in 2.1.1": (as_211(TWO_DURATIONS), "4.1000", "4.1000", "5.0000", ["base", "step_each_duration"]),
    "one duration rounded from 2.2.1 on": (TWO_DURATIONS, "4.1000", "4.1000", "4.1000", ["base"]),
    # 1.2 and 1.3 kWh in steps of one: 3 in all, 4 period by period.
    "each period rounded in 2.1.1": (
        as_211(cdr(tariff(element(PER_KWH)), period(0, ENERGY="1.2"), period(30, ENERGY="1.3"))),
        "3.0000", "3.0000", "4.0000", ["base", "step_each_period"]),
    # 00:15 UTC is 02:15 before the change, 01:15 UTC is 02:15 again; by the clock that was not set back it is 03:15.
    "the hour that comes twice": (
        cdr(BEFORE_HALF_PAST_TWO, period(0, ENERGY=1), period(60, ENERGY=1), start="2026-10-25T00:15:00Z", lasts=80),
        "2.0000", "2.0000", "3.0000", ["base", "clock_before_change"]),
    # 21 and 20 minutes at 6; by the other clock 12 an hour for charging, and 2.1.1 may round it too: 30 minutes at 12.
    "two readings at once": (
        as_211(cdr(
            tariff(element(component("TIME", "6", "0", 600), end_time="02:30"), element(component("TIME", "12", "0", 600)),
                   element(component("PARKING_TIME", "6", "0", 600))),
            period(0, TIME=minutes(21)), period(21, PARKING_TIME=minutes(18)), start="2026-10-25T01:05:00Z", lasts=39)),
        "4.1000", "4.1000", "8.0000", ["base", "clock_before_change+step_each_duration"]),
    # 00:45 UTC is 02:45 before the change; by the clock that is already set back it is 01:45.
    "the hour that comes twice, read late": (
        cdr(BEFORE_HALF_PAST_TWO, period(0, ENERGY=1), start="2026-10-25T00:45:00Z", lasts=10),
        "2.0000", "1.0000", "2.0000", ["clock_after_change", "base"]),
}  # fmt: skip


@pytest.fixture(scope="module")
def ranged() -> dict[str, Json]:
    sessions = [session for session, *_ in RANGES.values()]
    return dict(zip(RANGES, answers(sessions, time_zone="Europe/Berlin"), strict=True))


@pytest.mark.parametrize("name", RANGES)
def test_the_range_names_the_readings_that_make_its_ends(ranged: dict[str, Json], name: str) -> None:
    _, base, low, high, readings = RANGES[name]
    answer = ranged[name]
    assert answer["total_cost"]["excl_vat"] == base
    assert answer["range"] == {"min": low, "max": high, "readings": readings}


NIGHT = tariff(
    element(component("ENERGY", "0.2", "0"), start_time="22:00", end_time="06:00"),
    element(component("ENERGY", "0.5", "0")),
)
# 10 kWh from 21:00 to 23:00 local: cut at 22:00 they are 5 at each price.
ACROSS = cdr(NIGHT, period(0, ENERGY=10), start="2026-06-10T19:00:00Z", lasts=120)
CUTS = {
    "a time of day": (ACROSS, "5.0000", "3.5000"),
    "an amount of energy": (
        cdr(tariff(element(component("ENERGY", "1", "0"), max_kwh=4), element(component("ENERGY", "2", "0"))),
            period(0, ENERGY=10)), "10.0000", "16.0000"),
    "a duration": (
        cdr(tariff(element(component("ENERGY", "1", "0"), max_duration=900), element(component("ENERGY", "2", "0"))),
            period(0, ENERGY=8)), "8.0000", "14.0000"),
    "midnight of a weekday": (
        cdr(tariff(element(component("ENERGY", "1", "0"), day_of_week=["SATURDAY"]), element(component("ENERGY", "2", "0"))),
            period(0, ENERGY=2), start="2026-06-12T21:30:00Z"), "4.0000", "3.0000"),
    "two nights": (
        cdr(NIGHT, period(0, ENERGY=48), start="2026-06-10T04:00:00Z", lasts=48 * 60), "24.0000", "19.2000"),
    "the change of the hour": (
        # 01:30 to 03:30 local is one hour of time; the window opens at 02:30, which that night does not have.
        cdr(tariff(element(component("ENERGY", "1", "0"), start_time="02:30"), element(component("ENERGY", "2", "0"))),
            period(0, ENERGY=10), start="2026-03-29T00:30:00Z"), "20.0000", "15.0000"),
}  # fmt: skip


def test_a_period_is_cut_at_the_boundary_of_its_tariff_where_the_policy_says_so() -> None:
    sessions = [session for session, _, _ in CUTS.values()]
    sent, cut = (answers(sessions, time_zone="Europe/Berlin", period_policy=policy) for policy in ("as_sent", "split"))
    found = {
        name: (a["total_cost"]["excl_vat"], b["total_cost"]["excl_vat"])
        for name, a, b in zip(CUTS, sent, cut, strict=True)
    }
    assert found == {name: (as_sent, split) for name, (_, as_sent, split) in CUTS.items()}
    for answer in cut:
        assert answer["problems"] == []


def test_a_period_that_crosses_a_boundary_is_pointed_at() -> None:
    """Held where cutting it moves the price by more than two cents, else a warning; none where no other price begins."""
    cheap = cdr(NIGHT, period(0, ENERGY="0.05"), start="2026-06-10T19:00:00Z", lasts=120)
    same = tariff(element(component("ENERGY", "0.5", "0"), component("TIME", "1", "0"), end_time="22:00"),
                  element(component("ENERGY", "0.5", "0")))  # fmt: skip
    within = cdr(NIGHT, period(0, ENERGY=10), start="2026-06-10T20:00:00Z", lasts=120)
    unpriced = cdr(same, period(0, PARKING_TIME=1), start="2026-06-10T19:00:00Z", lasts=120)
    found = answers([ACROSS, cheap, within, unpriced], time_zone="Europe/Berlin")
    severities = [
        [problem["severity"] for problem in answer["problems"] if problem["rule_id"] == "PERIOD_TOU_MISSING"]
        for answer in found
    ]
    assert severities == [["hold"], ["warn"], [], []]
    assert "Period 1 crosses a boundary" in found[0]["problems"][0]["message"]
    assert "3.5000, as sent 5.0000" in found[0]["problems"][0]["message"]


def test_pieces_add_up_to_what_was_sent() -> None:
    # Of 21:00 to 23:00 local only the hour before 22:00 has a price, so of two periods the first has none in part.
    gap = tariff(element(component("ENERGY", "0.5", "0"), start_time="20:00", end_time="22:00"))
    uncovered = cdr(gap, period(0, ENERGY=10), period(120, TIME=1), start="2026-06-10T19:00:00Z", lasts=180)
    cut, half = answers([ACROSS, uncovered], time_zone="Europe/Berlin", period_policy="split")
    assert (cost(half), [problem["message"] for problem in half["problems"]]) == (
        ("2.5000", "2.5000"),
        ["Period 1 has a volume that no active element of the tariff prices, so it costs nothing."],
    )
    assert [(line["period"], line["volume"], line["price"]) for line in cut["lines"]] == [
        (1, "5", "0.5"),
        (1, "5", "0.2"),
    ]
    assert cut["total_energy"] == "10.0000" and cost(cut, "total_energy_cost") == ("3.5000", "3.5000")
