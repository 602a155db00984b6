"""A price line is told so that whoever multiplies what it says gets the amount beside it."""

from decimal import Decimal
from typing import Any

import pytest

from orchestration.story.price_words import how, reading, what, when


def line(dimension: str, volume: str | None, price: str | None, net: str, **other: Any) -> dict[str, Any]:
    number = {
        "volume": volume,
        "unit_price": price,
        "amount_excl_tax": net,
        "amount_incl_tax": other.pop("gross", None),
    }
    return {
        "kind": "component", "part": "energy", "dimension": dimension, "step_size": None,
        **{name: None if text is None else Decimal(text) for name, text in number.items()}, **other,
    }  # fmt: skip


@pytest.mark.parametrize(
    ("told", "text"),
    [
        # 20.211 x 0.71 = 14.34981
        (line("ENERGY", "20.21100000", "0.71000000", "14.34981"), "20.211 kWh x 0.71 EUR"),
        # A credit takes the same back: the words say what is multiplied, the amount has the sign.
        (line("ENERGY", "20.21100000", "0.71000000", "-14.34981"), "20.211 kWh x 0.71 EUR"),
        # 2 x 1.21 = 2.42 is the gross amount; 2.42 / 1.21 = 2 the net.
        (line("ENERGY", "2", "1.21", "2", gross="2.42"), "2 kWh x 1.21 EUR, tax in it"),
        (line("FLAT", "1", "0.35", "0.35", part="fixed"), "once 0.35 EUR"),
        (line("TIME", "2.1825", "0.6", "1.3095", part="time"), "2.1825 h x 0.6 EUR"),
        # 0.01333333 h are 48 s: 48 / 3600 x 0.6 = 0.008, which eight places of an hour do not give.
        (
            line("TIME", "0.01333333", "0.6", "0.008", part="time", kind="step", step_size=60),
            "to full 1 minute: 48 s / 3600 x 0.6 EUR",
        ),
        # 1.234 x 0.5 = 0.617, rounded to 0.62 by its tariff.
        (line("ENERGY", "1.234", "0.5", "0.62"), "1.234 kWh x 0.5 EUR, then rounded"),
        (line("LIMIT", None, None, "-5", kind="max_price", part="limit"), ""),
    ],
)
def test_a_line_says_what_to_multiply(told: dict[str, Any], text: str) -> None:
    assert how(told, "EUR") == text


@pytest.mark.parametrize(
    ("told", "text"),
    [
        (line("PARKING_TIME", "1", "3", "3", part="parking"), "Idle time"),
        (line("FLAT", "1", "3", "3", part="reservation"), "Reservation fee"),
        (line("LIMIT", None, None, "-5", kind="max_price", part="limit"), "Cut to the maximum price"),
        (line("LIMIT", None, None, "5", kind="min_price", part="limit"), "Raised to the minimum price"),
    ],
)
def test_a_line_is_named_as_a_seller_names_it(told: dict[str, Any], text: str) -> None:
    assert what(told) == text


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("base", "the base reading"),
        ("session_half_up", "the session rounded half-up"),
        (
            "clock_after_change+step_each_duration+session_half_up",
            "the hour that comes twice read as winter time, a step on each duration, the session rounded half-up",
        ),
        ("step_each_period+line_half_even", "a step on each period, each price line rounded half-even"),
    ],
)
def test_a_reading_has_a_name_in_words(name: str, text: str) -> None:
    assert reading(name) == text


@pytest.mark.parametrize(
    ("sent", "told"),
    [
        (None, "always"),
        ("start_time 08:00, end_time 20:00", "08:00 to 20:00"),
        ("end_time 07:00, day_of_week SATURDAY SUNDAY", "until 07:00, Saturday, Sunday"),
        ("min_duration 14400", "after 4 hours"),
        ("min_kwh 10, max_kwh 20.5", "from 10 kWh to 20.5 kWh"),
        ("start_date 2026-10-15, max_power 50", "from 2026-10-15 on, below 50 kW"),
        ("min_current 16, reservation RESERVATION_EXPIRES", "at 16 A or more, reserved and not used"),
        # What nobody has words for is not left out.
        ("min_duration soon, phase_of_moon full", "after soon, phase_of_moon full"),
    ],
)
def test_when_a_price_holds_is_told_in_words(sent: str | None, told: str) -> None:
    assert when(sent) == told
