"""The kinds of decision and what each asks for, read from decision_kinds.yml.

What does not belong here: who the people are, and the ledger.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal, InvalidOperation
from functools import cache
from pathlib import Path

import yaml

from orchestration.facts.reasons import Vocabulary, nearest

KINDS_YML = Path(__file__).parent / "decision_kinds.yml"


class DecisionError(Exception):
    """A decision is refused; one sentence with the remedy."""


@dataclass(frozen=True, slots=True)
class DecisionKind:
    """What one kind asks for; the fields are explained in decision_kinds.yml."""

    name: str
    people: int
    does: str
    roles: tuple[str, ...]
    subjects: tuple[str, ...]
    reason: str
    requires: tuple[str, ...] = ()
    may: tuple[str, ...] = ()
    value: str | None = None
    one_of: tuple[str, ...] = ()
    several: bool = False
    slot: str | None = None
    used_up: bool = False
    lasts_days: int | None = None


@cache
def decision_kinds() -> Mapping[str, DecisionKind]:
    """Every kind that has an effect, by name."""
    kinds = {}
    for name, fields in yaml.safe_load(KINDS_YML.read_text()).items():
        lists = {key: tuple(value) for key, value in fields.items() if isinstance(value, list)}
        kinds[name] = DecisionKind(name=name, **(fields | lists))
    return kinds


def check_values(kind: DecisionKind, values: Mapping[str, str], words: Vocabulary) -> None:
    """Refuse a value the kind does not take, lacks, or cannot read. Raises DecisionError."""
    allowed = (*kind.requires, *kind.may)
    for name in values:
        if name not in allowed:
            takes = f"it takes {', '.join(allowed)}" if allowed else "it takes none"
            raise DecisionError(f"{kind.name} has no value {name!r}: {takes}.")
    for name in kind.requires:
        if not values.get(name):
            raise DecisionError(f"{kind.name} must say {name}: add --set {name}=….")
    if "rule" in values and words.rules and values["rule"] not in words.rules:
        hint = nearest(values["rule"], words.rules) or ": docs/rules.md lists them."
        raise DecisionError(f"{values['rule']!r} is not a rule{hint}")
    _check_quantities(kind, values)
    if "revision" in values and not re.fullmatch(r"[1-9]\d{0,8}", values["revision"]):
        raise DecisionError(f"{values['revision']!r} is not a revision: give its number, 1 or more.")
    if "body" in values and not re.fullmatch(r"[0-9a-f]{64}", values["body"]):
        raise DecisionError(f"{values['body']!r} is not a tariff body: give its SHA-256, 64 lower-case hex digits.")
    # A word of several parts is as often typed with _ as with -.
    if kind.one_of and kind.value and values[kind.value].replace("_", "-") not in kind.one_of:
        raise DecisionError(f"{values[kind.value]!r} is not a {kind.value}: it can be {', '.join(kind.one_of)}.")


def _check_quantities(kind: DecisionKind, values: Mapping[str, str]) -> None:
    """Amounts, energies and times."""
    if "amount" in values:
        _check_amount(values["amount"])
    if "kwh" in values:
        _check_energy(values["kwh"])
    for name in ("from", "to"):
        if kind.name == "alias" and name in values:
            _check_moment(name, values[name])
    for name in ("valid_from", "started_at", "ended_at", "until"):
        if name in values:
            _check_instant(values[name])
    if {"started_at", "ended_at"} <= set(values) and _instant(values["ended_at"]) < _instant(values["started_at"]):
        raise DecisionError(f"ended_at={values['ended_at']} is before started_at={values['started_at']}: turn them.")


def _check_moment(name: str, text: str) -> None:
    try:
        is_whole = len(text) == len("2026-01-31") or datetime.fromisoformat(text).tzinfo is not None
        datetime.fromisoformat(text)
    except ValueError:
        is_whole = False
    if not is_whole:
        raise DecisionError(f"{name}={text} is not a moment: write 2026-01-31, or 2026-01-31T12:00:00Z.")


def _check_amount(text: str) -> None:
    try:
        amount = Decimal(text)
        is_exact = re.fullmatch(r"-?\d{1,10}(\.\d{1,8})?", text) is not None and amount.is_finite()
    except InvalidOperation:
        is_exact = False
    if not is_exact:
        raise DecisionError(f"{text!r} is not an amount: write it as 12.34, without currency or thousands mark.")


def _check_energy(text: str) -> None:
    if not re.fullmatch(r"\d{1,7}(\.\d{1,8})?", text):
        raise DecisionError(f"{text!r} is not an energy in kWh: write it as 22.341, without a unit.")


def _instant(text: str) -> datetime:
    return datetime.fromisoformat(text)


def _check_instant(text: str) -> None:
    try:
        has_zone = datetime.fromisoformat(text).tzinfo is not None
    except ValueError:
        has_zone = False
    if not has_zone:
        raise DecisionError(f"{text!r} is not a moment: write it with its zone, as 2026-11-01T00:00:00Z.")


def check_reason(reason: str | None, is_required: bool, kind: str, words: Vocabulary) -> None:
    """Refuse a missing or unknown reason code. Raises DecisionError."""
    if reason is None:
        if is_required:
            raise DecisionError(f"{kind} needs a reason: add --reason CODE (`evsettle decide --help` lists the codes).")
        return
    if reason not in words.reasons:
        hint = nearest(reason, words.reasons) or ": `evsettle decide --help` lists the codes; words go into --note."
        raise DecisionError(f"{reason!r} is not a reason code{hint}")
