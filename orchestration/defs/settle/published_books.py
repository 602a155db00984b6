"""What is published of documents, partners' invoices, ways, the journal and payments.

What does not belong here: the tables of sessions and statements, and writing any (publish).
"""

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Published:
    """One published table: the relation it comes from, its contracted columns, and the order of its rows."""

    relation: str
    columns: str
    order_by: str


BOOKS: Mapping[str, Published] = {
    "documents": Published(
        "settle.documents",
        "number, kind, type_code, statement_id, party, partner, period, issued_on, due_on, currency, amount_excl_tax,"
        " tax, amount_incl_tax, preceding, supplier",
        "number",
    ),
    "cdr_taxes_due": Published(
        "settle.cdr_taxes_due",
        "cdr_key, decision_id, category, rate_percent, supplier_country, customer_country, customer_regime,"
        " site_country, note",
        "cdr_key",
    ),
    "invoice_reconciliation": Published(
        "settle.invoice_reconciliation",
        "partner, period, direction, currency, line_id, standing, cdr_key, named_id, statement_id, statement_line_no,"
        " invoice_id, invoice_line_no, stands_elsewhere, our_kwh, their_kwh, our_excl_tax, their_excl_tax,"
        " difference_excl_tax",
        "partner, period, direction, currency, line_id",
    ),
    "channels": Published(
        "settle.channels",
        "partner, period, direction, currency, location_id, channel, sessions, sessions_settled, energy_kwh,"
        " claimed_excl_tax, settled_excl_tax",
        "partner, period, direction, currency, location_id, channel",
    ),
    "handoff_lag": Published(
        "settle.handoff_lag",
        "subject_id, hop_no, hop, partner, period, direction, location_id, channel, source, from_at, to_at,"
        " lag_seconds, standing",
        "subject_id, hop_no",
    ),
    "settlement_path": Published(
        "settle.settlement_path",
        "partner, period, direction, currency, location_id, step_no, step, is_level, sessions,"
        " sessions_unknown_amount, energy_kwh, amount",
        "partner, period, direction, currency, location_id, step_no",
    ),
    "journal_lines": Published(
        "settle.journal_lines",
        "entry_id, line_no, entry_kind, booked_on, period, party, partner, currency, account, account_name, role,"
        " debit, credit, tax_category, tax_percent, statement_id, document_number",
        "booked_on, entry_id, line_no",
    ),
    "accruals": Published(
        "settle.accruals",
        "period, accrued_on, reversed_on, is_closed, partner, party, direction, currency, sessions, amount_excl_tax",
        "period, partner, party, direction, currency",
    ),
    "closed_periods": Published(
        "settle.closed_periods",
        "period, partner, ended_on, sealed_on, sealed_by, days_to_close, working_days_to_close",
        "period, partner",
    ),
    "checkpoint_days": Published(
        "settle.checkpoint_days",
        "frequency, period, ended_on, draft_due_on, draft_due_at, approval_due_on, approval_due_at, close_due_on,"
        " close_due_at",
        "ended_on, frequency, period",
    ),
    "period_checkpoints": Published(
        "settle.period_checkpoints",
        "period, partner, step_no, checkpoint, due_at, happened_at, signed_by, seq, entry_hash, standing,"
        " working_days_late",
        "period, partner, step_no",
    ),
    "expected_cash": Published(
        "settle.expected_cash",
        "due_id, standing, partner, period, direction, currency, seal_on, is_close_missed, due_on, expected_on, amount",
        "due_id, standing",
    ),
    "raci": Published(
        "ingest.raci", "activity, responsible, accountable, consulted, informed", "activity, known_from, known_to"
    ),
    "open_items": Published(
        "settle.open_items",
        "item_id, kind, direction, partner, party, period, statement_id, settlement_id, settled_with, paid_as,"
        " currency, issued_on, due_on, amount, paid, disputed, open_amount, status, last_paid_on",
        "item_id",
    ),
    "amounts_due": Published(
        "settle.amounts_due",
        "due_id, paid_as, settlement_id, kind, direction, partner, party, period, documents, currency, issued_on,"
        " due_on, amount, paid, disputed, open_amount, due_amount, status, bucket, days_overdue, last_paid_on,"
        " expected_on",
        "due_id",
    ),
    "ageing": Published(
        "settle.ageing",
        "due_id, partner, period, direction, currency, standing, due_on, bucket, disputes, amount",
        "due_id, standing",
    ),
    "payments": Published(
        "settle.payments",
        "payment_id, party, partner, account_iban, booked_on, value_on, currency, amount, counterparty_name,"
        " counterparty_iban, end_to_end_id, reference, remittance",
        "booked_on, payment_id",
    ),
    "payment_allocations": Published(
        "settle.payment_allocations",
        "payment_id, item_id, direction, partner, party, booked_on, currency, amount",
        "payment_id, item_id",
    ),
}
