"""Invoices and credit notes that we issue: their numbers are facts of the ledger.

A number is given inside the seal of its statement, so it exists if and only if the seal does: a crash neither loses nor
doubles one. A series is one own party, kind and year, and counts from 1 without a gap; what we issue in the name of a
supplier (self-billing) is a series of its own for each of them.
What does not belong here: which statement gets a document (defs/settle/documents) and how one looks (document_files).
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal
from typing import Any, Literal

from orchestration.facts.ledger import Entry

Kind = Literal["invoice", "credit_note"]
# UNTDID 1001, by whether it is issued in the supplier's name.
TYPE_CODES: dict[tuple[Kind, bool], str] = {
    ("invoice", False): "380", ("credit_note", False): "381", ("invoice", True): "389", ("credit_note", True): "261",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Document:
    """One document. Amounts are what stands on it: those of a credit note are positive.

    party: ours, who issues it. preceding: numbers of the documents that it corrects. sequence: 0 until it is numbered.
    supplier: the partner's party in whose name we issue it; None where we are the seller.
    """

    kind: Kind
    statement_id: str
    party: str
    partner: str
    issued_on: date
    due_on: date | None
    currency: str
    amount_excl_tax: Decimal
    tax: Decimal
    amount_incl_tax: Decimal
    preceding: tuple[str, ...]
    sequence: int = 0
    supplier: str | None = None

    @property
    def series(self) -> tuple[str, Kind, int, str | None]:
        """What is counted without a gap: own party, kind and year, and the supplier where it is in its name."""
        return self.party, self.kind, self.issued_on.year, self.supplier

    @property
    def type_code(self) -> str:
        """What it is, in UNTDID 1001."""
        return TYPE_CODES[self.kind, self.supplier is not None]

    @property
    def number(self) -> str:
        """As it is printed: NLEVS-2026-000001, a credit note's NLEVS-C-2026-000001.

        In a supplier's name: NLEVS-SB-NLEMO-2026-000001 and NLEVS-SBC-NLEMO-2026-000001.
        """
        mark = "C-" if self.kind == "credit_note" else ""
        if self.supplier is not None:
            mark = f"SB{mark or '-'}{self.supplier.replace('/', '')}-"
        return f"{self.party.replace('/', '')}-{mark}{self.issued_on.year}-{self.sequence:06d}"


def as_fact(document: Document) -> dict[str, Any]:
    """The document as a seal's body holds it; amounts are text."""
    return {
        "number": document.number,
        "kind": document.kind,
        "type_code": document.type_code,
        "sequence": document.sequence,
        "statement_id": document.statement_id,
        "party": document.party,
        "partner": document.partner,
        "issued_on": document.issued_on.isoformat(),
        "due_on": None if document.due_on is None else document.due_on.isoformat(),
        "currency": document.currency,
        "amount_excl_tax": str(document.amount_excl_tax),
        "tax": str(document.tax),
        "amount_incl_tax": str(document.amount_incl_tax),
        "preceding": list(document.preceding),
        "supplier": document.supplier,
    }


def documents(entries: Sequence[Entry]) -> Iterator[tuple[Entry, Document]]:
    """Every document that was issued, with its seal, in order."""
    for entry in entries:
        for fact in entry.body.get("documents", ()) if entry.kind == "seal" else ():
            yield (
                entry,
                Document(
                    kind=fact["kind"],
                    statement_id=fact["statement_id"],
                    party=fact["party"],
                    partner=fact["partner"],
                    issued_on=date.fromisoformat(fact["issued_on"]),
                    due_on=None if fact["due_on"] is None else date.fromisoformat(fact["due_on"]),
                    currency=fact["currency"],
                    amount_excl_tax=Decimal(fact["amount_excl_tax"]),
                    tax=Decimal(fact["tax"]),
                    amount_incl_tax=Decimal(fact["amount_incl_tax"]),
                    preceding=tuple(fact["preceding"]),
                    sequence=fact["sequence"],
                    # Seals of older versions know no self-billing.
                    supplier=fact.get("supplier"),
                ),
            )


def numbered(entries: Sequence[Entry], drafts: Sequence[Document]) -> list[Document]:
    """These documents with the next numbers of their series, in their order. Call it under the writer lock."""
    last = {document.series: document.sequence for _, document in documents(entries)}
    given = []
    for draft in drafts:
        last[draft.series] = last.get(draft.series, 0) + 1
        given.append(replace(draft, sequence=last[draft.series]))
    return given


def series_problems(entries: Sequence[Entry]) -> list[str]:
    """DOC_NUMBER_GAP and DOC_CREDIT_UNLINKED: what the series skip, repeat or leave unlinked, a sentence each."""
    problems = []
    last: dict[tuple[str, Kind, int, str | None], int] = {}
    known: set[str] = set()
    for entry, document in documents(entries):
        expected = last.get(document.series, 0) + 1
        if document.sequence != expected:
            problems.append(
                f"DOC_NUMBER_GAP: {document.number} (entry {entry.seq}) comes where {expected:06d} of its series is"
                " due."
            )
        last[document.series] = document.sequence
        unknown = [number for number in document.preceding if number not in known]
        if unknown or (document.kind == "credit_note" and not document.preceding):
            named = ", ".join(unknown) or "no invoice"
            problems.append(
                f"DOC_CREDIT_UNLINKED: {document.number} (entry {entry.seq}) names {named}, so what it corrects is"
                " unknown."
            )
        known.add(document.number)
    return problems
