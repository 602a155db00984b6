"""CDRs of three OCPI versions into the raw tables: each leaf as sent, each fault by its field's name."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import duckdb
import pytest
from factories import a_cdr, a_location, a_period, a_tariff, records_of, table_rows

from orchestration.defs.ingest.cdr_rows import load_cdrs
from orchestration.defs.ingest.records import split
from orchestration.warehouse import open_in_memory

VERSIONS = ["2.1.1", "2.2.1", "2.3.0"]


@pytest.fixture
def connection() -> Iterator[duckdb.DuckDBPyConnection]:
    with open_in_memory() as opened:
        yield opened


def load_one(connection: duckdb.DuckDBPyConnection, cdr: dict[str, Any], **how: Any) -> dict[str, Any]:
    load_cdrs(connection, 1, records_of([cdr]), **how)
    (row,) = table_rows(connection, "raw_cdrs")
    return row


@pytest.mark.parametrize("version", VERSIONS)
def test_each_version_gives_the_same_session(connection: duckdb.DuckDBPyConnection, version: str) -> None:
    row = load_one(connection, a_cdr(version))
    assert row["ocpi_version"] == version
    assert row["missing_fields"] is row["type_problems"] is row["excess_precision"] is None
    assert row["cdr_key"] == "nl/evs|cdr-1"
    assert (row["cpo_party"], row["emsp_party"]) == ("NL/EVS", "NL/EMO")
    assert row["party_source"] == ("prefix" if version == "2.1.1" else "record")
    assert row["started_at"] == datetime(2026, 10, 5, 8, tzinfo=UTC)
    assert row["ended_at"] == datetime(2026, 10, 5, 10, tzinfo=UTC)
    assert (row["location_id"], row["evse_uid"], row["evse_id"], row["connector_id"]) == (
        "LOC1",
        "EVSE1",
        "NL*EVS*E1",
        "1",
    )
    assert row["contract_id"] == "NL-EMO-C00000001-1"
    assert row["record_time_zone"] == ("Europe/Amsterdam" if version == "2.1.1" else None)
    assert (row["energy_kwh"], row["total_time_hours"], row["total_parking_hours"]) == (10, 2, Decimal("0.5"))
    assert row["claimed_excl_tax"] == 3
    assert row["claimed_incl_tax"] == (None if version == "2.1.1" else Decimal("3.63"))
    assert row["claimed_energy_excl_tax"] == (None if version == "2.1.1" else 3)
    assert (row["is_credit"], row["time_form"]) == (False, "utc")
    first, second = table_rows(connection, "raw_charging_periods", "period_no")
    assert (first["energy_kwh"], first["time_hours"], first["parking_hours"]) == (10, Decimal("1.5"), None)
    assert (second["energy_kwh"], second["parking_hours"]) == (None, Decimal("0.5"))
    assert second["started_at"] == datetime(2026, 10, 5, 9, 30, tzinfo=UTC)
    (tariff,) = table_rows(connection, "raw_cdr_tariffs")
    assert (tariff["tariff_index"], tariff["tariff_id"]) == (1, "STANDARD")
    assert [body["tariff_no"] for body in table_rows(connection, "raw_tariff_bodies", "1")] == [tariff["tariff_no"]]
    (record,) = table_rows(connection, "raw_records")
    assert (record["is_typed"], record["problem"], record["position"]) == (True, None, 1)
    assert json.loads(record["raw_text"]) == a_cdr(version)


def test_a_bad_period_start_is_named_with_its_period(connection: duckdb.DuckDBPyConnection) -> None:
    periods = [a_period(ENERGY=1), a_period("soon", ENERGY=1), {"dimensions": []}]
    row = load_one(connection, a_cdr(charging_periods=periods))
    assert row["type_problems"] == (
        'charging_periods[2].start_date_time is "soon", expected a time as 2026-01-31T12:00:00Z'
    )
    assert row["missing_fields"] == "charging_periods[3].start_date_time"
    assert [period["started_at"] is None for period in table_rows(connection, "raw_charging_periods", "period_no")] == [
        False,
        True,
        True,
    ]


MISSING: list[tuple[str, dict[str, Any], str]] = [
    ("2.2.1", {"country_code": None}, "country_code"),
    ("2.2.1", {"id": None}, "id"),
    ("2.2.1", {"end_date_time": None, "currency": ""}, "end_date_time,currency"),
    ("2.2.1", {"cdr_token": None}, "cdr_token"),
    ("2.2.1", {"cdr_token": {"uid": "1", "type": "RFID", "contract_id": "C"}},
     "cdr_token.country_code,cdr_token.party_id"),
    ("2.2.1", {"total_cost": {"incl_vat": 3}}, "total_cost.excl_vat"),
    ("2.3.0", {"total_energy": None, "total_time": None}, "total_energy,total_time"),
    ("2.1.1", {"auth_id": None}, "auth_id"),
    ("2.1.1", {"stop_date_time": None}, "stop_date_time"),
    ("2.1.1", {"last_updated": None}, "last_updated"),
]  # fmt: skip


def test_mandatory_fields_of_the_version_are_named_when_absent(connection: duckdb.DuckDBPyConnection) -> None:
    load_cdrs(connection, 1, records_of(a_cdr(version, **override) for version, override, _ in MISSING))
    found = table_rows(connection, "raw_cdrs")
    assert [(row["missing_fields"], row["type_problems"]) for row in found] == [(names, None) for *_, names in MISSING]


ODD_SHAPES: list[tuple[dict[str, Any], str]] = [
    ({"cdr_token": "04A1"}, 'cdr_token is "04A1", expected an object'),
    ({"cdr_location": 7}, "cdr_location is 7, expected an object"),
    ({"charging_periods": {"a": 1}}, 'charging_periods is {"a": 1}, expected a list'),
    ({"tariffs": "STANDARD"}, 'tariffs is "STANDARD", expected a list'),
    ({"total_cost": 3}, "total_cost is 3, expected an object with the amount without tax"),
    ({"total_cost": {"excl_vat": "3"}}, 'total_cost.excl_vat is "3", expected a number'),
    ({"total_fixed_cost": {"excl_vat": "1,5"}},
     'total_fixed_cost.excl_vat is "1,5", expected a number without a decimal comma'),
    ({"credit": "yes"}, 'credit is "yes", expected true or false'),
    ({"id": ["A"]}, 'id is ["A"], expected a text'),
]  # fmt: skip


def test_a_value_of_another_shape_is_named(connection: duckdb.DuckDBPyConnection) -> None:
    load_cdrs(connection, 1, records_of(a_cdr(**override) for override, _ in ODD_SHAPES))
    assert [row["type_problems"] for row in table_rows(connection, "raw_cdrs")] == [
        problem for _, problem in ODD_SHAPES
    ]


def test_records_that_are_no_cdr_are_kept_with_the_reason(connection: duckdb.DuckDBPyConnection) -> None:
    lines = ["1", '"x"', "{}", '{"a":', r'{"id": "\ud800"}', '{"total_energy": 1}', json.dumps(a_cdr())]
    load_cdrs(connection, 3, split(("[" + ",".join(lines[:3]) + "]").encode()))
    load_cdrs(connection, 4, split("\n".join(["{}", *lines[3:]]).encode()))
    found = table_rows(connection, "raw_records")
    assert [record["is_typed"] for record in found] == [False] * 7 + [True]
    assert all(record["problem"] for record in found[:-1])
    assert {record["problem_rule_id"] for record in found[:2]} == {"SCHEMA_TYPE_INVALID"}
    assert found[2]["problem_rule_id"] == "SCHEMA_REQUIRED_MISSING"
    assert found[0]["problem"] == "the record is 1, expected a CDR object"
    assert len(table_rows(connection, "raw_cdrs")) == 1
    assert found[-1]["record_id"] == (4 << 32) | 5


def test_parties_of_the_old_version_come_from_prefixes_or_the_mapping(connection: duckdb.DuckDBPyConnection) -> None:
    def parties(file_seq: int, evse_id: str | None, auth_id: str, **constants: str) -> tuple[Any, ...]:
        location = a_location("2.1.1")
        location["evses"][0]["evse_id"] = evse_id
        load_cdrs(
            connection, file_seq, records_of([a_cdr("2.1.1", location=location, auth_id=auth_id)]), constants=constants
        )
        row = table_rows(connection, "raw_cdrs")[-1]
        return row["cpo_party"], row["emsp_party"], row["party_source"]

    assert parties(1, "DE*ABC*E123", "NL-EMO-C123") == ("DE/ABC", "NL/EMO", "prefix")
    assert parties(2, "DEABCE123", "DE8ACC12E46L89") == ("DE/ABC", "DE/8AC", "prefix")
    assert parties(3, None, "04A1B2C3") == (None, None, "record")
    assert parties(4, None, "04A1B2C3", cpo_party="NL/EVS", emsp_party="NL/EMO") == ("NL/EVS", "NL/EMO", "mapping")


def test_a_credit_is_kept_with_its_sign_as_sent(connection: duckdb.DuckDBPyConnection) -> None:
    cost = {"excl_vat": -3.00, "incl_vat": -3.63}
    row = load_one(connection, a_cdr(id="CDR-1-C", credit=True, credit_reference_id="CDR-1", total_cost=cost))
    assert (row["is_credit"], row["credit_reference_id"], row["claimed_excl_tax"]) == (True, "CDR-1", -3)


@pytest.mark.parametrize(
    ("taxes", "gross"),
    [
        ([{"name": "GST", "amount": 0.15}, {"name": "QST", "amount": 0.2993}], Decimal("3.4493")),
        ([], Decimal(3)),
        (None, None),
    ],
)
def test_gross_of_the_new_version_is_net_plus_all_taxes(
    connection: duckdb.DuckDBPyConnection, taxes: list[Any] | None, gross: Decimal | None
) -> None:
    cost = {"before_taxes": 3.00} | ({} if taxes is None else {"taxes": taxes})
    row = load_one(connection, a_cdr("2.3.0", total_cost=cost))
    assert (row["claimed_excl_tax"], row["claimed_incl_tax"]) == (3, gross)


def test_dimensions_are_told_apart_by_version(connection: duckdb.DuckDBPyConnection) -> None:
    volumes = {"ENERGY": 1, "RESERVATION_TIME": 1, "POWER": 5, "STATE_OF_CHARGE": 80, "FLAT": 1, "WARP": 9}
    load_cdrs(connection, 1, records_of([a_cdr(charging_periods=[a_period(**volumes)])]))
    load_cdrs(connection, 2, records_of([a_cdr("2.1.1", charging_periods=[a_period(tariff_id=None, **volumes)])]))
    new, old = table_rows(connection, "raw_charging_periods")
    assert (new["other_dimensions"], new["unknown_dimensions"]) == ("POWER,STATE_OF_CHARGE", "FLAT,WARP")
    assert (old["other_dimensions"], old["unknown_dimensions"]) == (
        "FLAT",
        "POWER,RESERVATION_TIME,STATE_OF_CHARGE,WARP",
    )
    assert new["dimension_problems"] is old["dimension_problems"] is None


def test_a_dimension_given_twice_is_a_problem(connection: duckdb.DuckDBPyConnection) -> None:
    period = a_period(ENERGY=1) | {
        "dimensions": [{"type": "ENERGY", "volume": 1}, {"type": "ENERGY", "volume": 2}, {"type": "TIME"}]
    }
    load_cdrs(connection, 1, records_of([a_cdr(charging_periods=[period])]))
    (row,) = table_rows(connection, "raw_charging_periods")
    assert row["dimension_problems"] == "TIME has no volume; ENERGY is given more than once"


def test_for_a_price_little_is_asked_and_every_record_has_its_own_key(connection: duckdb.DuckDBPyConnection) -> None:
    small = {
        "start_date_time": "2026-10-05T08:00:00Z",
        "end_date_time": "2026-10-05T10:00:00Z",
        "currency": "EUR",
        "tariffs": [a_tariff()],
        "charging_periods": [a_period(ENERGY=1)],
    }
    load_cdrs(connection, 1, records_of([small, a_cdr(), a_cdr(), {"id": "X"}]), profile="price")
    found = table_rows(connection, "raw_cdrs")
    assert [row["cdr_key"] for row in found] == [f"position|{number:010d}" for number in (1, 2, 3, 4)]
    assert {(row["cpo_party"], row["emsp_party"]) for row in found} == {("OWN/CPO", "PTN/MSP")}
    assert [row["missing_fields"] for row in found] == [
        None,
        None,
        None,
        "start_date_time,end_date_time,currency,charging_periods",
    ]


def test_the_version_can_be_declared(connection: duckdb.DuckDBPyConnection) -> None:
    row = load_one(connection, a_cdr("2.2.1"), ocpi_version="2.3.0")
    assert row["ocpi_version"] == "2.3.0"
    with pytest.raises(ValueError, match=r"OCPI version 3\.0 is not read"):
        load_cdrs(connection, 2, [], ocpi_version="3.0")


def test_chunks_do_not_change_what_is_read(
    connection: duckdb.DuckDBPyConnection, monkeypatch: pytest.MonkeyPatch
) -> None:
    cdrs = [a_cdr(id=f"CDR-{number}", tariffs=[a_tariff(id=f"T{number % 2}")]) for number in range(7)]
    monkeypatch.setattr("orchestration.defs.ingest.record_chunks.CHUNK_RECORDS", 2)
    assert load_cdrs(connection, 1, records_of(cdrs)) == 7
    assert [row["cdr_id"] for row in table_rows(connection, "raw_cdrs")] == [cdr["id"] for cdr in cdrs]
    assert len(table_rows(connection, "raw_charging_periods")) == 14
    assert len(table_rows(connection, "raw_cdr_tariffs")) == 7
    assert len(table_rows(connection, "raw_tariff_bodies", "1")) == 1
    assert len(table_rows(connection, "raw_tariff_components", "1")) == 1
