"""Numbers and times of CDRs: exact when they can be read, null and named when they cannot."""

import json
from collections.abc import Iterable, Iterator
from datetime import datetime
from decimal import ROUND_HALF_UP, Decimal

import duckdb
import pytest
from factories import a_cdr, a_period, records_of, table_rows
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from orchestration.defs.ingest.cdr_rows import load_cdrs
from orchestration.defs.ingest.records import RawRecord, split
from orchestration.warehouse import open_in_memory


@pytest.fixture
def connection() -> Iterator[duckdb.DuckDBPyConnection]:
    with open_in_memory() as opened:
        yield opened


def with_numbers(texts: Iterable[str]) -> list[RawRecord]:
    """CDRs whose total_energy and ENERGY volume are each of `texts`, digit by digit."""
    cdr = json.dumps(a_cdr(total_energy="@", charging_periods=[a_period() | {"dimensions": [
        {"type": "ENERGY", "volume": "@"}]}]))  # fmt: skip
    return list(split("\n".join(cdr.replace('"@"', text) for text in texts).encode()))


NUMBERS = [
    ("0.516667", "0.516667", True),
    ("1e3", "1000", False),
    ("1E-7", "0.0000001", True),
    ("-0", "0", False),
    ("12345678.12345678", "12345678.12345678", True),
    ("1234567890.12345678", "1234567890.12345678", True),
    ("9999999999.99999999", "9999999999.99999999", True),
    ("0.30000000000000004", "0.3", True),
    ("0.123456785", "0.12345679", True),
    ("-3.25", "-3.25", False),
]


def test_numbers_are_exact(connection: duckdb.DuckDBPyConnection) -> None:
    load_cdrs(connection, 1, with_numbers(text for text, _, _ in NUMBERS))
    found = table_rows(connection, "raw_cdrs")
    periods = table_rows(connection, "raw_charging_periods")
    expected = [Decimal(number) for _, number, _ in NUMBERS]
    assert [row["energy_kwh"] for row in found] == expected
    assert [period["energy_kwh"] for period in periods] == expected
    assert {row["type_problems"] for row in found} == {None}
    assert {period["dimension_problems"] for period in periods} == {None}
    assert [row["excess_precision"] for row in found] == [
        "total_energy,charging_periods.volume" if is_excess else None for _, _, is_excess in NUMBERS
    ]


@settings(max_examples=8, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(st.lists(st.decimals("-9999999999", "9999999999", allow_nan=False, places=10), min_size=1, max_size=40))
def test_any_number_is_the_one_sent_to_eight_places(
    connection: duckdb.DuckDBPyConnection, numbers: list[Decimal]
) -> None:
    for table in ("raw_records", "raw_cdrs", "raw_charging_periods", "raw_cdr_tariffs"):
        connection.execute(f"delete from ingest.{table}")
    texts = [format(number, "f") for number in numbers]
    load_cdrs(connection, 1, with_numbers(texts))
    expected = [Decimal(text).quantize(Decimal("1e-8"), ROUND_HALF_UP) for text in texts]
    assert [row["energy_kwh"] for row in table_rows(connection, "raw_cdrs")] == expected
    assert [row["energy_kwh"] for row in table_rows(connection, "raw_charging_periods")] == expected


NO_NUMBERS = {
    "NaN": "total_energy is NaN, expected a number",
    "Infinity": "total_energy is Infinity, expected a number",
    '"12,5"': 'total_energy is "12,5", expected a number without a decimal comma',
    '"1.234,5"': 'total_energy is "1.234,5", expected a number without a decimal comma',
    '"12.5"': 'total_energy is "12.5", expected a number',
    "10000000000": "total_energy is 10000000000, expected a number below 10000000000",
    "1e400": "total_energy is 1e400, expected a number below 10000000000",
    "true": "total_energy is true, expected a number",
    "{}": "total_energy is {}, expected a number",
    "[1]": "total_energy is [1], expected a number",
}


def test_what_is_no_number_is_null_and_named(connection: duckdb.DuckDBPyConnection) -> None:
    load_cdrs(connection, 1, with_numbers(NO_NUMBERS))
    found = table_rows(connection, "raw_cdrs")
    periods = table_rows(connection, "raw_charging_periods")
    assert {row["energy_kwh"] for row in found} == {period["energy_kwh"] for period in periods} == {None}
    volume = "charging_periods[1].dimensions.ENERGY.volume"
    said = [f"{problem}; {problem.replace('total_energy', volume)}" for problem in NO_NUMBERS.values()]
    assert [row["type_problems"] for row in found] == said
    assert all(period["dimension_problems"].startswith("ENERGY volume is ") for period in periods)


STAMPS = [
    ("2026-10-05T08:00:00", "2026-10-05T08:00:00+00:00", "none"),
    ("2026-10-05T08:00:00.25Z", "2026-10-05T08:00:00.250000+00:00", "utc"),
    ("2026-10-05T08:00:00.123456789", "2026-10-05T08:00:00.123456+00:00", "none"),
    ("2026-10-05T08:00:00+02:00", "2026-10-05T06:00:00+00:00", "offset"),
    ("2026-10-05T08:00:00+00:00", "2026-10-05T08:00:00+00:00", "offset"),
    ("2026-10-05t08:00:00z", "2026-10-05T08:00:00+00:00", "utc"),
]


def test_times_are_read_in_every_form_that_has_one_meaning(connection: duckdb.DuckDBPyConnection) -> None:
    load_cdrs(connection, 1, records_of(a_cdr(start_date_time=stamp) for stamp, _, _ in STAMPS))
    assert [
        (row["started_at"], row["time_form"], row["type_problems"]) for row in table_rows(connection, "raw_cdrs")
    ] == [(datetime.fromisoformat(expected), form, None) for _, expected, form in STAMPS]


EPOCHS = [(1760000000, "2025-10-09T08:53:20"), (1760000000123, "2025-10-09T08:53:20.123"),
          ("1760000000", "2025-10-09T08:53:20")]  # fmt: skip


def test_a_stamp_as_a_number_is_read_and_marked(connection: duckdb.DuckDBPyConnection) -> None:
    load_cdrs(connection, 1, records_of(a_cdr(start_date_time=stamp) for stamp, _ in EPOCHS))
    found = table_rows(connection, "raw_cdrs")
    assert [row["started_at"] for row in found] == [datetime.fromisoformat(f"{time}+00:00") for _, time in EPOCHS]
    assert [(row["time_form"], row["type_problems"]) for row in found] == [("epoch", None)] * 3


def test_no_price_is_made_of_a_stamp_as_a_number(connection: duckdb.DuckDBPyConnection) -> None:
    load_cdrs(connection, 1, records_of(a_cdr(start_date_time=stamp) for stamp, _ in EPOCHS), profile="price")
    found = table_rows(connection, "raw_cdrs")
    assert {row["started_at"] for row in found} == {None}
    assert all("epoch number" in row["type_problems"] for row in found)


NO_STAMPS = [
    12345, "05.10.2026 08:00", "2026-10-05", "2026-02-30T00:00:00Z",
    "2026-10-05T25:00:00Z", "infinity", "epoch", {"at": 1}, True,
]  # fmt: skip


def test_what_is_no_time_is_null_and_named(connection: duckdb.DuckDBPyConnection) -> None:
    load_cdrs(connection, 1, records_of(a_cdr(start_date_time=stamp) for stamp in NO_STAMPS))
    found = table_rows(connection, "raw_cdrs")
    assert {row["started_at"] for row in found} == {None}
    assert all(row["type_problems"].startswith("start_date_time is ") for row in found)


CONFLICTS = [
    ("2.2.1", {"stop_date_time": "2026-10-05T10:00:00Z"}, "stop_date_time beside fields of 2.2.1"),
    ("2.2.1", {"total_cost": 3.00}, "total_cost as the bare number of 2.1.1"),
    ("2.2.1", {"total_cost": {"excl_vat": 3.00, "before_taxes": 3.00}}, "excl_vat beside before_taxes"),
    ("2.3.0", {"total_energy_cost": {"excl_vat": 3.00}}, "excl_vat beside before_taxes"),
    ("2.1.1", {"total_cost": {"excl_vat": 3.00}}, "stop_date_time beside fields of 2.2.1"),
    ("2.1.1", {"end_date_time": "2026-10-05T10:00:00Z", "stop_date_time": None}, "end_date_time beside fields of 2.1.1"),
    ("2.2.1", {"cdr_location": None, "location": {"id": "L"}}, "end_date_time beside fields of 2.1.1"),
    ("2.2.1", {"cdr_location": None}, None),
    ("2.1.1", {}, None), ("2.2.1", {}, None), ("2.3.0", {}, None),
]  # fmt: skip


def test_words_of_two_versions_in_one_record_are_named(connection: duckdb.DuckDBPyConnection) -> None:
    load_cdrs(connection, 1, records_of(a_cdr(version, **bend) for version, bend, _ in CONFLICTS))
    assert [row["version_conflict"] for row in table_rows(connection, "raw_cdrs")] == [
        words for _, _, words in CONFLICTS
    ]


def test_another_version_than_the_declared_one_is_named(connection: duckdb.DuckDBPyConnection) -> None:
    load_cdrs(connection, 1, records_of([a_cdr("2.1.1"), a_cdr("2.2.1"), a_cdr("2.3.0")]), ocpi_version="2.2.1")
    assert [row["version_conflict"] for row in table_rows(connection, "raw_cdrs")] == [
        "stop_date_time in 2.2.1", None, "before_taxes in 2.2.1",
    ]  # fmt: skip
