"""Properties that need no second engine: what must not, or must in a known way, change a price."""

from copy import deepcopy
from decimal import Decimal
from random import Random
from typing import Any

from tests.rate.cdr_generator import a_cdr
from tests.rate.sessions import answers, cdr, component, cost, element, minutes, period, tariff

Json = dict[str, Any]
ZONE = "Europe/Amsterdam"


def some(seed: int, count: int = 150) -> list[Json]:
    random = Random(seed)
    return [a_cdr(random, number) for number in range(count)]


def test_the_order_of_a_batch_does_not_matter() -> None:
    cdrs = some(11)
    shuffled = Random(1).sample(cdrs, len(cdrs))
    by_id = {answer["id"]: answer for answer in answers(shuffled, time_zone=ZONE)}
    for answer in answers(cdrs, time_zone=ZONE):
        assert {**answer, "position": 0} == {**by_id[answer["id"]], "position": 0}


def test_doubling_all_prices_doubles_the_total() -> None:
    cdrs = some(12)
    doubled = deepcopy(cdrs)
    for item in doubled:
        for of in item["tariffs"]:
            for limit in ("min_price", "max_price"):
                of[limit] = {side: amount * 2 for side, amount in of[limit].items()} if limit in of else None
            for part in (price for each in of["elements"] for price in each["price_components"]):
                part["price"] *= 2
    before, after = answers(cdrs, time_zone=ZONE), answers(doubled, time_zone=ZONE)
    for single, double in zip(before, after, strict=True):
        assert (cost(single) is None) == (cost(double) is None)
        for once, twice in zip(cost(single) or (), cost(double) or (), strict=True):
            # Shown with 4 decimals: twice a rounded amount may be off by one in the last.
            assert once is twice is None or abs(Decimal(once or 0) * 2 - Decimal(twice or 0)) <= Decimal("0.0001")


def test_a_credit_and_its_original_are_nothing() -> None:
    cdrs = [item for item in some(13) if "stop_date_time" not in item and not item.get("credit")]
    credits = [{**item, "credit": True, "credit_reference_id": item["id"]} for item in cdrs]
    for original, credit in zip(answers(cdrs, time_zone=ZONE), answers(credits, time_zone=ZONE), strict=True):
        for charged, taken in zip(cost(original) or (), cost(credit) or (), strict=True):
            assert charged is taken is None or Decimal(charged or 0) + Decimal(taken or 0) == 0


def test_splitting_a_period_where_nothing_changes_leaves_the_price() -> None:
    of = tariff(
        element(component("FLAT", "0.5", "20")),
        element(component("ENERGY", "0.31", "20", 100), component("TIME", "1.7", "20", 300), max_kwh=1000),
        element(component("PARKING_TIME", "2.3", "20", 900), min_duration=60),
    )
    whole = cdr(of, period(0, ENERGY="7.3", TIME="0.7"), period(42, PARKING_TIME=minutes(17)), lasts=59)
    split = cdr(
        of,
        period(0, ENERGY="2.1", TIME="0.2"),
        period(12, ENERGY="5.2", TIME="0.5"),
        period(42, PARKING_TIME=minutes(12)),
        period(54, PARKING_TIME=minutes(5)),
        lasts=59,
    )
    first, second = answers([whole, split])
    assert cost(first) == cost(second)
    assert [first[name] for name in ("total_energy", "total_time")] == [
        second[name] for name in ("total_energy", "total_time")
    ]
