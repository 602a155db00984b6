"""What rules ask of a CDR beside its price: signed values, named taxes, references, and where it says it was."""

from collections.abc import Iterator
from decimal import Decimal

import duckdb
import pytest
from factories import a_cdr, a_location, records_of, table_rows

from orchestration.defs.ingest.cdr_rows import load_cdrs
from orchestration.warehouse import open_in_memory

SIGNED = {
    "encoding_method": "OCMF", "encoding_method_version": 1, "public_key": "04ab", "url": "https://meter.example",
    "signed_values": [
        {"nature": "Start", "plain_data": "{}", "signed_data": "OCMF|1"},
        {"nature": "End", "plain_data": "{}", "signed_data": "OCMF|2"},
    ],
}  # fmt: skip


@pytest.fixture
def connection() -> Iterator[duckdb.DuckDBPyConnection]:
    with open_in_memory() as opened:
        yield opened


def test_signed_values_and_references_are_typed(connection: duckdb.DuckDBPyConnection) -> None:
    location = a_location("2.2.1") | {"coordinates": {"latitude": "52.520834", "longitude": "13.409500"}}
    cdr = a_cdr(
        "2.2.1",
        signed_data=SIGNED,
        remark="tilted",
        invoice_reference_id="2026-17",
        cdr_location=location,
        meter_id="M1",
    )
    load_cdrs(connection, 1, records_of([a_cdr("2.2.1", id="plain"), cdr]))
    plain, row = table_rows(connection, "raw_cdrs", "position")
    assert (plain["remark"], plain["invoice_reference_id"]) == (None, None)
    assert (row["remark"], row["invoice_reference_id"], row["meter_id"]) == ("tilted", "2026-17", "M1")
    assert (row["sent_latitude"], row["sent_longitude"]) == (Decimal("52.520834"), Decimal("13.4095"))
    signed = table_rows(connection, "raw_signed_values", "value_no")
    assert [(value["nature"], value["signed_data"], value["encoding_method"]) for value in signed] == [
        ("Start", "OCMF|1", "OCMF"), ("End", "OCMF|2", "OCMF"),
    ]  # fmt: skip
    assert {(value["record_id"], value["encoding_version"], value["url"]) for value in signed} == {
        (row["record_id"], "1", "https://meter.example")
    }


def test_named_taxes_keep_their_part_and_rate(connection: duckdb.DuckDBPyConnection) -> None:
    taxes = [
        {"name": "VAT", "account_number": "NL1", "percentage": 21.0, "amount": 0.63},
        {"name": "Local", "amount": "odd"},
    ]
    cdr = a_cdr(
        "2.3.0",
        total_cost={"before_taxes": 3, "taxes": taxes},
        total_energy_cost={"before_taxes": 3, "taxes": taxes[:1]},
    )
    load_cdrs(connection, 1, records_of([cdr]))
    found = table_rows(connection, "raw_cdr_taxes", "part, tax_no")
    assert [(tax["part"], tax["tax_no"], tax["tax_name"], tax["tax_percent"], tax["tax_amount"]) for tax in found] == [
        ("energy", 1, "VAT", 21, Decimal("0.63")),
        ("total", 1, "VAT", 21, Decimal("0.63")),
        ("total", 2, "Local", None, None),
    ]


def test_the_reference_that_gireve_adds_to_the_old_version_is_the_authorization(
    connection: duckdb.DuckDBPyConnection,
) -> None:
    load_cdrs(connection, 1, records_of([a_cdr("2.1.1", authorization_id="A1")]))
    assert table_rows(connection, "raw_cdrs")[0]["authorization_reference"] == "A1"
