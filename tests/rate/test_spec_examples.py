"""The worked examples of the OCPI text, as prices. The JSON is ours, built from what the text says.

Places: T = mod_tariffs, C = mod_cdrs, of 2.2.1 unless said otherwise. Where the text contradicts its own arithmetic
(docs/pricing.md lists these misprints) the arithmetic stands.
"""

from typing import Any

import pytest

from tests.rate.sessions import answers, cdr, component, cost, element, minutes, period, tariff

Json = dict[str, Any]

ENERGY = component("ENERGY", "0.25", "10")
START = component("FLAT", "0.50", "20")
WEEKDAYS = ["MONDAY", "TUESDAY", "WEDNESDAY", "THURSDAY", "FRIDAY"]

COMPLEX = tariff(
    element(component("FLAT", "2.50", "15")),
    element(component("TIME", "1.00", "20", 900), max_current=32),
    element(component("TIME", "2.00", "20", 600), min_current=32, day_of_week=WEEKDAYS),
    element(component("TIME", "1.25", "20", 600), min_current=32, day_of_week=["SATURDAY", "SUNDAY"]),
    element(component("PARKING_TIME", "5.00", "10", 300), start_time="09:00", end_time="18:00", day_of_week=WEEKDAYS),
    element(
        component("PARKING_TIME", "6.00", "10", 300), start_time="10:00", end_time="17:00", day_of_week=["SATURDAY"]
    ),
)
SWITCHING = tariff(
    element(component("TIME", "1.20", step=1800), component("PARKING_TIME", "1.00", step=900),
            start_time="00:00", end_time="17:00"),
    element(component("TIME", "2.40", step=900), component("PARKING_TIME", "1.00", step=900),
            start_time="17:00", end_time="20:00"),
    element(component("TIME", "2.40", step=900), start_time="20:00", end_time="00:00"),
)  # fmt: skip
POWER = tariff(
    element(component("ENERGY", "0.20", "20"), max_power=16),
    element(component("ENERGY", "0.35", "20"), max_power=32),
    element(component("ENERGY", "0.50", "20")),
)
DURATION = tariff(
    element(component("ENERGY", "0.00", "20"), max_duration=1800),
    element(component("ENERGY", "0.25", "20"), max_duration=3600),
    element(component("ENERGY", "0.40", "20")),
)


def reserved(reservation: Json, *expiring: Json) -> Json:
    return tariff(*expiring, reservation, element(START, ENERGY))


RESERVATION_5 = reserved(element(component("TIME", "5.00", "20", 60), reservation="RESERVATION"))
RESERVATION_FEE = reserved(
    element(component("FLAT", "2.00", "20"), component("TIME", "5.00", "20", 300), reservation="RESERVATION")
)
EXPIRE_FEE = reserved(
    element(component("TIME", "2.00", "20", 600), reservation="RESERVATION"),
    element(component("FLAT", "4.00", "20"), reservation="RESERVATION_EXPIRES"),
)
EXPIRE_TIME = reserved(
    element(component("TIME", "3.00", "20", 600), reservation="RESERVATION"),
    element(component("TIME", "6.00", "20", 600), reservation="RESERVATION_EXPIRES"),
)
MAX_PRICE = tariff(
    element(START, ENERGY), max_price={"excl_vat": 10, "incl_vat": 11}, end_date_time="2026-12-31T23:59:59Z"
)
MIN_PRICE = tariff(element(ENERGY), min_price={"excl_vat": 0.5, "incl_vat": 0.55})
BEFORE_17 = {"start_time": "00:00", "end_time": "17:00"}


def energy(of: Json, kwh: str) -> Json:
    return cdr(of, period(0, ENERGY=kwh))


def stepped(kwh: str, step: int) -> Json:
    return energy(tariff(element(component("ENERGY", "0.25", step=step))), kwh)


def charged(of: Json, charging: float, parking: float = 0, start: str = "2026-10-05T09:00:00Z", **flow: Any) -> Json:
    """A session of charging and then, if any, parking minutes."""
    periods = [period(0, TIME=minutes(charging), **flow)]
    if parking:
        periods.append(period(charging, PARKING_TIME=minutes(parking)))
    return cdr(of, *periods, start=start, lasts=charging + parking)


def after_reservation(of: Json, waited: float) -> Json:
    return cdr(of, period(0, RESERVATION_TIME=minutes(waited)), period(waited, ENERGY=20), lasts=waited + 60)


EXAMPLES: dict[str, tuple[Json, str, str | None]] = {
    "T simple 0.25 per kWh": (energy(tariff(element(ENERGY)), "20"), "5.0000", "5.5000"),
    "T 0.25 per kWh + start fee": (energy(tariff(element(START, ENERGY)), "20"), "5.5000", "6.1000"),
    "T minimum price, reached": (energy(MIN_PRICE, "20"), "5.0000", "5.5000"),
    "T minimum price, under 2 kWh": (energy(MIN_PRICE, "1.9"), "0.5000", "0.5500"),
    "T parking and start fee": (
        cdr(tariff(element(START, ENERGY, component("PARKING_TIME", "2.00", "20", 900))),
            period(0, ENERGY=20), period(60, PARKING_TIME=minutes(40)), lasts=100), "7.0000", "7.9000"),
    "T max price, 50 kWh": (energy(MAX_PRICE, "50"), "10.0000", "11.0000"),
    "T max price, 30 kWh": (energy(MAX_PRICE, "30"), "8.0000", "8.8500"),
    "T simple 2 euro per hour": (charged(tariff(element(component("TIME", "2.00", "10", 60))), 150), "5.0000", "5.5000"),
    "T 3 euro per hour, 5 parking": (
        charged(tariff(element(component("TIME", "3.00", "10", 60), component("PARKING_TIME", "5.00", "20", 300))),
                150, 42), "11.2500", "12.7500"),
    # The text rounds 4.997 to 5.00.
    "T ad hoc 1.90 per hour": (charged(tariff(element(component("TIME", "1.90", "5.2", 300))), 150), "4.7500", "4.9970"),
    # The text prints 5.13, the table of 2.3.0 5.11: 20.5 kWh x 0.25 is 5.125.
    "T alternative url, 20.45 kWh in steps of 100 Wh": (
        energy(tariff(element(START, component("ENERGY", "0.25", "10", 100))), "20.45"), "5.6250", "6.2375"),
    "T complex, Monday": (
        charged(COMPLEX, 165, 42, "2026-10-05T07:30:00Z", MIN_CURRENT=10, MAX_CURRENT=16), "9.0000", "10.3000"),
    # The text prints 12.28 / 13.861: 114 minutes x 1.25 are 2.375, not 2.28.
    "T complex, Saturday": (
        charged(COMPLEX, 114, 71, "2026-10-10T11:30:00Z", MIN_CURRENT=43, MAX_CURRENT=43), "12.3750", "13.9750"),
    "T free of charge": (energy(tariff(element(component("FLAT", "0.00", step=0))), "20"), "0.0000", "0.0000"),
    "T reservation price": (after_reservation(RESERVATION_5, 15), "6.7500", "7.6000"),
    "T reservation price and fee": (after_reservation(RESERVATION_FEE, 13), "8.7500", "10.0000"),
    "T reservation, expire fee, used": (after_reservation(EXPIRE_FEE, 22), "6.5000", "7.3000"),
    "T reservation, expire fee, expired": (
        cdr(EXPIRE_FEE, period(0, RESERVATION_TIME=1)), "6.0000", "7.2000"),
    "T reservation, expire time, used": (after_reservation(EXPIRE_TIME, 22), "7.0000", "7.9000"),
    "T reservation, expire time, expired": (
        cdr(EXPIRE_TIME, period(0, RESERVATION_TIME=1.5), lasts=90), "9.0000", "10.8000"),
    "T switching elements 1": (
        cdr(SWITCHING, period(0, TIME=minutes(5)), period(5, TIME=minutes(5)), period(10, PARKING_TIME=minutes(2)),
            start="2026-10-05T14:55:00Z", lasts=12), "0.5500", None),
    "T switching elements 2": (
        cdr(SWITCHING, period(0, TIME=minutes(25)), period(25, TIME=minutes(10)),
            start="2026-10-05T14:35:00Z", lasts=35), "1.3000", None),
    "T switching to free of charge": (
        cdr(SWITCHING, period(0, TIME=minutes(12)), period(12, PARKING_TIME=minutes(8)),
            period(20, PARKING_TIME=minutes(12)), start="2026-10-05T17:40:00Z", lasts=32), "0.7300", None),
    "T max_power": (
        cdr(POWER, period(0, ENERGY=1, MIN_POWER=6, MAX_POWER=6), period(10, ENERGY=40, MIN_POWER=48, MAX_POWER=48),
            period(50, ENERGY=0.5, MIN_POWER=4, MAX_POWER=4)), "20.3000", "24.3600"),
    "T max_duration": (cdr(DURATION, period(0, ENERGY=5), period(30, ENERGY=1.2), lasts=40), "0.3000", "0.3600"),
    "T step_size 1, 115.2 Wh": (stepped("0.1152", 1), "0.0290", None),
    "T step_size 25, 115.2 Wh": (stepped("0.1152", 25), "0.0313", None),
    "T step_size 500, 115.2 Wh": (stepped("0.1152", 500), "0.1250", None),
    "C step_size, energy before and after 17:00": (
        cdr(tariff(element(component("ENERGY", "0.20", step=500), **BEFORE_17), element(component("ENERGY", "0.27", step=500))),
            period(0, ENERGY=4.3), period(30, ENERGY=1.1), start="2026-10-05T14:30:00Z"), "1.1840", None),
    "C step_size, time before and after 17:00": (
        cdr(tariff(element(component("TIME", "5", step=600), **BEFORE_17), element(component("TIME", "7", step=600))),
            period(0, TIME=minutes(6)), period(6, TIME=minutes(22)), start="2026-10-05T14:54:00Z", lasts=28),
        "3.3000", None),
    "C step_size, 21 charging and 16 parking": (
        charged(tariff(element(component("TIME", "1", step=600), component("PARKING_TIME", "2", step=600))), 21, 16),
        "1.0167", None),
    "C step_size, 21 charging and 7 parking": (
        charged(tariff(element(component("TIME", "6", step=300), component("PARKING_TIME", "6", step=300))), 21, 7),
        "3.1000", None),
    "T 2.3.0 North American taxes, excluded": (
        charged(tariff(element(component("TIME", "2.00")), tax_included="NO"), 150), "5.0000", None),
    "C 2.1.1 example of a CDR": (
        cdr(tariff(element(component("TIME", "2.00", step=300))), period(0, TIME="1.973"), lasts=118.3833,
            start="2015-06-29T21:39:09Z", auth_id="DE8ACC12E46L89"), "4.0000", None),
    "C 2.2.1 example of a CDR": (
        cdr(tariff(element(component("TIME", "2.00", "10.0", 300))), period(0, "T1", TIME="1.973"), lasts=118.3833),
        "4.0000", "4.4000"),
}  # fmt: skip


@pytest.fixture(scope="module")
def priced() -> dict[str, Json]:
    return dict(
        zip(EXAMPLES, answers([example[0] for example in EXAMPLES.values()], time_zone="Europe/Amsterdam"), strict=True)
    )


@pytest.mark.parametrize("name", EXAMPLES)
def test_an_example_of_the_spec_costs_what_the_text_says(priced: dict[str, Json], name: str) -> None:
    _, net, gross = EXAMPLES[name]
    assert cost(priced[name]) == (net, gross), priced[name]


def test_north_american_prices_with_tax_included_have_a_gross_only() -> None:
    """2.3.0, T: 2.5 hours at C$ 2.10 "will result in costs of C$ 5.25", and the net is not known."""
    session = charged(tariff(element(component("TIME", "2.10")), tax_included="YES"), 150)
    assert cost(answers([session])[0]) == (None, "5.2500")
