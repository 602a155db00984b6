"""A partner's contract: what can stand in it.

What does not belong here: what must be true of it (contract_rules), the file that it comes from (contract_files), which
version of it stands (master_data) and whether two people approved it (approvals).
"""

from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Literal

import msgspec

from orchestration.defs.ingest.declared import Declared
from orchestration.defs.ingest.hand_off import HandOff

REQUIRES = ("location", "token", "tariff", "tax", "session", "evidence", "authorization")


class Settlement(Declared, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """When and how is settled."""

    frequency: Literal["monthly", "semi-monthly", "weekly"]
    cut_off_days: int
    payment_terms_days: int | None = None
    netting: bool = False
    minimum_amount: Decimal = Decimal(0)


class Rounding(Declared, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The one rounding of a statement's money."""

    mode: Literal["half-up", "half-even"]
    level: Literal["session", "line", "statement"]
    scale: int


class Pricing(Declared, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Where prices come from and how they are applied."""

    tariff_source: Literal["cdr", "registry"]
    tariff_approval: Literal["auto", "manual"]
    period_tariff: Literal["only_tariff", "literal"]
    period_policy: Literal["as_sent", "split"]
    discount_percent: Decimal
    rounding: Rounding


class Tolerances(Declared, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What may differ without a finding. late_days null: never too late."""

    amount: Decimal
    amount_percent: Decimal
    energy_kwh: Decimal
    duration_seconds: int
    clock_skew_seconds: int
    late_days: int | None


class Dispute(Declared, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Windows of a dispute: days, acknowledge_days working days; null sets no end."""

    window_days: int | None = None
    answer_days: int | None = None
    acknowledge_days: int | None = 2
    resolve_days: int | None = 20
    objection_days: int | None = 10
    expiry_days: int | None = 30
    resubmissions: int | None = None
    statements: Literal["at_draft", "at_seal"] = "at_seal"


class Tax(Declared, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Who the partner is for tax."""

    vat_id: str | None = None
    country: str | None = None
    regime: str | None = None


class PaymentTerms(Declared, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The partner's bank account, and how what it owes is paid: it transfers, or we debit it under its mandate."""

    iban: str | None = None
    bic: str | None = None
    holder: str | None = None
    method: Literal["transfer", "direct_debit"] = "transfer"
    mandate_id: str | None = None
    mandate_signed_on: date | None = None


class Fee(Declared, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What is charged beside the sessions, as a line of its own on the statement that it is `on`.

    rate: an amount in the statement's currency for each session or period, or a percentage of the sessions' net.
    """

    name: str
    per: Literal["session", "percent", "period"]
    rate: Decimal
    on: Literal["receivable", "payable"] = "receivable"


class Fx(Declared, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How sessions of another currency are settled in the contract's: whose rate, and of which day."""

    source: str
    rate_date: Literal["session", "period_end"] = "session"
    max_age_days: int = 3


class Scope(Declared, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The places that the contract covers: those that are in every list that is given."""

    locations: tuple[str, ...] = ()
    owners: tuple[str, ...] = ()
    countries: tuple[str, ...] = ()


class Caps(Declared, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What a session and a month may come to, net, and what may be unpaid with tax, in the contract's currency."""

    session: Decimal | None = None
    monthly: Decimal | None = None
    credit_limit: Decimal | None = None


class SelfBilling(Declared, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """We issue the partner's invoices to us: the agreement about it, and the first day of supply that it covers."""

    agreement: str | None = None
    from_: date | None = msgspec.field(default=None, name="from")


class DueDays(Declared, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Working days until a finding of a severity is due; null: no deadline."""

    reject: int | None = None
    hold: int | None = None
    warn: int | None = None


class RuleTerms(Declared, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What a contract changes about a rule that allows it. second_tolerance: of a rule that has two numbers."""

    severity: Literal["reject", "hold", "warn"] | None = None
    tolerance: Decimal | None = None
    second_tolerance: Decimal | None = None


class RemedyTerms(Declared, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A remedy that the contract allows by itself. limit: how far it may move a session's net amount; null: any far."""

    limit: Decimal | None = None


class Contacts(Declared, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Whom to write to, and the postal address for invoices; no part of the terms."""

    address: str | None = None
    operations: str | None = None
    platform: str | None = None
    finance: str | None = None


class Contract(Declared, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A contract with its template's defaults filled in."""

    partner: str
    name: str
    parties: tuple[str, ...]
    template: str | None = None
    valid_from: date
    currency: str
    settlement: Settlement
    pricing: Pricing
    requires: tuple[str, ...]
    tolerances: Tolerances
    dispute: Dispute = Dispute()
    tax: Tax = Tax()
    payment: PaymentTerms = PaymentTerms()
    due_days: DueDays = DueDays()
    handoff: HandOff = HandOff()
    rules: dict[str, RuleTerms] = msgspec.field(default_factory=dict)
    contacts: Contacts = Contacts()
    fees: tuple[Fee, ...] = ()
    fx: Fx | None = None
    caps: Caps | None = None
    self_billing: SelfBilling | None = None
    scope: Scope | None = None
    # By rule; null takes back what the template or an earlier version allows.
    remedies: dict[str, RemedyTerms | None] | None = None

    @property
    def allowed_remedies(self) -> dict[str, RemedyTerms]:
        """The remedies that stand."""
        return {rule_id: terms for rule_id, terms in (self.remedies or {}).items() if terms is not None}


@dataclass(frozen=True, slots=True)
class Rule:
    """What a suite declares about a rule, as far as contracts may change it."""

    rule_id: str
    is_overridable: bool
    has_adjustment: bool = False
    # How many numbers of its tolerance are read: a contract that changes another changes nothing.
    tolerance_numbers: int = 2
