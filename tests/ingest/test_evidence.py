"""Sessions, authorizations, charger events, receipts and invoices: from files to typed tables with history."""

import json
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb
import pytest

from orchestration.dbt import BUILD, invoke
from orchestration.defs.ingest.feed_objects import ObjectError, load_object
from orchestration.defs.ingest.landing import take_in
from orchestration.defs.ingest.load import load_from_ledger
from orchestration.warehouse import open_warehouse
from tests.small_home import at, contents, land, make_home, rows, write

V221 = {
    "country_code": "NL", "party_id": "EMO", "id": "S1", "start_date_time": "2026-10-01T10:00:00Z", "kwh": 3.5,
    "cdr_token": {"country_code": "NL", "party_id": "EVS", "uid": "T1", "type": "RFID", "contract_id": "NL-EVS-C1"},
    "auth_method": "AUTH_REQUEST", "authorization_reference": "R1", "location_id": "L1", "evse_uid": "E1",
    "connector_id": "1", "currency": "EUR", "status": "ACTIVE", "last_updated": "2026-10-01T10:30:00Z",
}  # fmt: skip
ENDED = V221 | {
    "end_date_time": "2026-10-01T11:00:00Z", "kwh": 7.5, "status": "COMPLETED",
    "total_cost": {"excl_vat": 2.1, "incl_vat": 2.541}, "last_updated": "2026-10-01T11:00:01Z",
}  # fmt: skip
OVERTAKEN = V221 | {"kwh": 5.25, "last_updated": "2026-10-01T10:45:00Z"}
V211 = {
    "id": "S2", "start_datetime": "2026-10-01T12:00:00Z", "kwh": "4.125", "auth_id": "NL-EVS-C00000002-X",
    "auth_method": "WHITELIST", "currency": "EUR", "status": "COMPLETED", "total_cost": 1.25,
    "last_updated": "2026-10-01T13:00:00Z",
    "location": {"id": "L1", "evses": [{"uid": "E2", "evse_id": "DE*ABC*E2", "connectors": [{"id": "1"}]}]},
}  # fmt: skip
V230 = ENDED | {"id": "S3", "total_cost": {"before_taxes": 2, "taxes": [{"name": "VAT", "amount": 0.42}]}}

AUTHORIZATIONS = (
    "answered_at,allowed,token_uid,contract_id,authorization_reference\n"
    "2026-10-01T09:59:00Z,ALLOWED,T1,NL-EVS-C1,R1\n"
    "2026-10-01T10:59:00Z,allowed,T1,NL-EVS-C1,R2\n"
    "2026-10-01T11:59:00Z,PERHAPS,T1,NL-EVS-C1,R3\n"
    ",BLOCKED,T1,NL-EVS-C1,R4\n"
)
EVENTS = [
    {"evse_uid": "E1", "happened_at": "2026-10-01T11:00:00Z", "event": "stop", "value": "PowerLoss", "who": "x"},
    {"evse_uid": "E1", "happened_at": "2026-10-01T11:05:00+02:00", "event": "outage-start"},
    {"evse_uid": "E1", "happened_at": "yesterday", "event": "boot"},
]
RECEIPT_MAPPING = """
format: {delimiter: ";", encoding: cp1252, missing: ["-"]}
columns:
  session_id: Vorgang
  kind: {column: Art, values: {Beleg: charged, Anzeige: shown}}
  shown_at: {column: Zeit, format: "%d.%m.%Y %H:%M"}
  energy_kwh: {column: Arbeit, unit: Wh, thousands: "."}
  amount_incl_tax: {column: Betrag, decimal: ","}
constants: {currency: EUR, time_zone: Europe/Berlin}
"""
RECEIPTS = (
    "Vorgang;Art;Zeit;Arbeit;Betrag\r\nS1;Beleg;01.10.2026 13:00;7.500;2,54\r\nS2;Anzeige;01.10.2026 14:00;-;1,50\r\n"
)
RECONCILIATION = {"country_code": "NL", "party_id": "EMO", "id": "IR1", "invoice_id": "2026-17", "cdrs": ["A", "B"],
                  "last_updated": "2026-11-03T00:00:00Z"}  # fmt: skip
INVOICE = {
    "invoice_id": "2026-17", "seller_party": "NL*EMO", "buyer_party": "NL/EVS", "currency": "EUR", "sessions": 2,
    "amount_excl_tax": "3.35", "period_from": "2026-10-01", "period_to": "2026-11-01",
    "lines": [{"cdr_id": "A", "energy_kwh": 7.5, "amount_excl_tax": 2.1}, {"cdr_id": "B", "amount_excl_tax": 1.25}],
}  # fmt: skip
INVOICE_ROWS = (
    "invoice_id,seller_party,currency,invoice_amount_excl_tax,cdr_id,amount_excl_tax\n"
    "2026-18,NL/EMO,EUR,3.00,C,1.00\n"
    "2026-18,NL/EMO,EUR,3.00,D,2.00\n"
    "2026-18,NL/EMO,EUR,4.00,E,3.00\n"
)


def envelope(*records: Any) -> str:
    return json.dumps({"data": records, "status_code": 1000, "timestamp": "2026-10-02T00:00:00Z"}, indent=2)


def lines(*records: Any) -> str:
    return "".join(json.dumps(record) + "\n" for record in records)


@pytest.fixture(scope="module")
def warehouse(tmp_path_factory: pytest.TempPathFactory) -> Iterator[duckdb.DuckDBPyConnection]:
    home = make_home(tmp_path_factory.mktemp("evidence") / "home")
    write(home.master / "mappings/emo.receipts.yaml", RECEIPT_MAPPING)
    land(home, "emo/cdrs/a.json", lines({"country_code": "NL", "party_id": "EMO", "id": "A", "session_id": "S9",
                                         "start_date_time": "2026-10-01T10:00:00Z"}))  # fmt: skip
    land(home, "emo/sessions/1.json", json.dumps([V221, V211], indent=2))
    land(home, "own/authorizations/1.csv", AUTHORIZATIONS)
    land(home, "emo/charger_events/1.ndjson", lines(*EVENTS))
    land(home, "emo/receipts/1.csv", RECEIPTS)
    land(home, "emo/invoices/1.json", json.dumps(INVOICE))
    land(home, "emo/invoices/2.csv", INVOICE_ROWS)
    take_in(home, at(0))
    with open_warehouse(home.warehouse) as connection:
        load_from_ledger(home, connection)
    invoke([*BUILD, "--select", "group:ingest", "+work"], home.warehouse)
    with open_warehouse(home.warehouse) as connection:
        connection.execute("delete from ingest.raw_touched")
    land(home, "emo/sessions/2.json", envelope(ENDED, V230))
    land(home, "emo/sessions/3.ndjson", lines(OVERTAKEN, V211))
    land(home, "emo/invoices/3.json", lines(RECONCILIATION))
    land(home, "emo/authorizations/odd.csv", "when,allowed\n2026-10-01,ALLOWED\n")
    take_in(home, at(24))
    with open_warehouse(home.warehouse) as connection:
        load_from_ledger(home, connection)
    invoke([*BUILD, "--select", "group:ingest", "+work"], home.warehouse)
    with open_warehouse(home.warehouse) as connection:
        yield connection


def test_a_session_is_read_from_every_version(warehouse: duckdb.DuckDBPyConnection) -> None:
    found = rows(warehouse, "select session_key, emsp_party, party_source, energy_kwh, token_uid, evse_uid,"
                            " total_cost_excl_tax, total_cost_incl_tax from ingest.sessions where is_latest order by 1")  # fmt: skip
    assert found == [
        ("de/abc|s2", "NL/EVS", "prefix", Decimal("4.125"), "NL-EVS-C00000002-X", "E2", Decimal("1.25"), None),
        ("nl/emo|s1", "NL/EVS", "record", Decimal("7.5"), "T1", "E1", Decimal("2.1"), Decimal("2.541")),
        ("nl/emo|s3", "NL/EVS", "record", Decimal("7.5"), "T1", "E1", Decimal("2"), Decimal("2.42")),
    ]


def test_what_was_known_before_stays_known(warehouse: duckdb.DuckDBPyConnection) -> None:
    found = rows(warehouse, "select status, energy_kwh, known_from, known_to, is_latest from ingest.sessions"
                            " where session_id = 'S1' order by record_id")  # fmt: skip
    assert found == [
        ("ACTIVE", Decimal("3.5"), at(0), at(24), False),
        ("COMPLETED", Decimal("7.5"), at(24), None, True),
        # Told after the end of the session, from before it: never what was known.
        ("ACTIVE", Decimal("5.25"), at(24), at(24), False),
    ]


def test_a_record_that_is_replaced_repeated_or_overtaken_is_superseded(warehouse: duckdb.DuckDBPyConnection) -> None:
    found = rows(warehouse, "select file_name, position from ingest.superseded_records"
                            " inner join ingest.records using (record_id) order by all")  # fmt: skip
    assert found == [("1.json", 1), ("3.ndjson", 1), ("3.ndjson", 2)]


def test_a_record_that_cannot_be_used_says_which_field(warehouse: duckdb.DuckDBPyConnection) -> None:
    found = rows(warehouse, "select feed, file_name, position, problem_rule_id, problem from ingest.records"
                            " where not is_typed order by all")  # fmt: skip
    assert [row[:4] for row in found] == [
        ("authorizations", "1.csv", 4, "SCHEMA_TYPE_INVALID"),
        ("authorizations", "1.csv", 5, "SCHEMA_REQUIRED_MISSING"),
        ("authorizations", "odd.csv", 0, "SCHEMA_TYPE_INVALID"),
        ("charger_events", "1.ndjson", 3, "SCHEMA_TYPE_INVALID"),
        ("invoices", "2.csv", 4, "SCHEMA_TYPE_INVALID"),
    ]
    assert [row[4] for row in found] == [
        'allowed is "PERHAPS", expected one of ALLOWED, ALLOWED_OFFLINE, BLOCKED, EXPIRED, NO_CREDIT, NOT_ALLOWED',
        "answered_at is missing; ask the sender for it.",
        "emo/authorizations/odd.csv: the column 'answered_at' is not in the file, which has when, allowed; name its "
        "columns so, or write master/mappings/emo.authorizations.yaml to say how they are read.",
        "happened_at is 'yesterday', expected a date and time as 2026-01-31T12:00:00Z",
        "invoice_amount_excl_tax is 4.00000000, but line 2 says 3.00000000 of the same invoice; ask the sender which "
        "holds",
    ]


def test_authorizations_events_and_receipts_are_typed(warehouse: duckdb.DuckDBPyConnection) -> None:
    assert rows(warehouse, "select emsp_party, allowed, authorization_reference from ingest.authorizations"
                           " order by 3") == [
        ("NL/EVS", "ALLOWED", "R1"), ("NL/EVS", "ALLOWED", "R2"),
    ]  # fmt: skip
    assert rows(warehouse, "select cpo_party, event, value, cast(happened_at as varchar) from ingest.charger_events"
                           " order by happened_at") == [
        ("NL/EMO", "outage_start", None, "2026-10-01 09:05:00+00"),
        ("NL/EMO", "stop", "PowerLoss", "2026-10-01 11:00:00+00"),
    ]  # fmt: skip
    assert rows(warehouse, "select session_id, kind, cast(shown_at as varchar), energy_kwh, amount_incl_tax, currency"
                           " from ingest.receipts order by 1") == [
        ("S1", "charged", "2026-10-01 11:00:00+00", Decimal("7.5"), Decimal("2.54"), "EUR"),
        ("S2", "shown", "2026-10-01 12:00:00+00", None, Decimal("1.5"), "EUR"),
    ]  # fmt: skip


def test_an_invoice_has_its_partner_and_its_lines(warehouse: duckdb.DuckDBPyConnection) -> None:
    assert rows(warehouse, "select invoice_id, form, partner, direction, sessions, amount_excl_tax, line_count"
                           " from ingest.invoices order by all") == [
        ("2026-17", "invoice", "emo", "payable", 2, Decimal("3.35"), 2),
        ("2026-17", "reconciliation", "emo", None, None, None, 2),
        ("2026-18", "invoice", "emo", None, None, Decimal("3"), 2),
    ]  # fmt: skip
    assert rows(warehouse, "select invoice_id, form, line_no, cdr_id, amount_excl_tax from ingest.invoice_lines"
                           " where is_latest order by all") == [
        ("2026-17", "invoice", 1, "A", Decimal("2.1")), ("2026-17", "invoice", 2, "B", Decimal("1.25")),
        ("2026-17", "reconciliation", 1, "A", None), ("2026-17", "reconciliation", 2, "B", None),
        ("2026-18", "invoice", 1, "C", Decimal("1")), ("2026-18", "invoice", 2, "D", Decimal("2")),
    ]  # fmt: skip


def test_what_arrives_late_touches_the_cdr_it_is_about(warehouse: duckdb.DuckDBPyConnection) -> None:
    assert rows(warehouse, "select cdr_key, reason from inspect.work") == [("nl/emo|a", "new record")]


def test_reading_again_gives_the_same_rows(tmp_path: Path) -> None:
    home = make_home(tmp_path / "home")
    land(home, "emo/sessions/1.json", json.dumps([V221, V211]))
    land(home, "emo/invoices/1.json", json.dumps(INVOICE))
    take_in(home, at(0))
    with open_warehouse(home.warehouse) as connection:
        load_from_ledger(home, connection)
        before = contents(connection)
    home.warehouse.unlink()
    with open_warehouse(home.warehouse) as connection:
        load_from_ledger(home, connection)
        assert contents(connection) == before


@pytest.mark.parametrize("text", [
    '{"session_id": "S1", "session_id": "S2"}', '{"cdr_token": {"uid": "A", "uid": "B"}}',
    '{"charging_periods": [{"dimensions": [{"type": "ENERGY", "volume": 1, "volume": 2}]}]}',
])  # fmt: skip
def test_a_key_that_is_there_twice_at_any_depth_says_two_things(text: str) -> None:
    with pytest.raises(ObjectError, match=r"the record has the key (session_id|uid|volume) twice"):
        load_object(text)
