"""What a statement becomes when it is sealed: an invoice, a credit note that names what it corrects, or a refusal."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from decimal import Decimal

import duckdb
import pytest
from defusedxml import ElementTree

from orchestration.defs.settle.documents import drafted
from orchestration.defs.settle.invoice import Side, read_invoice
from orchestration.defs.settle.invoice_pdf import to_pdf
from orchestration.defs.settle.invoice_xml import to_xml
from orchestration.facts.documents import Document
from orchestration.facts.seals import SealRefused

TABLES = """
    create schema settle;
    create schema ingest;
    create table settle.statements (statement_id text, partner text, period text, direction text, currency text,
        status text, tax decimal(38, 8));
    create table settle.statement_lines (statement_id text, kind text, cdr_key text, amount_excl_tax decimal(18, 8),
        tax decimal(18, 8), tax_category text, tax_percent decimal(18, 8), corrects text);
    create table settle.cdr_outcomes (cdr_key text, cpo_party text, is_credit boolean, credit_of text,
        emsp_party text);
    create table ingest.sealed_outcomes (cdr_key text, statement_id text);
    alter table settle.statement_lines add column energy_kwh decimal(18, 8);
    create table ingest.billing_periods (period text, starts_on date, ends_on date);
    insert into ingest.billing_periods values ('2026-11', '2026-11-01', '2026-12-01');
    create table ingest.document_numbers (number text, statement_id text, party text, issued_on date);
    insert into ingest.document_numbers values ('NLEVS-2026-000001', 'october', 'NL/EVS', '2026-11-06');
    alter table settle.cdr_outcomes add column cdr_id text;
    alter table settle.statement_lines add column line_no integer;
    alter table settle.statement_lines add column own_party text;
    create table ingest.contracts (partner text, contract_version text, valid_from date, valid_to date);
    create table ingest.settlement_terms (partner text, contract_version text, payment_terms_days integer,
        self_billing_agreement text, self_billing_from date);
    create table ingest.contract_parties (partner text, contract_version text, party text);
    insert into ingest.contract_parties values ('emo', 'v2', 'NL/EMO'), ('emo', 'v2', 'NL/EM2');
    insert into ingest.contracts values ('emo', 'v1', '2026-01-01', '2026-11-06'), ('emo', 'v2', '2026-11-06', null);
    insert into ingest.settlement_terms values ('emo', 'v1', 14, null, null), ('emo', 'v2', 30, null, null);
    -- October is sealed and billed on NLEVS-2026-000001.
    insert into settle.cdr_outcomes (cdr_key, cpo_party, is_credit, credit_of, emsp_party)
        values ('a', 'NL/EVS', false, null, 'NL/EMO'), ('b', 'NL/EVS', false, null, 'NL/EMO'),
        ('credit', 'NL/EVS', true, 'a', 'NL/EMO'), ('again', 'NL/EVS', true, 'a', 'NL/EMO'),
        ('other', 'DE/EVS', false, null, 'NL/EMO'), ('bought', 'NL/EMO', false, null, 'NL/EVM');
    update settle.cdr_outcomes set cdr_id = upper(cdr_key);
    insert into ingest.sealed_outcomes values ('a', 'october'), ('b', 'october');
    insert into settle.statements values ('october', 'emo', '2026-10', 'receivable', 'EUR', 'sealed', 3.15);
    insert into settle.statement_lines values ('october', 'session', 'a', 10, 2.10, 'S', 21, null, 1, 1, 'NL/EVS'),
        ('october', 'session', 'b', 5, 1.05, 'S', 21, null, 1, 2, 'NL/EVS');
"""
ISSUED = {("october", "NL/EVS"): "NLEVS-2026-000001"}

SELF_BILLED = ISSUED | {("october-P", "NL/EVM"): "NLEVM-SB-NLEM2-2026-000003"}


@pytest.fixture
def books() -> Iterator[duckdb.DuckDBPyConnection]:
    with duckdb.connect() as connection:
        connection.execute(TABLES)
        yield connection


def november(
    books: duckdb.DuckDBPyConnection,
    *lines: tuple[str | None, str, str | None],
    statement: str = "november",
    direction: str = "receivable",
) -> None:
    """An approved statement of November with these lines: session, net amount, what it corrects; 21 % tax.

    The session `other` is of another legal entity of ours.
    """
    tax = None if any(amount == "?" for _, amount, _ in lines) else 1
    books.execute("insert into settle.statements values (?, 'emo', '2026-11', ?, 'EUR', 'approved', ?)",
                  [statement, direction, tax])  # fmt: skip
    for number, (key, amount, corrects) in enumerate(lines, start=1):
        net = Decimal(1 if amount == "?" else amount)
        books.execute(
            "insert into settle.statement_lines values (?, ?, ?, ?, ?, 'S', 21, ?, 2.5, ?, ?)",
            [
                statement,
                "adjustment" if corrects else "session",
                key,
                net,
                (net * 21 / 100).quantize(Decimal("0.01")),
                corrects,
                number,
                "DE/EVS" if key == "other" else "NL/EVS" if direction == "receivable" else "NL/EVM",
            ],
        )


def issued(books: duckdb.DuckDBPyConnection) -> list[Document]:
    return drafted(books, "2026-11", "emo", date(2026, 12, 6), ISSUED)


def test_a_credit_note_is_positive_and_names_the_invoice(books: duckdb.DuckDBPyConnection) -> None:
    november(books, ("b", "-0.50", "october#2"), statement="november-A1")
    november(books, ("credit", "-10", None), ("new", "4.004", None), ("new", "4.00", None))
    # Net −10 + 8.004 = −1.996, in cents −2.00; tax −2.10 + 0.84 + 0.84 = −0.42. The correction: −0.50 and −0.105 → −0.10
    # (half to even in this test's own rounding).
    assert [
        (one.kind, one.statement_id, str(one.amount_excl_tax), str(one.tax), str(one.amount_incl_tax), one.preceding)
        for one in issued(books)
    ] == [
        ("credit_note", "november", "2.00", "0.42", "2.42", ("NLEVS-2026-000001",)),
        ("credit_note", "november-A1", "0.50", "0.10", "0.60", ("NLEVS-2026-000001",)),
    ]


def test_an_invoice_with_a_credit_in_it_names_what_it_credits(books: duckdb.DuckDBPyConnection) -> None:
    november(books, ("credit", "-10", None), ("new", "30", None))
    (invoice,) = issued(books)
    assert (invoice.kind, invoice.party, invoice.amount_incl_tax, invoice.preceding, invoice.due_on) == (
        "invoice", "NL/EVS", Decimal("24.20"), ("NLEVS-2026-000001",), date(2027, 1, 5),
    )  # fmt: skip


def test_a_session_is_not_credited_twice(books: duckdb.DuckDBPyConnection) -> None:
    # 10 was billed, 10 is credited, and 10 again: the second one takes what was never paid.
    november(books, ("credit", "-10", None), ("again", "-10", None), ("new", "30", None))
    with pytest.raises(SealRefused, match=r"DOC_CREDIT_TWICE: a was billed at 10.00 and would come to -10.00"):
        issued(books)


def test_a_correction_and_a_credit_of_the_same_session_are_not_both_paid(books: duckdb.DuckDBPyConnection) -> None:
    november(books, ("credit", "-10", None), ("new", "30", None))
    november(books, ("a", "-0.50", "october#1"), statement="november-A1")
    with pytest.raises(SealRefused, match=r"DOC_CREDIT_TWICE: a was billed at 10.00 and would come to -0.50"):
        issued(books)


def test_what_can_be_no_document_is_refused_or_left_out(books: duckdb.DuckDBPyConnection) -> None:
    november(books, ("new", "?", None))
    assert issued(books) == []
    november(books, ("unknown", "-1", None), statement="nothing-to-correct")
    with pytest.raises(SealRefused, match="DOC_CREDIT_UNLINKED: nothing-to-correct is below zero"):
        issued(books)


def test_each_legal_entity_of_ours_has_its_document_of_one_statement(books: duckdb.DuckDBPyConnection) -> None:
    november(books, ("credit", "-10", None), ("other", "4", None), ("b", "1", None))
    # Ours of the Netherlands is below zero by itself, and takes back what it billed; the other one bills.
    bill, note = issued(books)
    assert [(one.kind, one.party, str(one.amount_excl_tax), str(one.tax), one.preceding) for one in (bill, note)] == [
        ("invoice", "DE/EVS", "4.00", "0.84", ()),
        ("credit_note", "NL/EVS", "9.00", "1.89", ("NLEVS-2026-000001",)),
    ]
    assert bill.statement_id == note.statement_id == "november"
    assert bill.series != note.series
    invoice = read_invoice(books, replace(bill, sequence=1), "2026-11", US, THEM)
    assert [(line.text, str(line.amount)) for line in invoice.lines] == [
        ("Charging sessions: 1 session, 2.500 kWh", "4.00")
    ]
    credit = read_invoice(books, replace(note, sequence=1), "2026-11", US, THEM)
    assert [(line.text, str(line.amount)) for line in credit.lines] == [
        ("Credit of session A, billed on NLEVS-2026-000001", "10.00"),
        ("Charging session B", "-1.00"),
    ]


def test_a_legal_entity_takes_back_nothing_that_another_one_billed(books: duckdb.DuckDBPyConnection) -> None:
    november(books, ("new", "30", None), ("other", "-1", "october#1"))
    with pytest.raises(SealRefused, match="november is below zero and corrects no invoice of DE/EVS"):
        issued(books)


US = Side('EVSettle #link("x") Charging B.V.', "NL", "Laadplein 1", "NL000000012B01", "NL52DEMO0000000001")
THEM = Side("Kunde <&> Ümlaut ]#", "DE", vat_id="DE123456789")
RAM = "{urn:un:unece:uncefact:data:standard:ReusableAggregateBusinessInformationEntity:100}"


def amounts(xml: bytes, *path: str) -> list[Decimal]:
    found = ElementTree.fromstring(xml).iterfind(".//" + "/".join(RAM + name for name in path))
    return [Decimal(one.text or "") for one in found]


def test_the_sums_of_an_invoice_hold_and_its_files_are_the_same_again(books: duckdb.DuckDBPyConnection) -> None:
    # 1.004 + 1.004 at 21 % and their rounding 0.002: 2.01 in cents, 0.42 of tax. 10.00 less 3.00 under reverse charge.
    november(books, ("new", "1.004", None), ("newer", "1.004", None))
    books.execute("""insert into settle.statement_lines values
        ('november', 'rounding', null, 0.002, 0, 'S', 21, null, null, 3, 'NL/EVS'),
        ('november', 'session', 'c', 10, 0, 'AE', 0, null, 4, 4, 'NL/EVS'),
        ('november', 'adjustment', 'b', -3, 0, 'AE', 0, 'october#2', null, 5, 'NL/EVS')""")
    (draft,) = issued(books)
    invoice = read_invoice(books, replace(draft, sequence=7), "2026-11", US, THEM)
    assert [(line.text, str(line.amount), line.category) for line in invoice.lines] == [
        ("Charging sessions: 1 session, 4.000 kWh", "10.00", "AE"),
        ("Corrections of earlier statements", "-3.00", "AE"),
        ("Charging sessions: 2 sessions, 5.000 kWh", "2.01", "S"),
    ]
    assert [(rate.category, str(rate.basis), str(rate.tax)) for rate in invoice.rates] == [
        ("AE", "7.00", "0.00"), ("S", "2.01", "0.42"),
    ]  # fmt: skip
    xml = to_xml(invoice)
    lines = amounts(xml, "SpecifiedTradeSettlementLineMonetarySummation", "LineTotalAmount")
    total = "SpecifiedTradeSettlementHeaderMonetarySummation"
    # BR-CO-10, 13, 14, 15: lines to net, rates to tax, net and tax to gross.
    assert [sum(lines)] == amounts(xml, total, "TaxBasisTotalAmount") == [Decimal("9.01")]
    header = (f"{total}", "TaxTotalAmount")
    assert [sum(amounts(xml, "ApplicableTradeTax", "CalculatedAmount"))] == amounts(xml, *header) == [Decimal("0.42")]
    assert amounts(xml, total, "DuePayableAmount") == [Decimal("9.43")]
    # BR-27: no price is negative; what is taken off is a piece less.
    assert min(amounts(xml, "NetPriceProductTradePrice", "ChargeAmount")) >= 0
    assert (to_xml(invoice), to_pdf(invoice)) == (xml, to_pdf(invoice))
    assert to_pdf(invoice)[:5] == b"%PDF-"


def test_a_credit_note_is_typed_381_and_names_its_invoice(books: duckdb.DuckDBPyConnection) -> None:
    november(books, ("credit", "-10", None))
    (draft,) = issued(books)
    xml = to_xml(read_invoice(books, replace(draft, sequence=1), "2026-11", US, THEM)).decode()
    assert "<ram:TypeCode>381</ram:TypeCode>" in xml
    assert "<ram:IssuerAssignedID>NLEVS-2026-000001</ram:IssuerAssignedID>" in xml
    assert "<ram:GrandTotalAmount>12.10</ram:GrandTotalAmount>" in xml


def test_a_credit_note_lists_what_it_takes_back_and_every_invoice_that_it_corrects(
    books: duckdb.DuckDBPyConnection,
) -> None:
    books.execute(
        "insert into ingest.document_numbers values ('NLEVS-2026-000009', 'september', 'NL/EVS', '2026-10-06')"
    )
    books.execute("insert into settle.cdr_outcomes values ('old', 'NL/EVS', false, null, 'NL/EMO', 'OLD')")
    books.execute("insert into settle.cdr_outcomes values ('fresh', 'NL/EVS', false, null, 'NL/EMO', 'FRESH')")
    november(
        books,
        ("credit", "-10", None),
        ("old", "-0.504", "september#4"),
        ("fresh", "4.004", None),
        (None, "-0.25", None),
    )
    books.execute("update settle.statement_lines set kind = 'fee' where cdr_key is null")
    books.execute(
        "insert into settle.statement_lines values ('november', 'tax_rounding', null, 0, 0.01, 'S', 21, null, null, 5, 'NL/EVS'),"
        " ('november', 'rounding', null, 0.004, 0, 'S', 21, null, null, 6, 'NL/EVS')"
    )
    books.execute(
        "insert into settle.statements values ('september', 'emo', '2026-09', 'receivable', 'EUR', 'sealed', 1)"
    )
    books.execute(
        "insert into settle.statement_lines values ('september', 'session', 'old', 5, 1, 'S', 21, null, 1, 4, 'NL/EVS')"
    )
    (draft,) = drafted(
        books, "2026-11", "emo", date(2026, 12, 6), ISSUED | {("september", "NL/EVS"): "NLEVS-2026-000009"}
    )
    assert draft.preceding == ("NLEVS-2026-000001", "NLEVS-2026-000009")
    invoice = read_invoice(books, replace(draft, sequence=1), "2026-11", US, THEM)
    assert [(line.text, str(line.amount)) for line in invoice.lines] == [
        ("Credit of session A, billed on NLEVS-2026-000001", "10.00"),
        ("Correction of session OLD, billed on NLEVS-2026-000009", "0.50"),
        ("Charging session FRESH", "-4.00"),
        ("Fee", "0.25"),
    ]
    xml = to_xml(invoice)
    named = ElementTree.fromstring(xml).iterfind(f".//{RAM}InvoiceReferencedDocument/{RAM}IssuerAssignedID")
    assert [one.text for one in named] == list(draft.preceding)
    # BT-26, the day of each.
    days = ElementTree.fromstring(xml).iterfind(f".//{RAM}InvoiceReferencedDocument/{RAM}FormattedIssueDateTime/*")
    assert [(one.text, one.attrib) for one in days] == [
        ("20261106", {"format": "102"}),
        ("20261006", {"format": "102"}),
    ]
    assert sum(amounts(xml, "SpecifiedTradeSettlementLineMonetarySummation", "LineTotalAmount")) == Decimal("6.75")
    assert (to_xml(invoice), to_pdf(invoice)) == (xml, to_pdf(invoice))


def test_a_credit_note_of_very_many_lines_sums_them_by_invoice(books: duckdb.DuckDBPyConnection) -> None:
    november(books, *[("b", "-0.01", "october#2")] * 250)
    (draft,) = issued(books)
    invoice = read_invoice(books, replace(draft, sequence=1), "2026-11", US, THEM)
    assert [(line.text, str(line.amount)) for line in invoice.lines] == [
        ("Corrections: 250 lines, billed on NLEVS-2026-000001", "2.50")
    ]


def self_bill(books: duckdb.DuckDBPyConnection, agreement: str | None, first: str | None) -> None:
    books.execute(
        "update ingest.settlement_terms set self_billing_agreement = ?, self_billing_from = ?"
        " where contract_version = 'v2'",
        [agreement, first],
    )


def test_what_is_payable_is_billed_by_the_partner_unless_an_agreement_lets_us(books: duckdb.DuckDBPyConnection) -> None:
    november(books, ("bought", "8", None), direction="payable")
    assert issued(books) == []
    self_bill(books, None, None)
    assert issued(books) == []
    self_bill(books, "SB-7", "2026-12-07")
    assert issued(books) == [], "it begins the day after the issue"
    self_bill(books, "SB-7", "2026-12-06")
    (draft,) = issued(books)
    assert (draft.party, draft.supplier, draft.type_code, replace(draft, sequence=3).number) == (
        "NL/EVM", "NL/EM2", "389", "NLEVM-SB-NLEM2-2026-000003",
    )  # fmt: skip
    # The partner sells and we buy; its account is where we pay to.
    seller = replace(THEM, iban="DE89370400440532013000")
    invoice = read_invoice(books, replace(draft, sequence=3), "2026-11", seller, US, "SB-7")
    xml = to_xml(invoice).decode()
    assert "<ram:TypeCode>389</ram:TypeCode>" in xml
    assert "Self-billing under agreement SB-7." in xml
    assert xml.index(THEM.country) < xml.index("<ram:BuyerTradeParty>")
    assert to_pdf(invoice)[:5] == b"%PDF-"


def test_a_self_billed_credit_note_is_of_what_we_billed_in_the_partner_s_name(books: duckdb.DuckDBPyConnection) -> None:
    self_bill(books, "SB-7", "2026-01-01")
    november(books, ("bought", "-8", "october-P#1"), direction="payable")
    # The partner billed October itself, so it credits that itself.
    assert issued(books) == []
    books.execute("insert into settle.statements values ('october-P', 'emo', '2026-10', 'payable', 'EUR', 'sealed', 1)")
    books.execute(
        "insert into settle.statement_lines values ('october-P', 'session', 'bought', 8, 1.68, 'S', 21, null, 1, 1, 'NL/EVM')"
    )
    (draft,) = drafted(books, "2026-11", "emo", date(2026, 12, 6), SELF_BILLED)
    assert (draft.kind, draft.type_code, draft.preceding, replace(draft, sequence=1).number) == (
        "credit_note", "261", ("NLEVM-SB-NLEM2-2026-000003",), "NLEVM-SBC-NLEM2-2026-000001",
    )  # fmt: skip
