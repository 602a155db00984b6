"""An invoice or credit note as PDF/A, set by typst: offline, with its own fonts, the same bytes for the same content.

What does not belong here: any sum.
"""

import json
from decimal import Decimal
from importlib.resources import files
from typing import Any

import typst

from orchestration.defs.settle.invoice import Invoice, Line, Rate, Side, shortest
from orchestration.defs.settle.invoice_xml import REASONS

_TITLES = {"380": "Invoice", "381": "Credit note", "389": "Self-billed invoice", "261": "Self-billed credit note"}


def to_pdf(invoice: Invoice) -> bytes:
    """The document's bytes."""
    issued_on = invoice.document.issued_on
    noon = int((issued_on.toordinal() - 719163) * 86400 + 43200)
    source = files("orchestration.defs.settle").joinpath("invoice.typ").read_bytes()
    pdf = typst.compile(
        source,
        format="pdf",
        sys_inputs={"data": json.dumps(_content(invoice))},
        ignore_system_fonts=True,
        pdf_standards=["a-2b"],
        timestamp=noon,
    )
    assert isinstance(pdf, bytes)
    return pdf


def _content(invoice: Invoice) -> dict[str, Any]:
    known = invoice.document
    title = _TITLES[known.type_code]
    facts = [
        ("Number", known.number),
        ("Issued on", known.issued_on.isoformat()),
        ("Supplied", f"{invoice.starts_on} to {invoice.ends_on}"),
        ("Statement", known.statement_id),
    ]
    if known.preceding:
        facts.append(("Corrects", ", ".join(known.preceding)))
    if known.due_on is not None and known.kind == "invoice":
        facts.append(("Due on", known.due_on.isoformat()))
    notes = sorted({REASONS[rate.category][1] + "." for rate in invoice.rates if rate.category in REASONS})
    notes += invoice.notes
    if invoice.seller.iban and known.kind == "invoice":
        who = "Please pay" if known.supplier is None else "We pay"
        notes.append(f"{who} to {invoice.seller.iban} with reference {known.number}.")
    return {
        "title": title,
        "number": known.number,
        "year": known.issued_on.year,
        "month": known.issued_on.month,
        "day": known.issued_on.day,
        "seller": _side(invoice.seller),
        "buyer": _side(invoice.buyer),
        "facts": facts,
        "currency": known.currency,
        "lines": [_line(line) for line in invoice.lines],
        "totals": [("Net", _money(known.amount_excl_tax)), *(_rate(rate) for rate in invoice.rates)],
        "total_label": "Total" if known.kind == "invoice" else "Credited",
        "total": _money(known.amount_incl_tax),
        "notes": notes,
    }


def _side(side: Side) -> dict[str, str | None]:
    return {"name": side.name, "country": side.country, "address": side.address, "vat_id": side.vat_id}


def _line(line: Line) -> tuple[str, str, str]:
    return line.text, _percent(line.category, line.percent), _money(line.amount)


def _rate(rate: Rate) -> tuple[str, str]:
    return f"Tax {_percent(rate.category, rate.percent)} of {_money(rate.basis)}", _money(rate.tax)


def _percent(category: str, percent: Decimal) -> str:
    return f"{category} {shortest(percent)} %"


def _money(amount: Decimal) -> str:
    return f"{amount:,.2f}"
