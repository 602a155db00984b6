"""Sessions worked out by hand from docs/pricing.md and the text of OCPI: what neither its examples nor one rule alone show.

The comment of a session is its sum. All are priced in one call; 2.1.1 names the zone itself.
"""

from typing import Any

import pytest

from tests.rate.sessions import answers, cdr, component, cost, element, period, tariff

Json = dict[str, Any]


def per_kwh(price: str, vat: str | None = "0", step: int = 0) -> Json:
    return component("ENERGY", price, vat, step)


def per_hour(price: str, vat: str | None = "0", step: int = 0) -> Json:
    return component("TIME", price, vat, step)


def parked(price: str, step: int = 0) -> Json:
    return component("PARKING_TIME", price, "0", step)


def fee(price: str, vat: str | None = "0") -> Json:
    return component("FLAT", price, vat)


def limit(net: Any, gross: Any) -> Json:
    return {"excl_vat": net, "incl_vat": gross}


def as_211(session: Json, zone: str | None = None) -> Json:
    place = {"id": "L", **({} if zone is None else {"time_zone": zone})}
    return {**{name: value for name, value in session.items() if name != "end_date_time"},
            "stop_date_time": session["end_date_time"], "auth_id": "X", "location": place}  # fmt: skip


DEFAULT = element(per_kwh("0.10"))
RESERVED = tariff(
    element(fee("4", "20"), reservation="RESERVATION_EXPIRES"),
    element(fee("1", "20"), per_hour("6", "20", 600), reservation="RESERVATION"),
    element(fee("0.5", "20"), per_kwh("0.25", "10", 1), per_hour("1", "20", 600)),
)
A_THEN_B = [tariff(element(per_kwh("0.20", step=500)), name="A"), tariff(element(per_kwh("0.30", step=1000)), name="B")]
ONE_TO_TWO = element(per_kwh("1.00"), start_time="01:00", end_time="02:00")
BY_CURRENT = tariff(element(per_kwh("1"), min_current=0), element(per_kwh("0.2")))
CHARGED_AND_PARKED = tariff(element(per_hour("6", step=600), parked("12", 600)))
NEAR, DOWN = ({"round_granularity": "UNIT", "round_rule": f"ROUND_{rule}"} for rule in ("NEAR", "DOWN"))

WORKED: dict[str, tuple[Json, tuple[str | None, str | None] | None]] = {
    # 1 + 2 × 1, then 3 by the CET: 03:00 is outside, 4 × 0.1.
    "the hour that comes twice is twice in its window": (
        cdr(tariff(element(per_kwh("1.00"), start_time="02:00", end_time="03:00"), DEFAULT),
            period(0, ENERGY=1), period(60, ENERGY=2), period(90, ENERGY=4), start="2026-10-25T00:30:00Z", lasts=120),
        ("3.4000", "3.4000")),
    # 01:59 and 03:00 local: the window of 02:00 to 03:00 does not come.
    "the hour that is skipped": (
        cdr(tariff(element(per_kwh("1.00"), start_time="02:00", end_time="03:00"), DEFAULT),
            period(0, ENERGY=1), period(1, ENERGY=2), start="2026-03-29T00:59:00Z"), ("0.3000", "0.3000")),
    # 01:00 BST, 01:00 GMT, 02:00 GMT.
    "London repeats another hour": (
        as_211(cdr(tariff(ONE_TO_TWO, DEFAULT), period(0, ENERGY=1), period(60, ENERGY=1), period(120, ENERGY=1),
                   start="2026-10-25T00:00:00Z", lasts=150), "Europe/London"), ("2.1000", "2.1000")),
    # An hour of time passes although the clock says the same.
    "duration is time and not the clock": (
        cdr(tariff(element(per_kwh("1"), min_duration=3600), element(per_kwh("0"))),
            period(0, ENERGY=1), period(60, ENERGY=1), start="2026-10-25T00:30:00Z", lasts=90), ("1.0000", "1.0000")),
    # 23:59 on 30 June and 00:00 on 1 July.
    "a date begins at local midnight": (
        as_211(cdr(tariff(element(per_kwh("1"), start_date="2026-07-01"), element(per_kwh("0.5"))),
                   period(0, ENERGY=1), period(1, ENERGY=1), start="2026-07-01T03:59:00Z"), "America/New_York"),
        ("1.5000", "1.5000")),
    # 08:59 and 09:00 at five and a half hours.
    "a zone of half an hour": (
        as_211(cdr(tariff(element(per_kwh("1"), start_time="09:00"), element(per_kwh("0.5"))),
                   period(0, ENERGY=1), period(1, ENERGY=1), start="2026-07-01T03:29:00Z"), "Asia/Kolkata"),
        ("1.5000", "1.5000")),
    # 0.862 + (1.1 + 0.59) × 0.30: 5.41 kWh in steps of the last, 1 kWh.
    "the last step size counts for the total": (
        cdr(tariff(element(per_kwh("0.20", step=100), max_kwh=4), element(per_kwh("0.30", step=1000))),
            period(0, ENERGY="4.31"), period(30, ENERGY="1.1")), ("1.3690", "1.3690")),
    # 0.24 + 0.36 + 0.6 × 0.30.
    "across tariffs too": (cdr(A_THEN_B, period(0, "A", ENERGY="1.2"), period(30, "b", ENERGY="1.2")), ("0.7800", "0.7800")),
    # 18 minutes at 6, and 6 minutes of parking as 10 at 12.
    "charging after parking is still not rounded": (
        cdr(CHARGED_AND_PARKED, period(0, TIME="0.25"), period(15, PARKING_TIME="0.1"), period(21, TIME="0.05"), lasts=24),
        ("3.8000", "3.8000")),
    # Parking has no component: 21 minutes of charging are 30.
    "unpriced parking does not take the step": (
        cdr(tariff(element(per_hour("6", step=600))), period(0, TIME="0.35"), period(21, PARKING_TIME="0.1"), lasts=27),
        ("3.0000", "3.0000")),
    # 6 priced minutes are 15, the 30 after the maximum are free.
    "the last priced period counts": (
        cdr(tariff(element(parked("6", 900), max_duration=600)), period(0, PARKING_TIME="0.1"), period(12, PARKING_TIME="0.5"),
            lasts=42), ("1.5000", "1.5000")),
    # 3 × 0.3333 h are 3599.64 s, so 60 whole steps: nothing is added to what was sent.
    "seconds are snapped to count and not to bill": (
        cdr(tariff(element(per_hour("3", step=60))), *(period(at, TIME="0.3333") for at in (0, 20, 40))), ("2.9997", "2.9997")),
    # 1 + 20 minutes at 6; 0.5; 5; 30 minutes at 1.
    "a reservation that was used": (
        cdr(RESERVED, period(0, RESERVATION_TIME="0.216667"), period(13, ENERGY=20, TIME="0.5"), lasts=43),
        ("9.0000", "10.3000")),
    # 4 by RESERVATION_EXPIRES, 20 minutes at 6 by RESERVATION.
    "one that expired": (cdr(RESERVED, period(0, RESERVATION_TIME="0.216667"), lasts=13), ("6.0000", "7.2000")),
    # 1 + 12 minutes as 20; 0.5; 1; 21 minutes as 30 at 1.
    "reserved time is rounded on its own total": (
        cdr(RESERVED, period(0, RESERVATION_TIME="0.1"), period(6, RESERVATION_TIME="0.1"), period(12, ENERGY=4, TIME="0.35"),
            lasts=33), ("5.0000", "5.9000")),
    # 10 minutes at 6; 3 minutes at 3; 3 minutes of parking as 10 at 6.
    "and apart from parking": (
        cdr(tariff(element(per_hour("6", step=600), reservation="RESERVATION"), element(per_hour("3", step=600), parked("6", 600))),
            period(0, RESERVATION_TIME="0.05"), period(3, TIME="0.05"), period(6, PARKING_TIME="0.05"), lasts=9),
        ("2.1500", "2.1500")),
    # 3 kWh and both fees, half an hour at 6.
    "a period of reservation and energy is both": (
        cdr(tariff(element(per_hour("6"), fee("1"), reservation="RESERVATION"), element(per_kwh("1"), fee("2"))),
            period(0, RESERVATION_TIME="0.5", ENERGY=3)), ("9.0000", "9.0000")),
    # The expiry element holds on Sundays only; it is Monday.
    "the fallback when the expiry element does not hold": (
        cdr(tariff(element(per_hour("9"), reservation="RESERVATION_EXPIRES", day_of_week=["SUNDAY"]),
                   element(per_hour("6"), reservation="RESERVATION")), period(0, RESERVATION_TIME="0.5"), lasts=30),
        ("3.0000", "3.0000")),
    "one start fee in two tariffs": (
        cdr([tariff(element(fee("1")), name="A"), tariff(element(fee("2")), name="B")],
            period(0, "B", ENERGY=1), period(30, "A", ENERGY=1)), ("2.0000", "2.0000")),
    # 1.5 + 3, then 0.5 + 3.
    "each dimension from the element that has it": (
        cdr(tariff(element(per_kwh("0.3"), max_kwh=5), element(per_hour("6"), per_kwh("0.5"))),
            period(0, ENERGY=5, TIME="0.5"), period(30, ENERGY=1, TIME="0.5")), ("8.0000", "8.0000")),
    # -2 × 0.2 + 3 × 1.
    "current that flows back is below zero": (
        cdr(BY_CURRENT, period(0, ENERGY=-2, MIN_CURRENT=-10, MAX_CURRENT=-5), period(30, ENERGY=3, MIN_CURRENT=5, MAX_CURRENT=6)),
        ("2.6000", "2.6000")),
    # 10 × 0.25 − 4 × 0.25; what was exported by itself is no dimension of a CDR.
    "energy given back is taken off": (
        cdr(tariff(element(per_kwh("0.25", "20", 1))), period(0, ENERGY=10, ENERGY_EXPORT=4), period(30, ENERGY=-4)),
        ("1.5000", "1.8000")),
    "below zero nothing is rounded": (
        cdr(tariff(element(per_kwh("0.25", "20", 1000))), period(0, ENERGY="-4.3")), ("-1.0750", "-1.2900")),
    # 9.5 net stay, 11.4 gross do not.
    "a maximum reached with tax only": (
        cdr(tariff(element(per_kwh("1", "20")), max_price=limit(10, 11)), period(0, ENERGY="9.5")), ("9.5000", "11.0000")),
    "a minimum of which only the gross is given": (
        cdr(tariff(element(per_kwh("1", "20")), min_price={"incl_vat": 12}), period(0, ENERGY=5)), ("10.0000", "12.0000")),
    "a minimum where nothing was priced": (
        cdr(tariff(element(per_kwh("1", "20"), min_kwh=100), min_price={"excl_vat": 10}), period(0, ENERGY=5)), ("10.0000", None)),
    "minimum first, maximum last": (
        cdr(tariff(element(per_kwh("1")), min_price=limit(10, 10), max_price=limit(8, 8)), period(0, ENERGY=5)),
        ("8.0000", "8.0000")),
    # 3 for the reservation and 3 for energy, at most 4.
    "a limit holds for the reservation too": (
        cdr(tariff(element(per_hour("6"), reservation="RESERVATION"), element(per_kwh("1")), max_price=limit(4, 4)),
            period(0, RESERVATION_TIME="0.5"), period(30, ENERGY=3)), ("4.0000", "4.0000")),
    # 2 by A, 3 by B.
    "a limit of each tariff": (
        cdr([tariff(element(per_kwh("1")), name="A", max_price=limit(2, 2)), tariff(element(per_kwh("1")), name="B", min_price=limit(3, 3))],
            period(0, "A", ENERGY=5), period(30, "B", ENERGY=1)), ("5.0000", "5.0000")),
    "a net price limited, a gross unknown": (
        cdr(tariff(element(per_kwh("1", None)), max_price=limit(3, 4)), period(0, ENERGY=5)), ("3.0000", None)),
    "one unknown tax leaves the gross unknown": (
        cdr(tariff(element(fee("1", None), per_kwh("1", "10"))), period(0, ENERGY=1)), ("2.0000", None)),
    # 6 minutes as 10 at 2.40 gross: 0.40, net 0.40 / 1.2.
    "a step of a gross price": (
        cdr(tariff(element(per_hour("2.4", "20", 600)), tax_included="YES"), period(0, TIME="0.1"), lasts=6), ("0.3333", "0.4000")),
    "a gross maximum of gross prices": (
        cdr(tariff(element(per_kwh("1.2", "20")), tax_included="YES", max_price={"after_taxes": 6}), period(0, ENERGY=10)),
        ("5.0000", "6.0000")),
    "gross prices without a rate, limited": (
        cdr(tariff(element(per_hour("2.10", None, 60)), tax_included="YES", max_price={"before_taxes": 4, "after_taxes": 5}),
            period(0, TIME="2.5"), lasts=150), (None, "5.0000")),
    "a tariff that no period uses may be out of force": (
        cdr([tariff(element(per_kwh("1")), name="A"), tariff(element(per_kwh("2")), name="B", end_date_time="2020-01-01T00:00:00Z")],
            period(0, "A", ENERGY=1)), ("1.0000", "1.0000")),
    "two versions of one tariff": (
        cdr([tariff(element(per_kwh("1")), end_date_time="2026-10-01T00:00:00Z"),
             tariff(element(per_kwh("2")), start_date_time="2026-10-01T00:00:00Z")], period(0, "T1", ENERGY=1)),
        ("2.0000", "2.0000")),
    "energy in a period of no length": (
        cdr(tariff(element(per_kwh("1"))), period(0, ENERGY=1), period(0, ENERGY=2), period(60, ENERGY=4)), ("7.0000", "7.0000")),
    "a session of no length": (cdr(tariff(element(fee("1"), per_kwh("1"))), period(0, ENERGY=0), lasts=0), ("1.0000", "1.0000")),
    "a credit takes back what the limit left": (
        cdr(tariff(element(per_kwh("1", "20")), max_price=limit(3, "3.5")), period(0, ENERGY=5), credit=True,
            credit_reference_id="C0"), ("-3.0000", "-3.5000")),
    # 0.4995 to the hundredth; 7.5 to the unit below; one and a half steps of 10 minutes are two.
    "Gireve rounds a price": (
        as_211(cdr(tariff(element({**per_kwh("0.333", None),
                                   "price_round": {"round_granularity": "HUNDRETH", "round_rule": "ROUND_NEAR"}})),
                   period(0, ENERGY="1.5"))), ("0.5000", None)),
    "Gireve rounds a price down": (
        as_211(cdr(tariff(element({**per_hour("7.5", None, 60), "price_round": DOWN})), period(0, TIME=1))), ("7.0000", None)),
    "Gireve rounds steps to the nearest": (
        as_211(cdr(tariff(element({**per_hour("6", None, 600), "step_round": NEAR})), period(0, TIME="0.25"), lasts=15)),
        ("2.0000", None)),
    "the CDR's own zone stands before the one of the call": (
        as_211(cdr(tariff(element(per_kwh("1", None), end_time="17:00"), element(per_kwh("2", None))), period(0, ENERGY=1),
                   start="2026-07-01T15:30:00Z"), "Europe/London"), ("1.0000", None)),
    "2.1.1 knows no reserved time": (
        as_211(cdr(tariff(element(per_kwh("1"))), period(0, ENERGY=1, RESERVATION_TIME=1))), None),
    "2.2.1 knows no flat volume": (cdr(tariff(element(per_kwh("1"))), period(0, ENERGY=1, FLAT=1)), None),
}  # fmt: skip


@pytest.fixture(scope="module")
def priced() -> dict[str, Json]:
    sessions = [session for session, _ in WORKED.values()]
    return dict(zip(WORKED, answers(sessions, time_zone="Europe/Berlin"), strict=True))


@pytest.mark.parametrize("name", WORKED)
def test_a_session_costs_what_was_worked_out_by_hand(priced: dict[str, Json], name: str) -> None:
    assert cost(priced[name]) == WORKED[name][1], priced[name]["problems"]


def test_a_stamp_that_is_a_number_is_told_by_its_rule() -> None:
    answer = answers([{**cdr(tariff(DEFAULT), period(0, ENERGY=1)), "start_date_time": 1790000000}])[0]
    assert cost(answer) is None
    assert "TIME_EPOCH_UNIT" in {problem["rule_id"] for problem in answer["problems"]}
