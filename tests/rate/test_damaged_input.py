"""Whatever is wrong with a CDR or a tariff: one answer each, and a reason where there is no price."""

import json
import re
from decimal import Decimal
from random import Random
from typing import Any

import pytest

from orchestration.defs.ingest.cdr_problems import problems_of
from orchestration.defs.ingest.records import split
from orchestration.engine.price import PriceError, price, read_tariffs
from tests.rate.cdr_generator import a_cdr
from tests.rate.sessions import cdr, component, element, period, tariff, to_json

NASTY: list[Any] = [
    None, "", "x", "2,5", "NaN", True, [], {}, [[[[]]]], {"a": {"b": {}}}, -1, 0, 10**30, Decimal("1e400"),
    Decimal("-99999999999.123456789"), Decimal("0.1234567890123456789"), "2026-13-45T99:99:99Z", "0001-01-01T00:00:00Z",
    "9999-12-31T23:59:59Z", 1700000000, "ENERGY", "Ω" * 300, "'; drop table cdrs; --", Decimal("999999.99999999"),
]  # fmt: skip


def places(value: Any) -> list[tuple[Any, Any]]:
    """Every (container, key) of a JSON value."""
    keys = list(value) if isinstance(value, dict) else list(range(len(value))) if isinstance(value, list) else []
    return [(value, key) for key in keys] + [place for key in keys for place in places(value[key])]


def damaged(random: Random, number: int) -> str:
    """A CDR with up to three things wrong, as text."""
    cdr = a_cdr(random, number)
    for _ in range(random.randrange(1, 4)):
        container, key = random.choice(places(cdr))
        match random.randrange(4):
            case 0:
                del container[key]
            case 1:
                container[key] = [container[key], container[key]]
            case _:
                container[key] = random.choice(NASTY)
        if not cdr:
            break
    text = to_json(cdr)
    match random.randrange(12):
        case 0:
            return text[: random.randrange(1, len(text))]
        case 1:
            return text.replace("0.", "NaN", 1)
        case 2:
            return twice(random, text)
        case 3:
            return text.replace("[{", "[" * 400 + "{", 1).replace("}]", "}" + "]" * 400, 1)
        case _:
            return text


def twice(random: Random, text: str) -> str:
    """The same object with one of its fields, anywhere, given again with another value."""
    field = random.choice(list(re.finditer(r'"(\w+)":("[^"]*"|[0-9.]+)', text)))
    return f'{text[: field.end()]},"{field[1]}":{random.choice(["1", "null", field[2], chr(34) + "x" + chr(34)])}{text[field.end() :]}'


def check(seed: int, count: int) -> None:
    random = Random(seed)
    texts = [damaged(random, number) for number in range(count)]
    answers = [json.loads(line) for line in price(split("\n".join(texts).encode()), time_zone="Europe/Amsterdam")]
    assert [answer["position"] for answer in answers] == list(range(1, count + 1))
    for text, answer in zip(texts, answers, strict=True):
        assert answer["total_cost"] is not None or answer["problems"], text


def test_damaged_cdrs_get_an_answer_each() -> None:
    check(3, 400)


SOUND = to_json(cdr(tariff(element(component("ENERGY", "0.30", "20"))), period(0, ENERGY=1)))
TWICE = {
    "id": SOUND[:-1] + ',"id":"C2"}',
    "charging_periods": SOUND[:-1] + ',"charging_periods":[]}',
    "volume": SOUND.replace('"volume":1', '"volume":1,"volume":5'),
    "start_date_time": SOUND.replace('"dimensions"', '"start_date_time":"2026-10-05T09:30:00Z","dimensions"'),
    "price": SOUND.replace('"price":0.30', '"price":0.30,"price":0.50'),
}


def test_a_field_given_twice_leaves_no_price() -> None:
    """Readers of JSON differ on which of the two counts, so either would be a silent number."""
    found = [json.loads(line) for line in price(split("\n".join([*TWICE.values(), SOUND]).encode()))]
    assert found.pop()["total_cost"] == {"excl_vat": "0.3000", "incl_vat": "0.3600"}
    for name, answer in zip(TWICE, found, strict=True):
        assert answer["total_cost"] is None and answer["lines"] == []
        message = answer["problems"][0]["message"]
        assert f"{name} is given more than once" in message or f"the key {name} twice" in message


def check_tariffs(seed: int, count: int) -> None:
    """A damaged tariff from a file is refused with its place, or its session's answer has a price or a problem."""
    random = Random(seed)
    refused = 0
    for number in range(count):
        item = a_cdr(random, number)
        of = item["tariffs"][0]
        for _ in range(random.randrange(1, 3)):
            container, key = random.choice(places(of))
            container[key] = random.choice(NASTY)
        text = to_json(of)
        try:
            tariffs = read_tariffs(split((twice(random, text) if random.random() < 0.2 else text).encode()), "t.json")
        except PriceError as error:
            refused += 1
            assert str(error).startswith("t.json"), error
            continue
        session = {**item, "tariffs": [], "charging_periods": [
            {name: value for name, value in p.items() if name != "tariff_id"} for p in item["charging_periods"]
        ]}  # fmt: skip
        (line,) = price(split(to_json(session).encode()), tariffs[:1], time_zone="Europe/Amsterdam")
        answer = json.loads(line)
        assert answer["total_cost"] is not None or answer["problems"], text
    assert refused < count


def test_damaged_tariffs_are_refused_or_answered() -> None:
    check_tariffs(5, 8)


@pytest.mark.slow
def test_five_hundred_damaged_tariffs_are_refused_or_answered() -> None:
    check_tariffs(6, 500)


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(10))
def test_five_thousand_damaged_cdrs_get_an_answer_each(seed: int) -> None:
    check(100 + seed, 500)


def test_a_period_of_two_thousand_years_does_not_stop_the_batch() -> None:
    """Its microseconds fill 17 digits."""
    by_day = tariff(
        element(component("ENERGY", "0.30", "20"), start_time="01:30", end_time="17:30", day_of_week=["SUNDAY"]),
        element(component("ENERGY", "0.20", "20"), component("TIME", "2.00", "20")),
    )
    long = cdr(by_day, period(0, ENERGY=1), period(30, ENERGY=1))
    long["charging_periods"][0]["start_date_time"] = "0001-01-01T00:00:00Z"
    found = [json.loads(line) for line in price(split(f"{to_json(long)}\n{SOUND}".encode()), time_zone="UTC")]
    assert found[0]["total_cost"] is not None or found[0]["problems"]
    assert found[1]["total_cost"] == {"excl_vat": "0.3000", "incl_vat": "0.3600"}


def test_lists_in_lists_are_shown_short() -> None:
    text = '{"charging_periods": [' + "[" * 600 + "]" * 600 + "]}"
    (problem,) = problems_of(text, "2.2.1")
    assert problem.startswith("charging_periods[1] is [[[[[") and "..." in problem and len(problem) < 100
