"""Hubject's OICP 2.3 charge detail records become CDRs with periods, parties and meter values."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb
import pytest
from factories import records_of, table_rows

from orchestration.defs.ingest.cdr_rows import load_cdrs
from orchestration.defs.ingest.records import split
from orchestration.warehouse import open_in_memory

SAMPLES = Path(__file__).resolve().parents[3] / "shared/real/samples/oicp"
EUR = {"currency": "EUR"}


@pytest.fixture
def connection() -> Iterator[duckdb.DuckDBPyConnection]:
    with open_in_memory() as opened:
        yield opened


def a_record(**changed: Any) -> dict[str, Any]:
    record = {
        "SessionID": "b2688855-7f00-0002-6d8e-48d883f6abb6", "CPOPartnerSessionID": "C1", "EMPPartnerSessionID": "E1",
        "EvseID": "DE*ABC*ETEST1", "PartnerProductID": "AC 1",
        "SessionStart": "2026-10-05T08:00:00.000Z", "ChargingStart": "2026-10-05T08:06:00.000Z",
        "ChargingEnd": "2026-10-05T09:30:00.000Z", "SessionEnd": "2026-10-05T10:00:00.000Z",
        "ConsumedEnergy": 10.25, "MeterValueStart": 1000.5, "MeterValueEnd": 1010.75,
        "Identification": {"RFIDMifareFamilyIdentification": {"UID": "1234ABCD"},
                           "RemoteIdentification": {"EvcoID": "NL-EMO-C12345678-X"}},
    }  # fmt: skip
    return record | changed


def load_one(connection: duckdb.DuckDBPyConnection, record: dict[str, Any], **constants: str) -> dict[str, Any]:
    load_cdrs(connection, 1, records_of([record]), constants=EUR | constants)
    (row,) = table_rows(connection, "raw_cdrs")
    return row


def test_a_record_becomes_a_cdr(connection: duckdb.DuckDBPyConnection) -> None:
    row = load_one(connection, a_record())
    assert row["missing_fields"] is row["type_problems"] is None
    assert (row["ocpi_version"], row["cdr_key"]) == ("oicp", "de/abc|b2688855-7f00-0002-6d8e-48d883f6abb6")
    assert (row["cpo_party"], row["emsp_party"], row["party_source"]) == ("DE/ABC", "NL/EMO", "prefix")
    assert (row["token_uid"], row["token_type"], row["contract_id"]) == ("1234ABCD", "RFID", "NL-EMO-C12345678-X")
    assert (row["session_id"], row["authorization_reference"]) == ("C1", "E1")
    assert row["charging_started_at"] == datetime(2026, 10, 5, 8, 6, tzinfo=UTC)
    assert (row["register_start_kwh"], row["register_end_kwh"]) == (Decimal("1000.5"), Decimal("1010.75"))
    assert (row["energy_kwh"], row["total_time_hours"], row["total_parking_hours"]) == (
        Decimal("10.25"), 2, Decimal("0.6"),
    )  # fmt: skip
    assert (row["claimed_excl_tax"], row["time_form"]) == (None, "utc")


def test_periods_tell_charging_from_parking(connection: duckdb.DuckDBPyConnection) -> None:
    load_one(connection, a_record())
    periods = table_rows(connection, "raw_charging_periods", "period_no")
    assert [
        (row["started_at"].minute, row["energy_kwh"], row["time_hours"], row["parking_hours"]) for row in periods
    ] == [
        (0, None, None, Decimal("0.1")),
        (6, Decimal("10.25"), Decimal("1.4"), None),
        (30, None, None, Decimal("0.5")),
    ]
    assert {row["tariff_id"] for row in periods} == {"AC 1"}


@pytest.mark.parametrize(
    ("changed", "cpo", "emsp", "source"),
    [
        ({"EvseID": "+49*810*000*438"}, "DE/810", "NL/EMO", "prefix"),
        ({"Identification": {"PlugAndChargeIdentification": {"EvcoID": "DE*DCB*123456*0"}}}, "DE/ABC", "DE/DCB", "prefix"),
        ({"Identification": {"RFIDMifareFamilyIdentification": {"UID": "1234ABCD"}}}, "DE/ABC", "NL/EVS", "mapping"),
    ],
)  # fmt: skip
def test_parties_come_from_prefixes_or_the_mapping(
    connection: duckdb.DuckDBPyConnection, changed: dict[str, Any], cpo: str, emsp: str, source: str
) -> None:
    row = load_one(connection, a_record(**changed), emsp_party="NL/EVS")
    assert (row["cpo_party"], row["emsp_party"], row["party_source"]) == (cpo, emsp, source)


def test_what_is_missing_or_odd_is_named_in_the_words_of_oicp(connection: duckdb.DuckDBPyConnection) -> None:
    record = a_record(ConsumedEnergy="ten", SessionEnd="later")
    del record["EvseID"], record["Identification"]
    load_cdrs(connection, 1, records_of([record | {"EvseID": None}]))
    (row,) = table_rows(connection, "raw_cdrs")
    assert row["missing_fields"] == "EvseID,Identification,currency (constants.currency of the feed's mapping)"
    assert row["type_problems"] == (
        "SessionEnd is 'later', expected a date and time as 2026-01-31T12:00:00Z; "
        "ConsumedEnergy is 'ten', expected a number like 12.5"
    )


def test_ocpi_and_oicp_may_share_a_file(connection: duckdb.DuckDBPyConnection) -> None:
    ocpi = {"country_code": "NL", "party_id": "EMO", "id": "X", "charging_periods": []}
    load_cdrs(connection, 1, records_of([ocpi, a_record(), {"id": 3}]), constants=EUR)
    assert [(row["position"], row["ocpi_version"]) for row in table_rows(connection, "raw_cdrs")] == [
        (1, "2.2.1"), (2, "oicp"), (3, "2.2.1"),
    ]  # fmt: skip
    assert [row["is_typed"] for row in table_rows(connection, "raw_records", "position")] == [True, True, True]


@pytest.mark.skipif(not SAMPLES.exists(), reason="needs the published samples beside the repository")
@pytest.mark.parametrize("name", ["oicp_2.3_CPO_push_cdr_request.json", "oicp_2.3_EMP_pull_cdrs_response.json"])
def test_the_published_samples_are_read(connection: duckdb.DuckDBPyConnection, name: str) -> None:
    load_cdrs(connection, 1, split((SAMPLES / name).read_bytes()), constants=EUR)
    (row,) = table_rows(connection, "raw_cdrs")
    assert (row["cpo_party"], row["emsp_party"], row["contract_id"]) == ("DE/XYZ", "DE/DCB", "DE-DCB-C12345678-X")
    assert (row["energy_kwh"], row["register_end_kwh"], row["started_at"] == row["ended_at"]) == (10, 10, True)
    signed = table_rows(connection, "raw_signed_values", "value_no")
    assert [value["nature"] for value in signed] == ["Start", "End"]
    assert signed[0]["public_key"] == "a9sdh839alskldh/WEDjaskdjis20ij2wdpasodpjlkofi3ed3ed"
    assert json.loads(table_rows(connection, "raw_records")[0]["raw_text"])["SessionID"] == "string"
