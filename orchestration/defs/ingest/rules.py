"""The rules as their suites declare them, for the raw tables and for contracts that override them."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import Any

import yaml

from orchestration.defs.ingest.contracts import Rule
from orchestration.suite_tolerances import tolerance_numbers_read
from orchestration.tolerances import tolerance_numbers

COLUMNS = (
    "rule_id", "gate", "rule_group", "severity", "owner", "reason_code", "tolerance", "second_tolerance",
    "is_overridable", "adjust_reason", "adjust_to",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class DeclaredRule:
    """One rule of a suite. gate is the stage whose folder holds the suite."""

    rule_id: str
    gate: str
    rule_group: str
    severity: str
    owner: str
    reason_code: str
    tolerance: Decimal | None
    second_tolerance: Decimal | None
    is_overridable: bool
    # Of a remedy that changes what a session settles for.
    adjust_reason: str | None = None
    adjust_to: str | None = None


def read_rules(suites: Iterable[Path]) -> dict[str, DeclaredRule]:
    """Every rule by its id; one that two suites of a gate share (records, cdrs) counts once."""
    rules: dict[str, DeclaredRule] = {}
    for path in suites:
        content = yaml.safe_load(path.read_text(encoding="utf-8")) or {}
        for rule in content.get("rules", []):
            rules.setdefault(rule["id"], _rule(rule, path.parent.parent.name))
    return rules


def overridable(rules: Mapping[str, DeclaredRule]) -> dict[str, Rule]:
    """What contracts need to know of the rules."""
    return {
        rule_id: Rule(rule_id, rule.is_overridable, rule.adjust_to is not None, tolerance_numbers_read(rule_id))
        for rule_id, rule in rules.items()
    }


def _rule(rule: Mapping[str, Any], gate: str) -> DeclaredRule:
    rule_id, group = rule["id"], rule["group"]
    reason = rule.get("reason") or (rule_id if rule_id.startswith(f"{group}_") else f"{group}_{rule_id}")
    tolerance, second_tolerance = _tolerances(rule.get("tolerance"))
    return DeclaredRule(
        rule_id=rule_id,
        gate=gate,
        rule_group=group,
        severity=rule["severity"],
        owner=rule["owner"],
        reason_code=reason,
        tolerance=tolerance,
        second_tolerance=second_tolerance,
        is_overridable=bool(rule.get("overridable", False)),
        adjust_reason=(rule.get("adjust") or {}).get("reason"),
        adjust_to=(rule.get("adjust") or {}).get("to"),
    )


def _tolerances(value: Any) -> tuple[Decimal | None, Decimal | None]:
    try:
        return tolerance_numbers(None if value is None else str(value))
    except InvalidOperation:
        return None, None
