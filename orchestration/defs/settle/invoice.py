"""What stands on an invoice or a credit note, from the lines of its statement: the same for its PDF and its XML.

Lines are sums, one for each kind and rate of tax; the sessions themselves stand on the statement beside it. A credit
note lists what it takes back. All amounts are in cents and as they stand on the document: those of a credit note are
turned.
What does not belong here: how it looks (invoice_pdf, invoice_xml) and its number (facts/documents).
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from decimal import Decimal

import duckdb

from orchestration.defs.settle.credited import Credited, credited_lines
from orchestration.defs.settle.documents import in_cents
from orchestration.facts.documents import Document

_LABELS = {
    "session": "Charging sessions",
    "fee": "Fees",
    "adjustment": "Corrections of earlier statements",
}
ROUNDING = "Rounding"
# UNCL5305.
OUTSIDE_SCOPE = "O"

_LINES = """
    select tax_category, tax_percent, kind, sum(amount_excl_tax), sum(coalesce(tax, 0)), count(cdr_key),
        sum(energy_kwh)
    from settle.statement_lines
    where statement_id = ? and own_party = ?
    group by tax_category, tax_percent, kind
    order by tax_category, tax_percent, kind
"""
_PRECEDING = "select number, issued_on from ingest.document_numbers where list_contains(?, number) order by number"
_PERIOD = "select min(starts_on), max(ends_on) from ingest.billing_periods where period = ?"


@dataclass(frozen=True, slots=True)
class Side:
    """Who sells or buys: as the ledger last knew it when the document was issued."""

    name: str
    country: str
    address: str | None = None
    vat_id: str | None = None
    iban: str | None = None
    bic: str | None = None
    # By which a seller is told where no VAT id may be (BT-29): its party.
    identifier: str | None = None


@dataclass(frozen=True, slots=True)
class Line:
    """One line: a kind at a rate."""

    text: str
    amount: Decimal
    category: str
    percent: Decimal


@dataclass(frozen=True, slots=True)
class Rate:
    """One rate of tax on the document."""

    category: str
    percent: Decimal
    basis: Decimal
    tax: Decimal


@dataclass(frozen=True, slots=True)
class Invoice:
    """A document with all that it says."""

    document: Document
    period: str
    starts_on: date
    ends_on: date
    seller: Side
    buyer: Side
    lines: Sequence[Line]
    rates: Sequence[Rate]
    # The documents that it corrects, with the day of each.
    preceding: Sequence[tuple[str, date]] = ()
    # By which we issue it in the seller's name.
    agreement: str | None = None

    @property
    def notes(self) -> Sequence[str]:
        """What must be said on it in words."""
        return [] if self.agreement is None else [f"Self-billing under agreement {self.agreement}."]


def shortest(percent: Decimal) -> Decimal:
    """A percentage without the zeros of its column: 21, 8.1."""
    return Decimal(f"{percent.normalize():f}")


def read_invoice(
    connection: duckdb.DuckDBPyConnection,
    document: Document,
    period: str,
    seller: Side,
    buyer: Side,
    agreement: str | None = None,
) -> Invoice:
    """The document's content, read while its statement stands in the warehouse."""
    sign = -1 if document.kind == "credit_note" else 1
    sums: dict[tuple[str, Decimal], dict[str, tuple[Decimal, Decimal, int, Decimal | None]]] = {}
    for category, percent, kind, *found in connection.execute(
        _LINES, [document.statement_id, document.party]
    ).fetchall():
        sums.setdefault((category, percent), {})[kind] = tuple(found)
    is_credit = document.kind == "credit_note"
    credited = credited_lines(connection, document.statement_id, document.party) if is_credit else []
    lines, rates = [], []
    for (category, percent), kinds in sums.items():
        basis = in_cents(sum((net for net, *_ in kinds.values()), Decimal(0)))
        tax = in_cents(sum((tax for _, tax, *_ in kinds.values()), Decimal(0)))
        rates.append(Rate(category, percent, sign * basis, sign * tax))
        mine = [one for one in credited if (one.category, one.percent) == (category, percent)]
        stated = _credited(mine, basis) if is_credit else _in_lines(kinds, basis)
        lines += [Line(text, sign * amount, category, percent) for text, amount in stated]
    starts_on, ends_on = connection.execute(_PERIOD, [period]).fetchone() or (document.issued_on, document.issued_on)
    last_day = ends_on - timedelta(days=1)
    preceding = connection.execute(_PRECEDING, [list(document.preceding)]).fetchall()
    return without_vat_ids(
        Invoice(document, period, starts_on, last_day, seller, buyer, lines, rates, preceding, agreement)
    )


def without_vat_ids(invoice: Invoice) -> Invoice:
    """What is outside the scope of tax names no VAT id of either side (BR-O-02), but says who sells (BR-CO-26)."""
    if all(rate.category != OUTSIDE_SCOPE for rate in invoice.rates):
        return invoice
    party = invoice.document.supplier or invoice.document.party
    seller = replace(invoice.seller, vat_id=None, identifier=party)
    return replace(invoice, seller=seller, buyer=replace(invoice.buyer, vat_id=None))


def _credited(credited: Sequence[Credited], basis: Decimal) -> Iterator[tuple[str, Decimal]]:
    """What is taken back, each in cents; what these lack to their sum in cents is a line too."""
    left = basis
    for one in credited:
        left -= in_cents(one.amount)
        yield one.text, in_cents(one.amount)
    if left:
        yield ROUNDING, left


def _in_lines(
    kinds: Mapping[str, tuple[Decimal, Decimal, int, Decimal | None]], basis: Decimal
) -> Iterator[tuple[str, Decimal]]:
    """Kinds as lines in cents; what these lack to their sum in cents is a line too, with the roundings."""
    left = basis
    for kind, label in _LABELS.items():
        if kind not in kinds:
            continue
        net, _, sessions, energy = kinds[kind]
        text = label
        if kind == "session":
            text += f": {sessions:,} session{'s' * (sessions != 1)}" + (
                "" if energy is None else f", {energy:,.3f} kWh"
            )
        left -= in_cents(net)
        yield text, in_cents(net)
    if left:
        yield ROUNDING, left
