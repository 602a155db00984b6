"""Sections that several pages have: findings, events, disputes, documents. No query, no layout."""

from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal
from typing import Any

from orchestration.story.page import Section, amount, plain

Row = Mapping[str, Any]


def findings_section(findings: Sequence[Row], with_subject: bool = False) -> Section:
    """Observed against expected; with the subject where they are of several."""
    return Section(
        "Findings",
        columns=[
            *(["about"] if with_subject else []),
            *("rule", "severity", "observed", "expected", "tolerance", "stands", "whose"),
        ],
        rows=[
            (
                *([row["subject_id"]] if with_subject else []),
                row["rule_id"],
                row["severity"],
                row["observed"],
                row["expected"],
                row["tolerance"],
                _stands(row),
                row["owner"],
            )
            for row in findings
        ],
    )  # fmt: skip


def _stands(row: Row) -> str:
    if row["caused_by_rule"]:
        other = "" if row["caused_by_rule"] != row["rule_id"] else f" of {row['caused_by_subject']}"
        return f"{row['status']}, explained by {row['caused_by_rule']}{other}"
    if row["status"] == "open" and row["due_at"] is not None:
        return f"open, due {row['due_at']:%Y-%m-%d}"
    if row["status"] == "resolved" and row["resolved_at"] is not None:
        return f"resolved {row['resolved_at']:%Y-%m-%d}"
    return str(row["status"])


def events_section(events: Sequence[Row], own_subject: str) -> Section:
    """What the ledger holds; the page's own subject is not repeated."""
    return Section(
        "What happened, by the ledger",
        columns=[">entry", "at", "who", "what", "about", "reason", "note"],
        rows=[
            (
                row["seq"],
                row["happened_at"],
                row["actor"],
                row["event"],
                "" if row["subject"] == own_subject else row["subject"],
                row["reason_code"],
                _amounts(row["note"]),
            )
            for row in events
        ],
    )


def _amounts(note: str | None) -> str | None:
    """`settled 9.63500000` without its zeros."""
    if not note or ", settled " not in note:
        return note
    before, _, amount = note.rpartition(", settled ")
    return f"{before}, settled {plain(Decimal(amount))}"


def disputes_section(disputes: Sequence[Row]) -> Section:
    """Who disputes how much, and how it stands."""
    return Section(
        "Disputes",
        columns=["dispute", "opened", "by", "reason", "state", ">billed", ">disputed", ">resolved", "outcome"],
        rows=[
            (row["dispute_id"], row["opened_at"], row["claimant"], row["reason_code"], row["state"],
             row["billed_excl_tax"], row["disputed_excl_tax"], row["resolved_excl_tax"], row["outcome"])
            for row in disputes
        ],
    )  # fmt: skip


def papers(documents: Sequence[Row], payments: Sequence[Row]) -> Iterator[tuple[str, str]]:
    """Invoices and credit notes, and what was paid on them."""
    for row in documents:
        due = f", due {row['due_on']}" if row["due_on"] else ""
        yield (
            str(row["kind"]).replace("_", " "),
            (f"{row['number']} of {row['issued_on']}{due}: {amount(row['amount_incl_tax'])} {row['currency']} gross"),
        )
    for row in payments:
        if row["payment_id"] is not None:
            paid = f"{amount(row['paid'])} {row['currency']} on {row['booked_on']}"
            yield "paid", f"{paid}, payment {row['payment_id']} for {row['item_id']}"
    for row in {row["item_id"]: row for row in payments}.values():
        apart = f", of it {amount(row['disputed'])} disputed" if row["disputed"] else ""
        yield "open", f"{amount(row['open_amount'])} {row['currency']} of {row['item_id']}{apart}, {row['status']}"
