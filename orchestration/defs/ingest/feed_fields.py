"""The feeds of evidence: which fields a record of each has, of what kind, and which of them must be there.

A field's name is its column in a CSV file, its key in NDJSON, its name under `columns` of a mapping
and its column in the raw table. What does not belong here: reading a value (feed_values).
"""

from dataclasses import dataclass
from typing import Literal

Kind = Literal["text", "party", "word", "number", "whole", "instant", "date"]


@dataclass(frozen=True, slots=True)
class Field:
    """One field. words: what a word may be, written as the warehouse has it; any case is read."""

    name: str
    kind: Kind = "text"
    is_required: bool = False
    words: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Feed:
    """A feed's records. one_of: at least one of these must be there, or nothing could be found by the record."""

    name: str
    fields: tuple[Field, ...]
    one_of: tuple[str, ...] = ()
    # The party that sends this feed: taken from the source when the record names none.
    sender: str = "cpo_party"

    def field(self, name: str) -> Field | None:
        """The field of that name."""
        return next((field for field in self.fields if field.name == name), None)


_PARTIES = (Field("cpo_party", "party"), Field("emsp_party", "party"))
_PLACE = (Field("location_id"), Field("evse_uid"), Field("evse_id"), Field("connector_id"))
_TOKEN = (Field("token_uid"), Field("token_type"), Field("contract_id"))

SESSIONS = Feed(
    "sessions",
    (
        *_PARTIES,
        Field("session_id", is_required=True),
        Field("started_at", "instant", is_required=True),
        Field("ended_at", "instant"),
        Field("energy_kwh", "number", is_required=True),
        Field("status", "word", is_required=True, words=("ACTIVE", "COMPLETED", "INVALID", "PENDING", "RESERVATION")),
        *_TOKEN,
        Field("auth_method"),
        Field("authorization_reference"),
        *_PLACE,
        Field("meter_id"),
        Field("currency"),
        Field("total_cost_excl_tax", "number"),
        Field("total_cost_incl_tax", "number"),
        Field("last_updated", "instant"),
    ),
)

AUTHORIZATIONS = Feed(
    "authorizations",
    (
        *_PARTIES,
        *_TOKEN,
        *_PLACE,
        Field("answered_at", "instant", is_required=True),
        Field(
            "allowed", "word", is_required=True,
            words=("ALLOWED", "ALLOWED_OFFLINE", "BLOCKED", "EXPIRED", "NO_CREDIT", "NOT_ALLOWED"),
        ),
        Field("authorization_reference"),
        Field("session_id"),
    ),
    one_of=("token_uid", "contract_id", "authorization_reference", "session_id"),
    sender="emsp_party",
)  # fmt: skip

CHARGER_EVENTS = Feed(
    "charger_events",
    (
        Field("cpo_party", "party"),
        *_PLACE,
        Field("session_id"),
        Field("cdr_id"),
        Field("happened_at", "instant", is_required=True),
        Field("recorded_at", "instant"),
        Field(
            "event", "word", is_required=True,
            words=("boot", "clock", "firmware", "meter_swap", "outage_end", "outage_start", "pause_end",
                   "pause_start", "start", "stop"),
        ),
        Field("value"),
        Field("meter_id"),
    ),
    one_of=("evse_uid", "evse_id", "session_id", "cdr_id"),
)  # fmt: skip

RECEIPTS = Feed(
    "receipts",
    (
        Field("cpo_party", "party"),
        Field("cdr_id"),
        Field("session_id"),
        Field("evse_uid"),
        Field("kind", "word", is_required=True, words=("shown", "charged")),
        Field("shown_at", "instant"),
        Field("started_at", "instant"),
        Field("ended_at", "instant"),
        Field("energy_kwh", "number"),
        Field("amount_excl_tax", "number"),
        Field("tax_amount", "number"),
        Field("amount_incl_tax", "number"),
        Field("currency", is_required=True),
        Field("terminal_id"),
        Field("payment_reference"),
    ),
    one_of=("cdr_id", "session_id"),
)

# In CSV one row is one line of an invoice, and what is said of the whole invoice stands in every row.
INVOICE_HEAD = (
    Field("invoice_id", is_required=True),
    Field("issuer_party", "party"),
    Field("seller_party", "party"),
    Field("buyer_party", "party"),
    Field("kind", "word", words=("invoice", "credit_note")),
    Field("issued_on", "date"),
    Field("period_from", "date"),
    Field("period_to", "date"),
    Field("due_on", "date"),
    Field("currency"),
    Field("invoice_sessions", "whole"),
    Field("invoice_energy_kwh", "number"),
    Field("invoice_amount_excl_tax", "number"),
    Field("invoice_tax_amount", "number"),
    Field("invoice_amount_incl_tax", "number"),
    Field("last_updated", "instant"),
)
INVOICE_LINE = (
    Field("cdr_id"),
    Field("session_id"),
    Field("cpo_party", "party"),
    Field("started_at", "instant"),
    Field("ended_at", "instant"),
    Field("energy_kwh", "number"),
    Field("amount_excl_tax", "number"),
    Field("tax_percent", "number"),
    Field("tax_amount", "number"),
    Field("amount_incl_tax", "number"),
    Field("text"),
)
INVOICE_HEADS = Feed("invoice heads", INVOICE_HEAD, sender="issuer_party")
INVOICE_LINES = Feed("invoice lines", INVOICE_LINE, one_of=("cdr_id", "session_id", "text"))
INVOICES = Feed("invoices", (*INVOICE_HEAD, *INVOICE_LINE), sender="issuer_party")

EVIDENCE = {feed.name: feed for feed in (SESSIONS, AUTHORIZATIONS, CHARGER_EVENTS, RECEIPTS, INVOICES)}

# OCPI modules as CSV: one row is one token, one connector, or one tariff of at most one price a dimension.
TOKENS = Feed(
    "tokens",
    (
        Field("emsp_party", "party"),
        Field("token_uid", is_required=True),
        Field("token_type"),
        Field("contract_id"),
        Field("is_valid", "word", is_required=True, words=("true", "false")),
        Field("whitelist", "word", words=("ALWAYS", "ALLOWED", "ALLOWED_OFFLINE", "NEVER")),
        Field("last_updated", "instant"),
    ),
    sender="emsp_party",
)
LOCATIONS = Feed(
    "locations",
    (
        Field("cpo_party", "party"),
        Field("location_id", is_required=True),
        Field("country"),
        Field("address"),
        Field("city"),
        Field("time_zone"),
        Field("evse_uid"),
        Field("evse_id"),
        Field("evse_status"),
        Field("connector_id"),
        Field("standard"),
        Field("power_type"),
        Field("max_power_kw", "number"),
        Field("last_updated", "instant"),
    ),
)
TARIFFS = Feed(
    "tariffs",
    (
        Field("cpo_party", "party"),
        Field("tariff_id", is_required=True),
        Field("tariff_type"),
        Field("currency", is_required=True),
        Field("price_per_kwh", "number"),
        Field("price_per_hour", "number"),
        Field("price_per_parking_hour", "number"),
        Field("price_per_session", "number"),
        Field("tax_percent", "number"),
        Field("step_size_wh", "whole"),
        Field("step_size_seconds", "whole"),
        Field("min_price_excl_tax", "number"),
        Field("max_price_excl_tax", "number"),
        Field("valid_from", "instant"),
        Field("valid_to", "instant"),
        Field("last_updated", "instant"),
    ),
    one_of=("price_per_kwh", "price_per_hour", "price_per_parking_hour", "price_per_session"),
)
OBJECTS = {feed.name: feed for feed in (TARIFFS, LOCATIONS, TOKENS)}
DECLARED_FEEDS = EVIDENCE | OBJECTS
