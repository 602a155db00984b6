"""A partner's contract: a template plus what differs, checked key by key.

What does not belong here: which version of it stands (master_data) and whether two people approved it (approvals).
"""

import hashlib
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from pathlib import PurePath
from typing import Any, Literal

import msgspec

from orchestration.defs.ingest.declared import Declared, DeclaredError, check_keys, convert, load_yaml

_PARTY = re.compile(r"[A-Z]{2}/[A-Z0-9]{3}")
_CURRENCY = re.compile(r"[A-Z]{3}")
# Terms that are understood but not settled yet: content here would change money silently by not being applied.
_NOT_SETTLED = ("fees", "fx", "caps", "self_billing", "scope", "remedies")
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
    """Windows of a dispute."""

    window_days: int | None = None
    answer_days: int | None = None
    resubmissions: int | None = None
    statements: Literal["at_draft", "at_seal"] = "at_seal"


class Tax(Declared, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Who the partner is for tax."""

    vat_id: str | None = None
    country: str | None = None
    regime: str | None = None


class DueDays(Declared, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Working days until a finding of a severity is due; null: no deadline."""

    reject: int | None = None
    hold: int | None = None
    warn: int | None = None


class RuleTerms(Declared, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What a contract changes about a rule that allows it."""

    severity: Literal["reject", "hold", "warn"] | None = None
    tolerance: Decimal | None = None


class Contacts(Declared, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Whom to write to; no part of the terms."""

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
    due_days: DueDays = DueDays()
    rules: dict[str, RuleTerms] = msgspec.field(default_factory=dict)
    contacts: Contacts = Contacts()
    fees: Any = None
    fx: Any = None
    caps: Any = None
    self_billing: Any = None
    scope: Any = None
    remedies: Any = None


@dataclass(frozen=True, slots=True)
class Rule:
    """What a suite declares about a rule, as far as contracts may change it."""

    rule_id: str
    is_overridable: bool


def resolve_contract(
    path: str, data: bytes, template_path: str | None, template: bytes | None, rules: Mapping[str, Rule]
) -> Contract:
    """The contract in a partner's file, with its template. Raises DeclaredError naming the file at fault."""
    own = load_yaml(path, data)
    check_keys(path, own, Contract)
    defaults: dict[str, Any] = {}
    name = own.get("template")
    if name is not None:
        if template is None or template_path is None:
            raise DeclaredError(f"{path}: template {name} is not in master/templates; write it, or name another one.")
        defaults = load_yaml(template_path, template)
        check_keys(template_path, defaults, Contract)
    try:
        contract = convert(path, _merged(defaults, own), Contract)
    except DeclaredError as error:
        where = f" (neither here nor in template {name})" if name is not None and "is missing" in str(error) else ""
        raise DeclaredError(str(error).replace(" is missing;", f" is missing{where};")) from None
    for problem in _problems(path, contract, rules):
        raise DeclaredError(f"{path}: {problem}")
    return contract


def template_name(data: bytes) -> str | None:
    """The template that a partner's file names; None when there is none or the file cannot be read."""
    try:
        name = load_yaml("", data).get("template")
    except DeclaredError:
        return None
    return None if name is None else str(name)


def contract_version(contract: Contract) -> str:
    """SHA-256 of the resolved terms: contacts and the template's name are no terms."""
    terms = msgspec.to_builtins(contract)
    for name in ("contacts", "template"):
        terms.pop(name)
    return hashlib.sha256(json.dumps(terms, sort_keys=True, separators=(",", ":")).encode()).hexdigest()


def _merged(defaults: Mapping[str, Any], own: Mapping[str, Any]) -> dict[str, Any]:
    """Blocks key by key; everything else as the contract says, else as the template does."""
    merged = dict(defaults)
    for key, value in own.items():
        before = merged.get(key)
        merged[key] = _merged(before, value) if isinstance(before, Mapping) and isinstance(value, Mapping) else value
    return merged


def _problems(path: str, contract: Contract, rules: Mapping[str, Rule]) -> list[str]:
    problems = []
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
    for rule_id in contract.rules:
        rule = rules.get(rule_id)
        if rule is None:
            problems.append(f"rules.{rule_id} is not a rule of this version; see docs/rules.md.")
        elif not rule.is_overridable:
            problems.append(f"rules.{rule_id} may not be changed by a contract; take it out.")
    problems += [
        f"{name} has content, but this version does not settle it; take it out and bill it by hand."
        for name in _NOT_SETTLED
        if getattr(contract, name)
    ]
    return problems


def _negatives(contract: Contract) -> list[str]:
    blocks = {"settlement": contract.settlement, "tolerances": contract.tolerances, "due_days": contract.due_days}
    return [
        f"{block}.{name} is {value}; use 0 or more."
        for block, struct in blocks.items()
        for name, value in msgspec.structs.asdict(struct).items()
        if isinstance(value, int | Decimal) and value < 0
    ]
