"""What the pricing rules say where no example of the spec does: bounds, clocks, reservations, credits, bad input."""

from decimal import Decimal
from typing import Any

from tests.rate.sessions import answers, cdr, component, cost, element, minutes, period, rules, tariff

Json = dict[str, Any]

PER_KWH = element(component("ENERGY", "0.30", "20"))
CHEAP = component("ENERGY", "0.10", "0")
DEAR = element(component("ENERGY", "1.00", "0"))


def one(session: Json, **options: Any) -> Json:
    return answers([session], **options)[0]


def net(session: Json, **options: Any) -> str | None:
    amount = cost(one(session, **options))
    return None if amount is None else amount[0]


def active(*places: tuple[str, Json], zone: str = "Europe/Berlin") -> list[bool]:
    """Whether an element with these restrictions is active for a period that starts at that UTC time."""
    sessions = [
        cdr(tariff(element(CHEAP, **restrictions), DEAR), period(0, ENERGY=1), start=start)
        for start, restrictions in places
    ]
    return [cost(answer) == ("0.1000", "0.1000") for answer in answers(sessions, time_zone=zone)]


def test_each_dimension_takes_the_first_element_that_prices_it() -> None:
    of = tariff(
        element(component("TIME", "6", step=0)),
        element(component("ENERGY", "0.5", step=0), component("TIME", "99", step=0)),
    )
    assert net(cdr(of, period(0, ENERGY=2, TIME="0.5"))) == "4.0000"


def test_a_price_of_zero_is_a_price() -> None:
    of = tariff(element(component("ENERGY", "0")), PER_KWH)
    assert cost(one(cdr(of, period(0, ENERGY=5)))) == ("0.0000", "0.0000")


WINDOWS = [
    ("16:59:59", "09:00", "17:00", True),
    ("17:00:00", "09:00", "17:00", False),
    ("09:00:00", "09:00", "17:00", True),
    ("08:59:59", "09:00", "17:00", False),
    ("23:30:00", "22:00", "06:00", True),
    ("05:59:00", "22:00", "06:00", True),
    ("06:00:00", "22:00", "06:00", False),
    ("23:59:00", "22:00", "00:00", True),
    ("00:00:00", "22:00", "00:00", False),
    ("12:00:00", "00:00", "00:00", True),
    ("12:00:00", "12:00", "12:00", False),
    ("23:59:00", "22:00", None, True),
    ("00:01:00", "22:00", None, False),
    ("05:00:00", None, "06:00", True),
    ("06:00:00", None, "06:00", False),
]


def test_windows_of_the_day() -> None:
    places = [
        (f"2026-06-10T{clock}Z", {name: at for name, at in (("start_time", opens), ("end_time", closes)) if at})
        for clock, opens, closes, _ in WINDOWS
    ]
    found = active(*places, zone="UTC")
    assert [(*window[:3], is_active) for window, is_active in zip(WINDOWS, found, strict=True)] == WINDOWS


def test_a_window_past_midnight_belongs_to_the_day_of_the_period() -> None:
    night = {"start_time": "22:00", "end_time": "06:00", "day_of_week": ["FRIDAY"]}
    assert active(("2026-06-12T23:00:00Z", night), ("2026-06-13T00:00:00Z", night), zone="UTC") == [True, False]


def test_dates_include_the_first_day_and_not_the_last_in_local_time() -> None:
    october = {"start_date": "2026-10-01", "end_date": "2026-11-01"}
    times = ["2026-09-30T22:00:00Z", "2026-09-30T21:59:59Z", "2026-10-31T22:59:59Z", "2026-10-31T23:00:00Z"]
    assert active(*[(time, october) for time in times]) == [True, False, True, False]


def test_the_hour_that_is_skipped_and_the_hour_that_comes_twice() -> None:
    from_two, from_three = {"start_time": "02:00", "end_time": "04:00"}, {"start_time": "03:00", "end_time": "04:00"}
    twice = {"start_time": "02:00", "end_time": "03:00"}
    assert active(
        ("2026-03-29T00:59:00Z", from_two),
        ("2026-03-29T01:00:00Z", from_three),
        ("2026-10-25T00:30:00Z", twice),
        ("2026-10-25T01:30:00Z", twice),
        ("2026-10-25T02:00:00Z", twice),
    ) == [False, True, True, True, False]


def test_energy_before_counts_whether_it_was_priced_or_not() -> None:
    of = tariff(element(component("ENERGY", "1", step=0), min_kwh=5, max_kwh=10))
    session = cdr(of, period(0, ENERGY=5), period(10, ENERGY=5), period(20, ENERGY=1))
    assert net(session) == "5.0000"


def test_duration_counts_from_the_first_period_that_is_no_reservation() -> None:
    of = tariff(element(component("ENERGY", "1", step=0), min_duration=600), element(component("ENERGY", "0", step=0)))
    session = cdr(of, period(0, RESERVATION_TIME=minutes(30)), period(30, ENERGY=1), period(39.5, ENERGY=2),
                  period(40, ENERGY=4), lasts=60)  # fmt: skip
    assert net(session) == "4.0000"


def test_a_period_that_straddles_a_bound_of_power_matches_neither_band() -> None:
    of = tariff(element(component("ENERGY", "1"), max_power=16), element(component("ENERGY", "2"), min_power=16))
    session = cdr(of, period(0, ENERGY=1, MIN_POWER=10, MAX_POWER=20))
    answer = one(session)
    assert cost(answer) == ("0.0000", "0.0000")
    assert "TARIFF_NO_ELEMENT" in rules(answer)


def test_without_the_dimension_a_power_restriction_matches_and_a_person_decides() -> None:
    answer = one(cdr(tariff(element(component("ENERGY", "1"), min_power=16)), period(0, ENERGY=1)))
    assert (cost(answer), rules(answer)) == (("1.0000", None), {"PRICE_NOT_COMPUTABLE"})


def test_flat_is_due_once_from_the_first_period_where_it_is_active() -> None:
    of = tariff(element(component("FLAT", "1", "0"), min_kwh=1), element(component("FLAT", "9", "0"), min_kwh=100))
    answer = one(cdr(of, period(0, ENERGY=2), period(10, ENERGY=2), period(20, ENERGY=2)))
    assert cost(answer, "total_fixed_cost") == ("1.0000", "1.0000")
    assert [line["period"] for line in answer["lines"]] == [2]


def test_parking_at_no_price_leaves_charging_time_unrounded() -> None:
    of = tariff(element(component("TIME", "6", step=600), component("PARKING_TIME", "0", step=600)))
    parked = cdr(of, period(0, TIME="0.35"), period(21, PARKING_TIME="0.1"))
    left = cdr(of, period(0, TIME="0.35"), period(21, PARKING_TIME=0))
    assert [cost(answer) for answer in answers([parked, left])] == [("2.1000", None), ("3.0000", None)]


def test_hours_are_snapped_to_seconds_only_to_count_steps() -> None:
    of_minutes, of_seconds = (tariff(element(component("TIME", "6", step=step))) for step in (60, 1))
    sessions = [cdr(of_minutes, period(0, TIME="0.516667")), cdr(of_seconds, period(0, TIME="0.5167"))]
    assert [cost(answer) for answer in answers(sessions)] == [("3.1000", None), ("3.1002", None)]


def test_step_size_zero_rounds_nothing() -> None:
    assert net(cdr(tariff(element(component("ENERGY", "0.25", step=0))), period(0, ENERGY="0.1152"))) == "0.0288"


def test_rounding_that_gireve_adds_to_a_component() -> None:
    """The number of steps and the price of a component, each by its own rule."""
    up_by_tenth = {"price_round": {"round_granularity": "TENTH", "round_rule": "ROUND_UP"}}
    whole_steps = {"step_round": {"round_granularity": "UNIT", "round_rule": "ROUND_DOWN"}}
    priced = tariff(element({**component("ENERGY", "0.25"), **up_by_tenth}))
    stepped = tariff(element({**component("TIME", "6", step=600), **whole_steps}))
    found = answers([cdr(priced, period(0, ENERGY=1), period(9, ENERGY="0.5")), cdr(stepped, period(0, TIME="0.3"))])
    assert [cost(answer) for answer in found] == [("0.4000", None), ("1.0000", None)]


def test_the_step_is_that_of_the_last_priced_period() -> None:
    of = tariff(element(component("ENERGY", "1", step=1000), max_kwh=3), element(component("TIME", "0")))
    assert net(cdr(of, period(0, ENERGY="3.2"), period(30, ENERGY="2.5"))) == "4.0000"


def test_a_limit_of_one_side_only_moves_the_other_by_the_tax_ratio() -> None:
    of = tariff(element(component("ENERGY", "1", "21")), max_price={"excl_vat": 10})
    assert cost(one(cdr(of, period(0, ENERGY=20)))) == ("10.0000", "12.1000")


def test_a_maximum_of_zero_is_a_limit() -> None:
    of = tariff(PER_KWH, max_price={"excl_vat": 0, "incl_vat": 0})
    assert cost(one(cdr(of, period(0, ENERGY=20)))) == ("0.0000", "0.0000")


def test_a_limit_is_a_line_of_its_own_and_of_no_part() -> None:
    of = tariff(PER_KWH, max_price={"excl_vat": 1, "incl_vat": 1.2})
    answer = one(cdr(of, period(0, ENERGY=20)))
    assert cost(answer, "total_energy_cost") == ("6.0000", "7.2000")
    assert [(line["note"], line["excl_vat"]) for line in answer["lines"]] == [(None, "6"), ("max_price", "-5")]


def test_a_tariff_without_an_id_is_limited_as_any_other() -> None:
    """A place in the CDR is enough to name a tariff: joined by its id, nothing would have been priced under it."""
    of = {**tariff(PER_KWH), "min_price": {"excl_vat": 5, "incl_vat": 6}}
    del of["id"]
    assert cost(one(cdr(of, period(0, ENERGY=1)))) == ("5.0000", "6.0000")


VERSIONS = [
    ({"stop_date_time": "2026-10-05T10:00:00Z"}, {}, "2.1.1"),
    ({"total_cost": 4}, {}, "2.1.1"),
    ({"total_cost": {"excl_vat": 4}}, {}, "2.2.1"),
    ({"total_cost": {"before_taxes": 4}}, {}, "2.3.0"),
    ({}, {"tax_included": "NO"}, "2.3.0"),
    ({}, {"min_price": {"before_taxes": 0}}, "2.3.0"),
]


def test_a_version_is_told_from_the_fields_that_only_it_has() -> None:
    sessions = [
        cdr([tariff(PER_KWH), tariff(PER_KWH, name="T2", **of)], period(0, "T2", ENERGY=1), **fields)
        for fields, of, _ in VERSIONS
    ]
    assert [answer["version"] for answer in answers(sessions)] == [version for _, _, version in VERSIONS]


def test_each_limit_is_of_what_was_priced_under_its_tariff() -> None:
    first = tariff(PER_KWH, name="A", max_price={"excl_vat": 1, "incl_vat": 1.2})
    second = tariff(PER_KWH, name="B")
    session = cdr([first, second], period(0, "A", ENERGY=10), period(30, "b", ENERGY=10))
    assert cost(one(session)) == ("4.0000", "4.8000")


def test_several_tariffs_and_none_named_is_free_with_a_finding() -> None:
    session = cdr(
        [tariff(PER_KWH, name="A"), tariff(PER_KWH, name="B")], period(0, ENERGY=10), period(30, "A", ENERGY=1)
    )
    answer = one(session)
    assert (cost(answer), rules(answer)) == (("0.3000", "0.3600"), {"TARIFF_REF_MISSING"})


def test_an_absent_vat_is_not_a_vat_of_zero() -> None:
    prices = [component("ENERGY", "1"), component("ENERGY", "1", "0"), component("ENERGY", "0")]
    found = answers([cdr(tariff(element(price)), period(0, ENERGY=1)) for price in prices])
    assert [cost(answer) for answer in found] == [("1.0000", None), ("1.0000", "1.0000"), ("0.0000", "0.0000")]


TAXED = [
    ("YES", "25", ("0.8000", "1.0000")),
    ("YES", None, (None, "1.0000")),
    ("NO", "25", ("1.0000", "1.2500")),
    ("N/A", "25", ("1.0000", "1.0000")),
    ("N/A", None, ("1.0000", "1.0000")),
]


def test_prices_of_2_3_0_say_whether_tax_is_in_them() -> None:
    sessions = [
        cdr(tariff(element(component("ENERGY", "1", vat)), tax_included=included), period(0, ENERGY=1))
        for included, vat, _ in TAXED
    ]
    assert [cost(answer) for answer in answers(sessions)] == [expected for _, _, expected in TAXED]


def test_an_expired_reservation_pays_no_start_fee_of_a_session() -> None:
    of = tariff(
        element(component("FLAT", "3", "0"), reservation="RESERVATION_EXPIRES"),
        element(component("TIME", "6", "0", 60), component("FLAT", "1", "0"), reservation="RESERVATION"),
        element(component("FLAT", "0.5", "0")),
    )
    answer = one(cdr(of, period(0, RESERVATION_TIME="0.5")))
    assert (cost(answer), cost(answer, "total_reservation_cost")) == (("6.0000", "6.0000"), ("6.0000", "6.0000"))
    assert answer["total_time"] == "0.0000"


def test_a_credit_takes_back_every_part() -> None:
    session = cdr(tariff(element(component("FLAT", "1", "0")), PER_KWH), period(0, ENERGY=10))
    charged, credited = answers([session, {**session, "id": "C1-C", "credit": True, "credit_reference_id": "C1"}])
    for name in ("total_cost", "total_fixed_cost", "total_energy_cost"):
        amounts = [cost(charged, name), cost(credited, name)]
        assert amounts[0] is not None and amounts[1] is not None
        assert [Decimal(amounts[0][side] or 0) + Decimal(amounts[1][side] or 0) for side in (0, 1)] == [0, 0]
    assert credited["total_energy"] == charged["total_energy"] == "10.0000"


def test_periods_are_sorted_and_one_that_overlaps_the_start_is_priced() -> None:
    of = tariff(PER_KWH)
    unsorted, early = answers(
        [cdr(of, period(30, ENERGY=1), period(0, ENERGY=1)), cdr(of, period(-5, ENERGY=1), period(30, ENERGY=1))]
    )
    assert (cost(unsorted), rules(unsorted)) == (("0.6000", "0.7200"), {"TIME_PERIOD_UNSORTED"})
    assert (cost(early), rules(early)) == (("0.6000", "0.7200"), {"TIME_PERIOD_ORDER"})


def test_a_window_that_no_volume_needs_asks_for_no_zone() -> None:
    of = tariff(
        element(component("ENERGY", "1", "0")), element(component("PARKING_TIME", "1", "0"), start_time="09:00")
    )
    assert cost(one(cdr(of, period(0, ENERGY=1)))) == ("1.0000", "1.0000")


def test_the_range_is_the_price_where_there_is_one_reading() -> None:
    assert one(cdr(tariff(PER_KWH), period(0, ENERGY=1)))["range"] == {
        "min": "0.3000",
        "max": "0.3000",
        "readings": ["base"],
    }
