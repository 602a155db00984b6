"""A partner's file: a template plus what differs, and the versions that follow from a day on.

`versions` lists later terms: each says valid_from and what changes from there; the rest goes on as before.
What does not belong here: what a contract may say (contracts).
"""

import hashlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import msgspec

from orchestration.defs.ingest.contract_rules import contract_problems
from orchestration.defs.ingest.contracts import Contract, Rule
from orchestration.defs.ingest.declared import DeclaredError, check_keys, convert, load_yaml
from orchestration.defs.ingest.hand_off import HandOff

_SAME_IN_ALL_VERSIONS = ("partner", "template", "parties", "versions")
# Without these nobody can send the partner a statement, or say what tax is due on it.
NEEDED_TO_BILL = (
    "name", "parties", "currency", "settlement.payment_terms_days", "tax.country", "tax.regime",
    "contacts.operations", "contacts.platform", "contacts.finance",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Terms:
    """One version of a contract, and where each key is written: contract, version DATE, template NAME or default."""

    contract: Contract
    origins: Mapping[str, str]


def resolve_contracts(
    path: str, data: bytes, template_path: str | None, template: bytes | None, rules: Mapping[str, Rule]
) -> tuple[Terms, ...]:
    """The versions of a partner's file in order of valid_from. Raises DeclaredError naming the file at fault."""
    resolved = read_versions(path, data, template_path, template)
    for number, terms in enumerate(resolved):
        for problem in contract_problems(path, terms.contract, rules):
            raise DeclaredError(f"{path}: {_place(number)}{problem}")
    return resolved


def all_problems(path: str, resolved: tuple[Terms, ...], rules: Mapping[str, Rule]) -> list[str]:
    """Everything that keeps a file that reads from being billed on: wrong terms, and blanks that somebody must fill."""
    problems = [
        f"{_place(number)}{problem}"
        for number, terms in enumerate(resolved)
        for problem in contract_problems(path, terms.contract, rules)
    ]
    return list(dict.fromkeys([*problems, *blanks(flat_terms(resolved[-1].contract))]))


def blanks(values: Mapping[str, Any]) -> list[str]:
    """What must be filled before anybody is billed, among values by dotted key."""
    return [f"{name} is blank; fill it." for name in NEEDED_TO_BILL if values.get(name) in (None, "", (), [])]


def blanks_as_written(data: bytes, template: bytes | None) -> list[str]:
    """The same of a file that does not read as a contract; raises DeclaredError when it is no YAML."""
    own = load_yaml("", data)
    return blanks(dict(_flat(_merged({} if template is None else load_yaml("", template), own), "")))


def read_versions(path: str, data: bytes, template_path: str | None, template: bytes | None) -> tuple[Terms, ...]:
    """The versions of a file as far as its keys and types go. Raises DeclaredError."""
    own = load_yaml(path, data)
    later = own.pop("versions", None) or []
    check_keys(path, own, Contract)
    defaults: dict[str, Any] = {}
    name = own.get("template")
    if name is not None:
        if template is None or template_path is None:
            raise DeclaredError(f"{path}: template {name} is not in master/templates; write it, or name another one.")
        defaults = load_yaml(template_path, template)
        check_keys(template_path, defaults, Contract)
    origins = dict.fromkeys(_keys(defaults), f"template {name}") | dict.fromkeys(_keys(own), "contract")
    merged = _merged(defaults, own)
    first = _as_contract(path, merged, name)
    versions = [Terms(first, _complete(first, origins))]
    for number, change in enumerate(_later(path, later), start=1):
        merged = _merged(merged, change)
        origins = origins | dict.fromkeys(_keys(change), f"version {change['valid_from']}")
        try:
            contract = _as_contract(path, merged, name)
        except DeclaredError as error:
            raise DeclaredError(str(error).replace(f"{path}: ", f"{path}: {_place(number)}", 1)) from None
        if contract.valid_from <= versions[-1].contract.valid_from:
            raise DeclaredError(
                f"{path}: {_place(number)}valid_from is {contract.valid_from}, not after the version before it "
                f"({versions[-1].contract.valid_from}); write versions in order, each with a day of its own."
            )
        versions.append(Terms(contract, _complete(contract, origins)))
    return tuple(versions)


def template_name(data: bytes) -> str | None:
    """The template that a partner's file names; None when there is none or the file cannot be read."""
    try:
        name = load_yaml("", data).get("template")
    except DeclaredError:
        return None
    return None if name is None else str(name)


def contract_version(contract: Contract) -> str:
    """SHA-256 of the resolved terms: contacts and the template's name are no terms.

    A handoff that nobody wrote is left out, so that terms approved before there was one are the same version.
    """
    terms = msgspec.to_builtins(contract)
    for name in ("contacts", "template"):
        terms.pop(name)
    if contract.handoff == HandOff():
        terms.pop("handoff")
    return hashlib.sha256(json.dumps(terms, sort_keys=True, separators=(",", ":")).encode()).hexdigest()


def flat_terms(contract: Contract) -> dict[str, Any]:
    """Every field by its dotted key, in the order of the model; lists as tuples."""
    return dict(_flat(msgspec.to_builtins(contract), ""))


def _flat(value: Mapping[str, Any], place: str) -> Iterator[tuple[str, Any]]:
    for key, inner in value.items():
        if isinstance(inner, Mapping) and inner:
            yield from _flat(inner, f"{place}{key}.")
        else:
            yield f"{place}{key}", tuple(inner) if isinstance(inner, list) else inner


def _keys(value: Mapping[str, Any]) -> Iterator[str]:
    return (key for key, _ in _flat(value, ""))


def _complete(contract: Contract, origins: Mapping[str, str]) -> dict[str, str]:
    return {key: origins.get(key, "default") for key in flat_terms(contract)}


def _later(path: str, later: Any) -> Iterator[dict[str, Any]]:
    if not isinstance(later, list):
        raise DeclaredError(f"{path}: versions is not a list; write each version as `- valid_from: 2026-07-01`.")
    for number, change in enumerate(later, start=1):
        if not isinstance(change, Mapping) or not change.get("valid_from"):
            raise DeclaredError(f"{path}: {_place(number)}valid_from is missing; write the day from which it holds.")
        for name in _SAME_IN_ALL_VERSIONS:
            if name in change:
                raise DeclaredError(f"{path}: {_place(number)}{name} is the same in all versions; take it out here.")
        check_keys(path, change, Contract, _place(number))
        yield dict(change)


def _place(number: int) -> str:
    return f"versions.{number}." if number else ""


def _as_contract(path: str, merged: Mapping[str, Any], template: Any) -> Contract:
    try:
        return convert(path, merged, Contract)
    except DeclaredError as error:
        where = (
            f" (neither here nor in template {template})" if template is not None and "is missing" in str(error) else ""
        )
        raise DeclaredError(str(error).replace(" is missing;", f" is missing{where};")) from None


def _merged(defaults: Mapping[str, Any], own: Mapping[str, Any]) -> dict[str, Any]:
    """Blocks key by key; everything else as the contract says, else as the template does."""
    merged = dict(defaults)
    for key, value in own.items():
        before = merged.get(key)
        merged[key] = _merged(before, value) if isinstance(before, Mapping) and isinstance(value, Mapping) else value
    return merged
