"""The OCPI 2.3.0 record of a document: what it names, and that our own loader reads it."""

import json
from collections.abc import Iterator
from datetime import date
from decimal import Decimal
from typing import Any

import duckdb
import pytest

from orchestration.defs.ingest.bulk import Gathered
from orchestration.defs.ingest.feed_load import EvidenceFile
from orchestration.defs.ingest.files import GivenBytes, LandedFile
from orchestration.defs.ingest.invoices import load_invoices
from orchestration.defs.settle.reconciliation_record import reconciliation_files
from orchestration.facts.documents import Document

INVOICE = Document(
    "invoice", "october", "NL/EVS", "emo", date(2026, 11, 6), None, "EUR", Decimal(15), Decimal(3), Decimal(18), (), 1
)


@pytest.fixture
def books() -> Iterator[duckdb.DuckDBPyConnection]:
    with duckdb.connect() as connection:
        connection.execute("""
            create schema settle;
            create table settle.statement_lines (statement_id text, line_no integer, kind text, cdr_key text,
                own_party text default 'NL/EVS');
            create table settle.cdr_outcomes (cdr_key text, cdr_id text);
            insert into settle.cdr_outcomes values ('nl/evs|b', 'B'), ('nl/evs|a', 'A'), ('nl/evs|c', 'C');
            -- A session and its correction are one CDR; a fee is none.
            insert into settle.statement_lines (statement_id, line_no, kind, cdr_key) values
                ('october', 1, 'session', 'nl/evs|b'),
                ('october', 2, 'session', 'nl/evs|a'), ('october', 3, 'adjustment', 'nl/evs|b'),
                ('october', 4, 'fee', null), ('fees', 1, 'fee', null), ('other', 1, 'session', 'nl/evs|c');
            -- Another legal entity of ours has a document of its own.
            insert into settle.statement_lines values ('october', 5, 'session', 'nl/evs|c', 'NL/EVF');
        """)
        yield connection


def test_a_record_names_each_cdr_once_in_the_order_of_the_statement(books: duckdb.DuckDBPyConnection) -> None:
    ((name, data),) = reconciliation_files(books, [INVOICE])
    assert name == "NLEVS-2026-000001.reconciliation.json"
    assert json.loads(data) == {
        "country_code": "NL", "party_id": "EVS", "id": "IR-NLEVS-2026-000001", "invoice_id": "NLEVS-2026-000001",
        "cdrs": ["B", "A"], "last_updated": "2026-11-06T00:00:00Z",
    }  # fmt: skip


def test_a_document_without_sessions_has_no_record(books: duckdb.DuckDBPyConnection) -> None:
    fees = Document(
        "invoice", "fees", "NL/EVS", "emo", date(2026, 11, 6), None, "EUR", Decimal(1), Decimal(0), Decimal(1), (), 2
    )
    assert list(reconciliation_files(books, [fees])) == []


class Kept(Gathered):
    """What the loader would insert, by table and column."""

    def __init__(self) -> None:
        self.rows: dict[str, list[dict[str, Any]]] = {}
        self._weight = 0

    def add(self, table: str, columns: Any, rows: Any) -> None:
        self.rows.setdefault(table, []).extend(dict(zip(columns, row, strict=True)) for row in rows)


def test_our_own_loader_reads_what_we_write(books: duckdb.DuckDBPyConnection) -> None:
    ((name, data),) = reconciliation_files(books, [INVOICE])
    kept = Kept()
    load_invoices(kept, EvidenceFile(1, LandedFile("evs", "invoices", name), GivenBytes(data), None, None))
    (record,) = kept.rows["raw_records"]
    assert record["is_typed"] is True
    (head,) = kept.rows["raw_invoices"]
    assert [head[one] for one in ("form", "reconciliation_id", "invoice_id", "issuer_party", "line_count")] == [
        "reconciliation", "IR-NLEVS-2026-000001", "NLEVS-2026-000001", "NL/EVS", 2,
    ]  # fmt: skip
    assert [line["cdr_id"] for line in kept.rows["raw_invoice_lines"]] == ["B", "A"]
