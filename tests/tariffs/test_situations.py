"""The situations of tariffs against first match as PRICING words it, moment by moment."""

from datetime import date
from decimal import Decimal

from hypothesis import given, settings
from hypothesis import strategies as st

from orchestration.defs.ingest.tariff import Tariff
from orchestration.defs.ingest.tariff_elements import Component, Element
from orchestration.tariffs import words
from orchestration.tariffs.situations import AXES, CHARGING, EXPIRED, RESERVED, Space, merged, offers

MINUTES = st.sampled_from([0, 1, 420, 480, 1200, 1320, 1439])
ELEMENTS = st.builds(
    Element,
    components=st.lists(
        st.builds(Component, dimension=st.sampled_from(["ENERGY", "TIME"]), price=st.just(Decimal(1))),
        min_size=1, max_size=2,
    ).map(tuple),
    start_minute=st.none() | MINUTES,
    end_minute=st.none() | st.sampled_from([1, 420, 480, 1200, 1320, 1440]),
    start_date=st.none() | st.just(date(2026, 11, 1)),
    end_date=st.none() | st.just(date(2026, 12, 1)),
    day_mask=st.none() | st.integers(1, 127),
    min_kwh=st.none() | st.sampled_from([Decimal(0), Decimal(10)]),
    max_kwh=st.none() | st.sampled_from([Decimal(10), Decimal(20)]),
    min_duration_seconds=st.none() | st.just(1800),
    max_duration_seconds=st.none() | st.just(3600),
    min_power=st.none() | st.just(Decimal(11)),
    max_power=st.none() | st.sampled_from([Decimal(11), Decimal(22)]),
    reservation=st.none() | st.sampled_from(["RESERVATION", "RESERVATION_EXPIRES"]),
)  # fmt: skip
MOMENTS = st.fixed_dictionaries({
    "context": st.sampled_from([CHARGING, RESERVED, EXPIRED]),
    "day": st.integers(0, 6),
    "minute": MINUTES,
    "date": st.sampled_from([date(2026, 10, 31), date(2026, 11, 1), date(2026, 11, 30), date(2026, 12, 1)]),
    "kwh": st.sampled_from([Decimal(0), Decimal("9.99"), Decimal(10), Decimal(20)]),
    "seconds": st.sampled_from([0, 1799, 1800, 3600]),
    "low_power": st.sampled_from([Decimal(5), Decimal(11), Decimal(22)]),
    "high_power": st.sampled_from([Decimal(5), Decimal(11), Decimal(22)]),
})  # fmt: skip


def a_tariff_of(*elements: Element) -> Tariff:
    return Tariff(
        body="b", price_body="p", tax_body="t", number=1, tariff_id="T", party="NL/EVS", currency="EUR", type=None, valid_from=None, valid_to=None,
        last_updated=None, min_price_excl_tax=None, min_price_incl_tax=None, max_price_excl_tax=None,
        max_price_incl_tax=None, tax_included=None, elements=elements,
    )  # fmt: skip


def _is_active(element: Element, moment: dict) -> bool:  # type: ignore[type-arg]
    wanted = {None: (CHARGING,), "RESERVATION": (RESERVED, EXPIRED), "RESERVATION_EXPIRES": (EXPIRED,)}
    if moment["context"] not in wanted[element.reservation]:
        return False
    start = 0 if element.start_minute is None else element.start_minute
    end = 1440 if element.end_minute is None else element.end_minute
    minute = moment["minute"]
    in_window = start <= minute < end if start < end else start != end and (minute >= start or minute < end)
    bounds = (
        (element.start_date, moment["date"], element.end_date),
        (element.min_kwh, moment["kwh"], element.max_kwh),
        (element.min_duration_seconds, moment["seconds"], element.max_duration_seconds),
        (element.min_power, moment["low_power"], None),
        (None, moment["high_power"], element.max_power),
    )
    return (
        in_window
        and (element.day_mask is None or bool(element.day_mask >> moment["day"] & 1))
        and all((low is None or low <= value) and (high is None or value < high) for low, value, high in bounds)
    )


def _first_match(elements: list[Element], moment: dict, dimension: str) -> int | None:  # type: ignore[type-arg]
    order = list(enumerate(elements, start=1))
    if moment["context"] == EXPIRED:
        order = [e for e in order if e[1].reservation == "RESERVATION_EXPIRES"] + [
            e for e in order if e[1].reservation != "RESERVATION_EXPIRES"
        ]
    for number, element in order:
        if _is_active(element, moment) and any(c.dimension == dimension for c in element.components):
            return number
    return None


def _point(space: Space, moment: dict) -> tuple[int, ...]:  # type: ignore[type-arg]
    values = {
        "dates": moment["date"], "energy": moment["kwh"], "duration": moment["seconds"],
        "min_power": moment["low_power"], "max_power": moment["high_power"],
    }  # fmt: skip
    masks = []
    for axis in AXES:
        match axis:
            case "context":
                masks.append(moment["context"])
            case "days":
                masks.append(1 << moment["day"])
            case "clock":
                masks.append(1 << (sum(cut <= moment["minute"] for cut in space.cuts["clock"]) - 1))
            case "min_current" | "max_current":
                masks.append(1)
            case _:
                masks.append(1 << sum(cut <= values[axis] for cut in space.cuts[axis]))
    return tuple(masks)


@settings(max_examples=400, deadline=None)
@given(st.lists(ELEMENTS, min_size=1, max_size=5), MOMENTS, st.sampled_from(["ENERGY", "TIME"]))
def test_the_offer_of_a_moment_is_the_first_active_element_with_the_dimension(
    elements: list[Element], moment: dict, dimension: str  # type: ignore[type-arg]
) -> None:  # fmt: skip
    space = Space.of(elements)
    found, free = offers(a_tariff_of(*elements), dimension, space, moment["context"])
    point = _point(space, moment)

    def holds(boxes) -> int:  # type: ignore[no-untyped-def]
        return sum(all(mask & piece for mask, piece in zip(point, box, strict=True)) for box in boxes)

    winners = [offer.element_no for offer in found if holds(offer.boxes)]
    assert winners + [None] * holds(free) == [_first_match(elements, moment, dimension)]
    # Joined for words they are still the same moments, each once.
    for offer in found:
        assert holds(merged(offer.boxes)) == holds(offer.boxes)


def test_a_window_past_midnight_is_said_as_one_unless_it_belongs_to_single_days() -> None:
    element = Element(components=(), start_minute=22 * 60, end_minute=6 * 60)
    assert words.element_situation(element) == "every day 22:00-06:00"
    fridays = Element(components=(), start_minute=22 * 60, end_minute=6 * 60, day_mask=1 << 4)
    assert words.element_situation(fridays) == "Friday 00:00-06:00 and 22:00-24:00"


def test_bounds_are_said_as_a_seller_says_them() -> None:
    element = Element(
        components=(), day_mask=0b0011111, start_minute=480, end_minute=1200, min_kwh=Decimal("20.0"),
        max_duration_seconds=1800, max_power=Decimal(22), end_date=date(2027, 1, 1),
    )  # fmt: skip
    assert words.element_situation(element) == (
        "weekdays 08:00-20:00, until 2027-01-01, after 20 kWh, in the first 30 minutes, below 22 kW"
    )
    assert words.element_situation(Element(components=(), start_minute=420, end_minute=420)) == "never"
    assert words.element_situation(Element(components=())) == "always"
