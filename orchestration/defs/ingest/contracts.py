"""A partner's contract: what can stand in it, and what must be true of it.

What does not belong here: the file that it comes from (contract_files), which version of it stands (master_data) and
whether two people approved it (approvals).
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from pathlib import PurePath
from typing import Any, Literal

import msgspec
from stdnum import bic, iban

from orchestration.defs.ingest.declared import Declared
from orchestration.defs.ingest.hand_off import HandOff

_PARTY = re.compile(r"[A-Z]{2}/[A-Z0-9]{3}")
_CURRENCY = re.compile(r"[A-Z]{3}")
# Terms that are understood but not settled yet: content here would change money silently by not being applied.
_NOT_SETTLED = ("caps", "self_billing", "scope")
_MAX_SCALE = 6
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
    caps: Any = None
    self_billing: Any = None
    scope: Any = None
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


def contract_problems(path: str, contract: Contract, rules: Mapping[str, Rule]) -> list[str]:
    """What is wrong with a contract that reads: one sentence each, beginning with the key."""
    problems = ["name is blank; fill it."] if not contract.name.strip() else []
    if contract.partner != PurePath(path).stem:
        problems.append(
            f"partner is {contract.partner!r}, but the file is named {PurePath(path).stem}; make them equal."
        )
    if not contract.parties:
        problems.append("parties is empty; write at least one, as NL/EMO.")
    for party in contract.parties:
        if not _PARTY.fullmatch(party):
            problems.append(f"parties has {party!r}; write country and party in capitals, as NL/EMO.")
    if not _CURRENCY.fullmatch(contract.currency):
        problems.append(f"currency is {contract.currency!r}; write an ISO 4217 code, as EUR.")
    for word in contract.requires:
        if word not in REQUIRES:
            problems.append(f"requires has {word!r}, which is not known; use {', '.join(REQUIRES)}.")
    if not 0 <= contract.pricing.rounding.scale <= _MAX_SCALE:
        problems.append(f"pricing.rounding.scale is {contract.pricing.rounding.scale}; use 0 to {_MAX_SCALE}.")
    if not 0 <= contract.pricing.discount_percent <= 100:
        problems.append(f"pricing.discount_percent is {contract.pricing.discount_percent}; use 0 to 100.")
    problems += _negatives(contract)
    problems += _fee_problems(contract)
    problems += _payment_problems(contract.payment)
    problems += _fx_problems(contract)
    for rule_id in contract.rules:
        rule = rules.get(rule_id)
        if rule is None:
            problems.append(f"rules.{rule_id} is not a rule of this version; see docs/rules.md.")
        elif not rule.is_overridable:
            problems.append(f"rules.{rule_id} may not be changed by a contract; take it out.")
    problems += [
        f"rules.{rule_id}.{name} is {value}; use 0 or more."
        for rule_id, terms in contract.rules.items()
        for name, value in (("tolerance", terms.tolerance), ("second_tolerance", terms.second_tolerance))
        if value is not None and value < 0
    ]
    problems += _remedy_problems(contract, rules)
    problems += [
        f"{name} has content, but this version does not settle it; take it out and bill it by hand."
        for name in _NOT_SETTLED
        if getattr(contract, name)
    ]
    return problems


def _payment_problems(payment: PaymentTerms) -> Iterator[str]:
    if payment.iban is not None and not iban.is_valid(payment.iban):
        yield f"payment.iban is {payment.iban!r}, which is no IBAN (its check digits say so); correct it."
    if payment.bic is not None and not bic.is_valid(payment.bic):
        yield f"payment.bic is {payment.bic!r}, which is no BIC; correct it."
    if payment.method == "direct_debit" and not (payment.iban and payment.mandate_id and payment.mandate_signed_on):
        yield "payment.method is direct_debit, which needs iban, mandate_id and mandate_signed_on; add them."


def _fee_problems(contract: Contract) -> list[str]:
    names = [fee.name for fee in contract.fees]
    problems = [f"fees has {name!r} twice; name each fee once." for name in names if names.count(name) > 1][:1]
    for number, fee in enumerate(contract.fees, start=1):
        if not fee.name.strip():
            problems.append(f"fees.{number}.name is blank; fill it.")
        if fee.rate < 0:
            problems.append(f"fees.{number}.rate is {fee.rate}; use 0 or more.")
        if fee.per == "percent" and fee.rate > 100:
            problems.append(f"fees.{number}.rate is {fee.rate}; a percentage is 0 to 100.")
    return problems


def _fx_problems(contract: Contract) -> list[str]:
    blank = contract.fx is not None and not contract.fx.source.strip()
    return ["fx.source is blank; name whose rates count, as ECB."] if blank else []


def _remedy_problems(contract: Contract, rules: Mapping[str, Rule]) -> Iterator[str]:
    for rule_id, terms in (contract.remedies or {}).items():
        rule = rules.get(rule_id)
        if rule is None:
            yield f"remedies.{rule_id} is not a rule of this version; see docs/outcomes.md."
        elif not rule.has_adjustment:
            yield f"remedies.{rule_id} has no remedy that changes an amount; docs/outcomes.md lists those that have."
        elif terms is not None and terms.limit is not None and terms.limit < 0:
            yield f"remedies.{rule_id}.limit is {terms.limit}; use 0 or more, or leave it out."


def _negatives(contract: Contract) -> list[str]:
    blocks: dict[str, Declared] = {
        "settlement": contract.settlement,
        "tolerances": contract.tolerances,
        "dispute": contract.dispute,
        "due_days": contract.due_days,
        "handoff": contract.handoff,
    }
    if contract.fx is not None:
        blocks["fx"] = contract.fx
    return [
        f"{block}.{name} is {value}; use 0 or more."
        for block, struct in blocks.items()
        for name, value in msgspec.structs.asdict(struct).items()
        if isinstance(value, int | Decimal) and value < 0
    ]
