"""A rule suite: read from YAML and checked, and turned into a Great Expectations suite.

Pure: no database and no clock. What does not belong here: reading flags and writing findings (gate.py).
"""

import hashlib
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any

import yaml

from orchestration.facts.decision_kinds import decision_kinds
from orchestration.tolerances import TOLERANCE, tolerance_numbers

SEVERITIES = ("warn", "hold", "reject")
OWNERS = ("operations", "platform", "finance")
GROUPS = (
    "SCHEMA", "IDENT", "DUP", "TIME", "METER", "LOC", "AUTH", "TARIFF", "MONEY", "OUTCOME", "EVID", "PRICE", "VOLUME",
    "CREDIT", "TERMS", "TAX", "FX", "PERIOD", "DOC",
)  # fmt: skip
# What a suite is about, and the model that holds its flags.
FLAGS = {
    "cdrs": "inspect.cdr_flags",
    "records": "inspect.record_flags",
    "files": "inspect.file_flags",
    "sessions": "reconcile.session_flags",
    "invoices": "reconcile.invoice_flags",
    "statements": "settle.statement_flags",
}

# What a remedy settles a session at; energy: price and claim, looked at again with the energy that the evidence gives.
ADJUST_TO = ("expected", "zero", "no_fees", "no_parking", "no_time", "energy")
# What an adjustment may settle a session at without a person naming the amount.
AMOUNTS = ("claimed", "expected")

EXPECTATION = "expect_column_values_to_be_in_set"

# In caused_by: not one rule but a whole group of the gates before.
GROUP_MARK = "*"

_REQUIRED = ("id", "group", "severity", "owner", "text", "remedy", "observed", "expected", "source")
_OPTIONAL = ("overridable", "owner_sql", "reason", "tolerance", "needs", "caused_by", "instead", "adjust", "decide")
_SUITE_KEYS = ("suite", "flags", "rules", "requires")


class SuiteError(Exception):
    """A suite cannot be read as one: names the file, the rule and what to mend."""


@dataclass(frozen=True, slots=True)
class Instead:
    """Another severity, for failing rows where the SQL condition `when` holds."""

    severity: str
    when: str


@dataclass(frozen=True, slots=True)
class Adjust:
    """The remedy that changes what a session settles for: its reason code, and one of ADJUST_TO."""

    reason: str
    to: str


@dataclass(frozen=True, slots=True)
class Decide:
    """The decision that ends a case of the rule. amount: which known amount an adjustment proposes, if any."""

    kind: str
    reason: str | None
    amount: str | None
    repair: str | None


@dataclass(frozen=True, slots=True)
class Rule:
    """One rule. observed, expected, owner_sql and instead.when are SQL over the columns of the flags model."""

    rule_id: str
    group: str
    severity: str
    is_overridable: bool
    owner: str
    owner_sql: str | None
    reason_code: str
    tolerance: str | None
    needs: tuple[str, ...]
    text: str
    remedy: str
    observed: str
    expected: str
    caused_by: tuple[str, ...]
    source: str
    instead: Instead | None
    adjust: Adjust | None
    decide: Decide | None

    def roots(self, earlier: Sequence["Suite"]) -> Iterator[str]:
        """Its own id, then what explains it in order; `TIME*` stands for all of that group that gates before hold."""
        yield self.rule_id
        for word in self.caused_by:
            if word.endswith(GROUP_MARK):
                group = word.removesuffix(GROUP_MARK)
                for suite in earlier:
                    yield from (r.rule_id for r in suite.rules if r.group == group and r.severity != "warn")
            else:
                yield word

    @property
    def column(self) -> str:
        """Its flag in the flags model."""
        return self.rule_id.lower()

    @property
    def tolerance_numbers(self) -> tuple[Decimal | None, Decimal | None]:
        """The tolerance as SQL knows it, `120; 0.1` as two numbers; null where there is none."""
        return tolerance_numbers(self.tolerance)


@dataclass(frozen=True, slots=True)
class Evidence:
    """What a word of a contract's `requires` stands for: these rules must have been evaluated, where `when` holds."""

    rules: tuple[str, ...]
    when: str | None


@dataclass(frozen=True, slots=True)
class Suite:
    """The rules of one gate over one kind of subject (cdrs, records, files)."""

    name: str
    path: Path
    sha256: str
    flags: str
    rules: tuple[Rule, ...]
    evidence_rule: str | None
    evidence: Mapping[str, Evidence]


def read_suite(path: Path) -> Suite:
    """The suite of one YAML file. Raises SuiteError."""
    data = path.read_bytes()
    try:
        content = yaml.load(data, Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader))  # noqa: S506 - both are safe
    except yaml.YAMLError as error:
        raise SuiteError(f"{path}: not YAML: {' '.join(str(error).split())}") from error
    if not isinstance(content, dict):
        raise SuiteError(f"{path}: a suite is a mapping with the keys {', '.join(_SUITE_KEYS)}")
    _only(content, _SUITE_KEYS, str(path))
    name = content.get("suite")
    if name not in FLAGS:
        raise SuiteError(f"{path}: suite is {name!r}; write one of {', '.join(FLAGS)}")
    flags = str(content.get("flags", FLAGS[name]))
    if not re.fullmatch(r"[a-z_]+\.[a-z_]+", flags):
        raise SuiteError(f"{path}: flags is {flags!r}; write <stage>.<model>")
    listed = content.get("rules")
    if not isinstance(listed, list) or not listed:
        raise SuiteError(f"{path}: rules must list at least one rule")
    rules = tuple(_rule(entry, f"{path}: rule {number}") for number, entry in enumerate(listed, start=1))
    ids = [rule.rule_id for rule in rules]
    doubled = sorted({rule_id for rule_id in ids if ids.count(rule_id) > 1})
    if doubled:
        raise SuiteError(f"{path}: {', '.join(doubled)} is declared twice; keep one")
    evidence_rule, evidence = _evidence(content.get("requires"), ids, str(path))
    return Suite(name, path, hashlib.sha256(data).hexdigest(), flags, rules, evidence_rule, evidence)


def suites_sha256(suites: Sequence[Suite]) -> str:
    """One hash for the suites of a gate, in the order of their file names."""
    ordered = sorted(suites, key=lambda suite: suite.path.name)
    return hashlib.sha256("".join(f"{suite.name} {suite.sha256}\n" for suite in ordered).encode()).hexdigest()


def expectations(suite: Suite, expectation: str = EXPECTATION) -> Any:
    """The Great Expectations suite: one expectation a rule, its flag is 1 wherever it was evaluated.

    Call it under a context (great_expectations.get_context). Raises on an unknown expectation, where handing a list
    to ExpectationSuite would log and drop it.
    """
    from great_expectations.core.expectation_suite import ExpectationSuite
    from great_expectations.expectations.expectation_configuration import ExpectationConfiguration

    judged = ExpectationSuite(name=f"{suite.path.parent.parent.name}_{suite.name}")
    for rule in suite.rules:
        configuration = ExpectationConfiguration(
            type=expectation,
            kwargs={"column": rule.column, "value_set": [1]},
            meta={"rule_id": rule.rule_id, "reason_code": rule.reason_code},
        )
        judged.add_expectation(configuration.to_domain_obj())
    if len(judged.expectations) != len(suite.rules):
        raise SuiteError(f"{suite.path}: {len(suite.rules)} rules made {len(judged.expectations)} expectations")
    return judged


def _rule(entry: Any, place: str) -> Rule:
    if not isinstance(entry, dict):
        raise SuiteError(f"{place}: a rule is a mapping")
    rule_id = entry.get("id")
    if not isinstance(rule_id, str) or not re.fullmatch(r"[A-Z][A-Z0-9_]+", rule_id):
        raise SuiteError(f"{place}: id is {rule_id!r}; write the rule_id in capitals, such as ENERGY_NEGATIVE")
    place = f"{place.rsplit(': rule', 1)[0]}: {rule_id}"
    _only(entry, (*_REQUIRED, *_OPTIONAL), place)
    missing = [key for key in _REQUIRED if not isinstance(entry.get(key), str) or not entry[key].strip()]
    if missing:
        raise SuiteError(f"{place}: {', '.join(missing)} must be there, as a text")
    _among(entry["group"], GROUPS, f"{place}: group")
    _among(entry["severity"], SEVERITIES, f"{place}: severity")
    _among(entry["owner"], OWNERS, f"{place}: owner")
    group = entry["group"]
    reason = entry.get("reason", rule_id if rule_id.startswith(f"{group}_") else f"{group}_{rule_id}")
    instead = entry.get("instead")
    if instead is not None:
        if not isinstance(instead, dict) or set(instead) != {"severity", "when"}:
            raise SuiteError(f"{place}: instead needs severity and when")
        _among(instead["severity"], SEVERITIES, f"{place}: instead.severity")
        instead = Instead(instead["severity"], str(instead["when"]))
    adjust = entry.get("adjust")
    if adjust is not None:
        if not isinstance(adjust, dict) or set(adjust) != {"reason", "to"}:
            raise SuiteError(f"{place}: adjust needs reason and to")
        _among(adjust["to"], ADJUST_TO, f"{place}: adjust.to")
        adjust = Adjust(str(adjust["reason"]), adjust["to"])
    tolerance = entry.get("tolerance")
    if tolerance is not None and not TOLERANCE.fullmatch(str(tolerance)):
        raise SuiteError(f'{place}: tolerance is {tolerance!r}; write a number as "0.05", two as "60; 0.1", or none')
    return Rule(
        rule_id=rule_id,
        group=group,
        severity=entry["severity"],
        is_overridable=entry.get("overridable", False) is True,
        owner=entry["owner"],
        owner_sql=entry.get("owner_sql"),
        reason_code=str(reason),
        tolerance=None if tolerance is None else str(tolerance),
        needs=_words(entry.get("needs"), f"{place}: needs"),
        text=entry["text"].strip(),
        remedy=entry["remedy"].strip(),
        observed=entry["observed"].strip(),
        expected=entry["expected"].strip(),
        caused_by=_words(entry.get("caused_by"), f"{place}: caused_by"),
        source=entry["source"].strip(),
        instead=instead,
        adjust=adjust,
        decide=_decide(entry.get("decide"), f"{place}: decide"),
    )


def _decide(entry: Any, place: str) -> Decide | None:
    if entry is None:
        return None
    if not isinstance(entry, dict) or "kind" not in entry:
        raise SuiteError(f"{place} needs a kind")
    _only(entry, ("kind", "reason", "amount", "repair"), place)
    _among(entry["kind"], tuple(decision_kinds()), f"{place}.kind")
    if "amount" in entry:
        _among(entry["amount"], AMOUNTS, f"{place}.amount")
    return Decide(entry["kind"], entry.get("reason"), entry.get("amount"), entry.get("repair"))


def _evidence(entry: Any, ids: Sequence[str], path: str) -> tuple[str | None, Mapping[str, Evidence]]:
    if entry is None:
        return None, {}
    if not isinstance(entry, dict) or set(entry) != {"rule", "words"} or not isinstance(entry["words"], dict):
        raise SuiteError(f"{path}: requires needs a rule and words")
    words = {}
    for word, meaning in entry["words"].items():
        _only(meaning, ("rules", "when"), f"{path}: requires {word}")
        words[word] = Evidence(_words(meaning.get("rules"), f"{path}: requires {word}"), meaning.get("when"))
    named = {rule_id for meaning in words.values() for rule_id in meaning.rules} | {entry["rule"]}
    unknown = sorted(named - set(ids))
    if unknown:
        raise SuiteError(f"{path}: requires names {', '.join(unknown)}, which this suite does not declare")
    return entry["rule"], words


def _words(value: Any, place: str) -> tuple[str, ...]:
    if value is None:
        return ()
    if not isinstance(value, list) or not all(isinstance(word, str) for word in value):
        raise SuiteError(f"{place} must be a list of words")
    return tuple(value)


def _only(entry: Mapping[str, Any], known: Sequence[str], place: str) -> None:
    unknown = sorted(str(key) for key in set(entry) - set(known))
    if unknown:
        # `mostly` is among these: it would let rows fail while the rule passes.
        raise SuiteError(f"{place}: unknown key {', '.join(unknown)}; known are {', '.join(known)}")


def _among(value: str, known: Sequence[str], place: str) -> None:
    if value not in known:
        raise SuiteError(f"{place} is {value!r}; write one of {', '.join(known)}")
