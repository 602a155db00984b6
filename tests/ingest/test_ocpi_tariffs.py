"""Tariff objects: exact content, one hash for one content, and every field that cannot be priced named."""

import json
from collections.abc import Iterator
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import duckdb
import pytest
from factories import a_cdr, a_component, a_tariff, records_of

from orchestration.defs.ingest.cdr_rows import load_cdrs
from orchestration.defs.ingest.tariff import TariffError, parse_tariff
from orchestration.defs.ingest.tariff_rows import store_bodies
from orchestration.warehouse import open_in_memory


@pytest.fixture
def connection() -> Iterator[duckdb.DuckDBPyConnection]:
    with open_in_memory() as opened:
        yield opened


def restricted(**restrictions: Any) -> dict[str, Any]:
    return a_tariff(elements=[{"price_components": [a_component()], "restrictions": restrictions}])


def problems(tariff: dict[str, Any]) -> list[str]:
    return list(parse_tariff(json.dumps(tariff)).problems)


def test_a_tariff_is_read_as_sent() -> None:
    tariff = parse_tariff(
        json.dumps(
            a_tariff(
                start_date_time="2026-01-01T00:00:00Z",
                end_date_time="2027-01-01T00:00:00",
                min_price={"excl_vat": 0.5, "incl_vat": 0.605},
                max_price={"excl_vat": 20},
            )
        )
    )
    assert (tariff.tariff_id, tariff.party, tariff.currency, tariff.type) == ("STANDARD", "NL/EVS", "EUR", "REGULAR")
    assert tariff.valid_from == datetime(2026, 1, 1, tzinfo=UTC)
    assert tariff.valid_to == datetime(2027, 1, 1, tzinfo=UTC)
    assert (tariff.min_price_excl_tax, tariff.min_price_incl_tax) == (Decimal("0.5"), Decimal("0.605"))
    assert (tariff.max_price_excl_tax, tariff.max_price_incl_tax) == (20, None)
    ((component,),) = [element.components for element in tariff.elements]
    assert (component.dimension, component.price, component.tax_percent, component.step_size) == (
        "ENERGY",
        Decimal("0.3"),
        21,
        1,
    )
    assert tariff.problems == ()
    assert tariff.number == int(tariff.body[:15], 16)


def test_every_restriction_is_read() -> None:
    element = parse_tariff(
        json.dumps(
            restricted(
                start_time="22:00", end_time="06:30", start_date="2026-01-01", end_date="2027-01-01",
                min_kwh=1, max_kwh=20.5, min_current=6, max_current=32, min_power=3.7, max_power=22,
                min_duration=0, max_duration=3600, day_of_week=["SUNDAY", "MONDAY"], reservation="RESERVATION",
            )
        )
    ).elements[0]  # fmt: skip
    assert (element.start_minute, element.end_minute) == (1320, 390)
    assert (element.start_date, element.end_date) == (date(2026, 1, 1), date(2027, 1, 1))
    assert (element.min_kwh, element.max_kwh) == (1, Decimal("20.5"))
    assert (element.min_current, element.max_current) == (6, 32)
    assert (element.min_power, element.max_power) == (Decimal("3.7"), 22)
    assert (element.min_duration_seconds, element.max_duration_seconds) == (0, 3600)
    assert (element.day_mask, element.reservation) == (0b1000001, "RESERVATION")
    assert str(element.restrictions_text).startswith("start_time 22:00, end_time 06:30, start_date 2026-01-01")


@pytest.mark.parametrize(
    ("restrictions", "minutes"),
    [
        ({"start_time": "00:00", "end_time": "00:00"}, (0, 1440)),
        ({"start_time": "20:00", "end_time": "00:00"}, (1200, 1440)),
        ({"start_time": "08:00", "end_time": "08:00"}, (480, 480)),
        ({"start_time": "08:00"}, (480, None)),
        ({"end_time": "08:00"}, (None, 480)),
    ],
)
def test_midnight_as_an_end_is_the_end_of_the_day(restrictions: dict[str, str], minutes: tuple[Any, Any]) -> None:
    element = parse_tariff(json.dumps(restricted(**restrictions))).elements[0]
    assert (element.start_minute, element.end_minute) == minutes


@pytest.mark.parametrize(
    ("limit", "expected"),
    [
        ({"excl_vat": 1, "incl_vat": 1.21}, (1, Decimal("1.21"))),
        ({"before_taxes": 1, "after_taxes": 1.21}, (1, Decimal("1.21"))),
        ({"before_taxes": 1, "taxes": [{"name": "A", "amount": 0.1}, {"name": "B", "amount": 0.11}]},
         (1, Decimal("1.21"))),
        ({"before_taxes": 1}, (1, None)),
        ({"after_taxes": 1.21}, (None, Decimal("1.21"))),
        (1, (1, None)),
        ({"excl_vat": 0}, (0, None)),
    ],
)  # fmt: skip
def test_limits_are_read_in_every_version_s_form(limit: Any, expected: tuple[Any, Any]) -> None:
    tariff = parse_tariff(json.dumps(a_tariff("2.3.0", max_price=limit)), "2.3.0")
    assert (tariff.max_price_excl_tax, tariff.max_price_incl_tax) == expected
    assert tariff.problems == ()


def test_tax_comes_from_vat_or_from_named_taxes() -> None:
    elements = [
        {"price_components": [
            a_component(vat=None, taxes=[{"name": "GST", "percentage": 5}, {"name": "QST", "percentage": 9.975}]),
            a_component("TIME", 1, vat=None),
            a_component("FLAT", 1, vat=0),
        ]}
    ]  # fmt: skip
    tariff = parse_tariff(json.dumps(a_tariff("2.3.0", elements=elements)))
    assert [component.tax_percent for component in tariff.elements[0].components] == [Decimal("14.975"), None, 0]
    assert tariff.tax_included == "NO"


def test_rounding_of_a_component_is_kept() -> None:
    rounding = {"round_granularity": "TENTH", "round_rule": "ROUND_DOWN"}
    component = a_component(price_round=rounding, step_round=rounding)
    (read,) = (
        parse_tariff(json.dumps(a_tariff("2.1.1", elements=[{"price_components": [component]}]))).elements[0].components
    )
    assert (read.price_round_granularity, read.price_round_rule) == ("TENTH", "ROUND_DOWN")
    assert (read.step_round_granularity, read.step_round_rule) == ("TENTH", "ROUND_DOWN")


def body(tariff: dict[str, Any] | str) -> str:
    return parse_tariff(tariff if isinstance(tariff, str) else json.dumps(tariff)).body


def test_content_that_prices_alike_has_one_body() -> None:
    text = json.dumps(a_tariff())
    assert body(text.replace("0.3", "0.30")) == body(text) == body(text.replace("0.3", '"0.3"'))
    assert body(
        a_tariff(id="OTHER", party_id="XXX", last_updated="2027-01-01T00:00:00Z", type="AD_HOC_PAYMENT")
    ) == body(text)
    assert body(a_tariff(start_date_time="2026-05-01T00:00:00Z", tariff_alt_text=[{"language": "en"}])) == body(text)
    days = ["MONDAY", "FRIDAY"]
    assert body(restricted(day_of_week=days)) == body(restricted(day_of_week=days[::-1]))
    assert body(restricted()) == body(restricted(day_of_week=[])) == body(text)


def test_content_that_prices_differently_has_another_body() -> None:
    two = [{"price_components": [a_component()]}, {"price_components": [a_component(price=0.2)]}]
    other = [
        a_tariff(currency="GBP"),
        a_tariff(min_price={"excl_vat": 0}),
        a_tariff(max_price={"excl_vat": 0}),
        a_tariff(tax_included="NO"),
        a_tariff(elements=[{"price_components": [a_component(vat=None)]}]),
        a_tariff(elements=[{"price_components": [a_component(step_size=1000)]}]),
        a_tariff(elements=two),
        a_tariff(elements=two[::-1]),
        restricted(day_of_week=["MONDAY"]),
        restricted(end_time="00:00"),
    ]
    assert len({body(tariff) for tariff in [a_tariff(), *other]}) == 11


@pytest.mark.parametrize(
    ("tariff", "expected"),
    [
        (a_tariff(elements=None), "elements is null, expected a list with one element or more"),
        (a_tariff(elements=[7]), "elements[1] is 7, expected an object"),
        (a_tariff(elements=[{}]),
         "elements[1].price_components is null, expected a list with one component or more"),
        (a_tariff(elements=[{"price_components": [a_component("WARP")]}]),
         'elements[1].price_components[1].type is "WARP", expected one of ENERGY, TIME, PARKING_TIME, FLAT'),
        (a_tariff(elements=[{"price_components": [a_component(price="free")]}]),  # type: ignore[arg-type]
         'elements[1].price_components[1].price is "free", expected a number'),
        (a_tariff(elements=[{"price_components": [{"type": "TIME"}]}]),
         "elements[1].price_components[1].price is missing"),
        (a_tariff(elements=[{"price_components": [a_component(step_size=1.5)]}]),
         "elements[1].price_components[1].step_size is 1.5, expected a whole number of 0 or more"),
        (a_tariff(elements=[{"price_components": [a_component(price=1e10)]}]),
         "elements[1].price_components[1].price is 10000000000.0, expected a number below 10000000000"),
        (a_tariff(currency=None), "currency is missing"),
        (a_tariff(max_price={}), "max_price is {}, expected an amount without or with tax"),
        (a_tariff(tax_included="MAYBE"), 'tax_included is "MAYBE", expected one of YES, NO, N/A'),
        (a_tariff(start_date_time="soon"), 'start_date_time is "soon", expected a time as 2026-01-31T12:00:00Z'),
        (restricted(start_time="8:00"),
         'elements[1].restrictions.start_time is "8:00", expected a time of day as 07:30'),
        (restricted(end_date="31-12-2026"),
         'elements[1].restrictions.end_date is "31-12-2026", expected a date as 2026-01-31'),
        (restricted(day_of_week=["FUNDAY"]),
         'elements[1].restrictions.day_of_week is "FUNDAY", expected one of '
         "MONDAY, TUESDAY, WEDNESDAY, THURSDAY, FRIDAY, SATURDAY, SUNDAY"),
        (restricted(reservation="MAYBE"),
         'elements[1].restrictions.reservation is "MAYBE", expected one of RESERVATION, RESERVATION_EXPIRES'),
        (restricted(moon="full"),
         'elements[1].restrictions.moon is "full", expected only restrictions that OCPI knows'),
    ],
)  # fmt: skip
def test_what_cannot_be_priced_is_named(tariff: dict[str, Any], expected: str) -> None:
    assert problems(tariff) == [expected]


def test_not_a_number_is_named() -> None:
    text = json.dumps(a_tariff()).replace("0.3", "NaN")
    assert parse_tariff(text).problems == ("elements[1].price_components[1].price is NaN, expected a number",)


@pytest.mark.parametrize("text", ["[]", "1", "null", "{", "[" * 5000])
def test_what_is_no_tariff_is_one_sentence(text: str) -> None:
    with pytest.raises(TariffError, match=r"^the tariff is "):
        parse_tariff(text)


def test_each_content_is_stored_once(connection: duckdb.DuckDBPyConnection) -> None:
    cheap, dear = a_tariff(id="A"), restricted(max_kwh=5, day_of_week=["MONDAY"])
    cdrs = [a_cdr(tariffs=[cheap]), a_cdr(tariffs=[a_tariff(id="B"), dear]), a_cdr(tariffs=[]), a_cdr(tariffs=["?"])]
    load_cdrs(connection, 1, records_of(cdrs))
    store_bodies(connection, [parse_tariff(json.dumps(cheap))])
    named = connection.execute(
        "select record_id & 255, tariff_index, tariff_id, tariff_no is null from ingest.raw_cdr_tariffs order by all"
    ).fetchall()
    assert named == [(1, 1, "A", False), (2, 1, "B", False), (2, 2, "STANDARD", False), (4, 1, None, True)]
    assert connection.execute(
        "select count(*), count(distinct tariff_no) from ingest.raw_tariff_bodies"
    ).fetchone() == (2, 2)
    assert connection.execute(
        "select price, tax_percent, step_size, max_kwh, day_mask, restrictions_text from ingest.raw_tariff_components"
        " inner join ingest.raw_tariff_elements using (tariff_no, element_no) where max_kwh is not null"
    ).fetchall() == [(Decimal("0.3"), 21, 1, 5, 1, "max_kwh 5, day_of_week MONDAY")]


def test_a_tariff_in_a_cdr_has_the_body_of_the_same_tariff_in_a_feed(connection: duckdb.DuckDBPyConnection) -> None:
    tariff = restricted(max_kwh=1e3, min_power=0.30000000000000004, start_time="08:00")
    load_cdrs(connection, 1, records_of([a_cdr(tariffs=[tariff])]))
    assert connection.execute("select tariff_body from ingest.raw_tariff_bodies").fetchall() == [(body(tariff),)]
