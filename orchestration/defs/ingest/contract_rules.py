"""What must be true of a partner's contract that reads.

What does not belong here: what can stand in one (contracts), and whether it can be billed on (contract_files).
"""

import re
from collections.abc import Iterator, Mapping
from decimal import Decimal
from pathlib import PurePath

import msgspec
from stdnum import bic, iban

from orchestration.defs.ingest.contracts import REQUIRES, Contract, PaymentTerms, Rule
from orchestration.defs.ingest.declared import Declared

_PARTY = re.compile(r"[A-Z]{2}/[A-Z0-9]{3}")
_CURRENCY = re.compile(r"[A-Z]{3}")
_COUNTRY = re.compile(r"[A-Z]{2}")
_MAX_SCALE = 6
# The source of our own files, so no partner's.
OWN = "own"


def contract_problems(path: str, contract: Contract, rules: Mapping[str, Rule]) -> list[str]:
    """What is wrong with a contract that reads: one sentence each, beginning with the key."""
    problems = ["name is blank; fill it."] if not contract.name.strip() else []
    problems += _partner_problems(path, contract.partner)
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
    problems += _unread_tolerances(contract, rules)
    problems += _remedy_problems(contract, rules)
    problems += _scope_problems(contract)
    problems += _cap_problems(contract)
    problems += _self_billing_problems(contract)
    return problems


def _partner_problems(path: str, partner: str) -> Iterator[str]:
    if partner != PurePath(path).stem:
        yield f"partner is {partner!r}, but the file is named {PurePath(path).stem}; make them equal."
    elif partner == OWN:
        yield "partner is 'own', the name of what is ours in landing/own; give the file another name."


def _unread_tolerances(contract: Contract, rules: Mapping[str, Rule]) -> Iterator[str]:
    """A number that no model reads would be agreed and change nothing."""
    for rule_id, terms in contract.rules.items():
        read = rules[rule_id].tolerance_numbers if rule_id in rules else 2
        if terms.tolerance is not None and read == 0:
            yield f"rules.{rule_id}.tolerance is {terms.tolerance}, and that rule has no number to change; take it out."
        elif terms.second_tolerance is not None and read < 2:
            number = terms.second_tolerance
            yield f"rules.{rule_id}.second_tolerance is {number}, and that rule has no second number; take it out."


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


def _scope_problems(contract: Contract) -> Iterator[str]:
    scope = contract.scope
    if scope is None:
        return
    if not (scope.locations or scope.owners or scope.countries):
        yield "scope names no place; list locations, owners or countries, or take it out."
    for name in scope.locations:
        if not name.strip():
            yield "scope.locations has a blank; write ids of locations, as LOC1."
    for party in scope.owners:
        if not _PARTY.fullmatch(party):
            yield f"scope.owners has {party!r}; write country and party in capitals, as NL/EVS."
    for country in scope.countries:
        if not _COUNTRY.fullmatch(country):
            yield f"scope.countries has {country!r}; write ISO 3166 codes of two letters, as NL."


def _cap_problems(contract: Contract) -> Iterator[str]:
    caps = contract.caps
    if caps is None:
        return
    amounts = {name: value for name, value in msgspec.structs.asdict(caps).items() if value is not None}
    if not amounts:
        yield "caps names no amount; write session, monthly or credit_limit, or take it out."
    for name, amount in amounts.items():
        if amount <= 0:
            yield f"caps.{name} is {amount}; write an amount above 0 in the contract's currency."
    if caps.session is not None and caps.monthly is not None and caps.session > caps.monthly:
        yield f"caps.session is {caps.session}, more than caps.monthly ({caps.monthly}); correct one of them."


def _self_billing_problems(contract: Contract) -> Iterator[str]:
    """Without an agreement the terms stand, and DOC_SELF_BILL holds what would be billed under them."""
    self_billing = contract.self_billing
    if self_billing is None:
        return
    if self_billing.agreement is not None and not self_billing.agreement.strip():
        yield "self_billing.agreement is blank; write the reference of the agreement."
    if self_billing.agreement is not None and self_billing.from_ is None:
        yield "self_billing.from is missing; write the first day of supply that the agreement covers."
