"""An invoice or credit note as EN 16931 XML (UN/CEFACT CII), made and checked against its schema by drafthorse.

What does not belong here: any sum.
"""

from collections.abc import Sequence
from datetime import date

from drafthorse.models.accounting import ApplicableTradeTax
from drafthorse.models.document import Document as CiiDocument
from drafthorse.models.note import IncludedNote
from drafthorse.models.party import TaxRegistration
from drafthorse.models.payment import PaymentMeans, PaymentTerms
from drafthorse.models.tradelines import LineItem
from drafthorse.utils import validate_xml
from lxml import etree
from lxml.etree import LxmlError

from orchestration.defs.settle.invoice import OUTSIDE_SCOPE, Invoice, Line, Rate, shortest

PROFILE = "urn:cen.eu:en16931:2017"
# UNCL5305 to the reason that must stand beside a rate of nil, as code and text.
REASONS = {
    "AE": ("VATEX-EU-AE", "Reverse charge"),
    "E": (None, "Exempt from tax"),
    "G": ("VATEX-EU-G", "Export outside the EU"),
    "K": ("VATEX-EU-IC", "Intra-community supply"),
    "O": ("VATEX-EU-O", "Not subject to tax"),
}
_PIECE = "C62"
_TRANSFER = "58"
_SCHEMA = "FACTUR-X_EN16931"
_DAY_FORMAT = "102"  # YYYYMMDD, in UNTDID 2379.
_QDT = "{urn:un:unece:uncefact:data:standard:QualifiedDataType:100}"
_RAM = "{urn:un:unece:uncefact:data:standard:ReusableAggregateBusinessInformationEntity:100}"


class InvoiceError(Exception):
    """The document cannot be written as EN 16931 asks; one sentence."""


def to_xml(invoice: Invoice) -> bytes:
    """The document's bytes, the same for the same content. Raises InvoiceError."""
    known, cii = invoice.document, CiiDocument()
    cii.context.guideline_parameter.id = PROFILE
    cii.header.id = known.number
    cii.header.type_code = known.type_code
    cii.header.issue_date_time = known.issued_on
    note = IncludedNote()
    note.content = " ".join([f"Statement {known.statement_id}.", *_corrects(invoice), *invoice.notes])
    cii.header.notes.add(note)
    for side, party in ((invoice.seller, cii.trade.agreement.seller), (invoice.buyer, cii.trade.agreement.buyer)):
        if side.identifier:
            party.id = side.identifier
        party.name = side.name
        party.address.country_id = side.country
        if side.address:
            party.address.line_one = side.address
        if side.vat_id:
            party.tax_registrations.add(TaxRegistration(id=("VA", side.vat_id)))
    for number, line in enumerate(invoice.lines, start=1):
        cii.trade.items.add(_line(number, line))
    _settle(cii, invoice)
    try:
        return _naming_all(bytes(cii.serialize(schema=_SCHEMA)), invoice.preceding)
    except LxmlError as error:
        raise InvoiceError(f"{known.number} cannot be written as EN 16931: {error}.") from error


def _naming_all(xml: bytes, preceding: Sequence[tuple[str, date]]) -> bytes:
    """The document with every preceding one in it (BT-25, BT-26): drafthorse knows one, EN 16931 any number."""
    if not preceding:
        return xml
    root = etree.fromstring(xml)
    first = root.find(f".//{_RAM}InvoiceReferencedDocument")
    for number, issued_on in reversed(preceding):
        named = etree.Element(first.tag)
        etree.SubElement(named, f"{_RAM}IssuerAssignedID").text = number
        day = etree.SubElement(etree.SubElement(named, f"{_RAM}FormattedIssueDateTime"), f"{_QDT}DateTimeString")
        day.text, day.attrib["format"] = issued_on.strftime("%Y%m%d"), _DAY_FORMAT
        first.addnext(named)
    first.getparent().remove(first)
    whole = etree.tostring(root, xml_declaration=True, encoding="UTF-8")
    validate_xml(whole, _SCHEMA)
    return bytes(whole)


def _corrects(invoice: Invoice) -> list[str]:
    numbers = [number for number, _ in invoice.preceding]
    return [f"Corrects {', '.join(numbers)}."] if numbers else []


def _line(number: int, line: Line) -> LineItem:
    """A price is never negative (BR-27): what is taken off is a piece less."""
    item = LineItem()
    item.document.line_id = str(number)
    item.product.name = line.text
    item.agreement.net.amount = abs(line.amount)
    item.delivery.billed_quantity = (-1 if line.amount < 0 else 1, _PIECE)
    item.settlement.trade_tax.type_code = "VAT"
    item.settlement.trade_tax.category_code = line.category
    if line.category != OUTSIDE_SCOPE:
        item.settlement.trade_tax.rate_applicable_percent = shortest(line.percent)
    item.settlement.monetary_summation.total_amount = line.amount
    return item


def _settle(cii: CiiDocument, invoice: Invoice) -> None:
    known, settlement = invoice.document, cii.trade.settlement
    settlement.currency_code = known.currency
    settlement.payment_reference = known.number
    if invoice.seller.iban:
        means = PaymentMeans()
        means.type_code = _TRANSFER
        means.payee_account.iban = invoice.seller.iban
        if invoice.seller.bic:
            means.payee_institution.bic = invoice.seller.bic
        settlement.payment_means.add(means)
    for rate in invoice.rates:
        settlement.trade_tax.add(_tax(rate))
    settlement.period.start = invoice.starts_on
    settlement.period.end = invoice.ends_on
    terms = PaymentTerms()
    if known.due_on is not None:
        terms.due = known.due_on
    terms.description = "Payment on receipt." if known.due_on is None else f"Due on {known.due_on}."
    settlement.terms.add(terms)
    if invoice.preceding:
        settlement.invoice_referenced_document.issuer_assigned_id = invoice.preceding[0][0]
    total = settlement.monetary_summation
    total.line_total = known.amount_excl_tax
    total.tax_basis_total = known.amount_excl_tax
    total.tax_total = (known.tax, known.currency)
    total.grand_total = known.amount_incl_tax
    total.due_amount = known.amount_incl_tax


def _tax(rate: Rate) -> ApplicableTradeTax:
    tax = ApplicableTradeTax()
    tax.calculated_amount = rate.tax
    tax.type_code = "VAT"
    code, text = REASONS.get(rate.category, (None, None))
    if text is not None:
        tax.exemption_reason = text
    tax.basis_amount = rate.basis
    tax.category_code = rate.category
    if code is not None:
        tax.exemption_reason_code = code
    if rate.category != OUTSIDE_SCOPE:
        tax.rate_applicable_percent = shortest(rate.percent)
    return tax
