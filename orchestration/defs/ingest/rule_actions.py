"""What a rule's suite tells people of it, and the decision that ends a case of it, for the raw tables."""

from collections.abc import Iterable
from pathlib import Path
from typing import Any

from orchestration.suite import Rule, read_suite

COLUMNS = (
    "rule_id", "subject_kind", "rule_group", "text", "remedy", "decide_kind", "decide_reason", "decide_amount",
    "decide_repair",
)  # fmt: skip
# What a suite is about, as the subject of a finding.
_SUBJECT_KINDS = {
    "cdrs": "cdr", "records": "record", "files": "file", "sessions": "session", "invoices": "invoice",
    "statements": "statement",
}  # fmt: skip


def rule_actions(suites: Iterable[Path]) -> list[tuple[Any, ...]]:
    """One row for each rule of each suite, in the order of COLUMNS."""
    rows = []
    for path in suites:
        suite = read_suite(path)
        subject_kind = _SUBJECT_KINDS[suite.name]
        rows += [
            (rule.rule_id, subject_kind, rule.group, rule.text, rule.remedy, *_decision(rule, subject_kind))
            for rule in suite.rules
        ]
    return rows


def _decision(rule: Rule, subject_kind: str) -> tuple[str, str | None, str | None, str | None]:
    """Kind, reason, amount and repair; where a rule says nothing: what usually ends such a case."""
    if rule.decide is not None:
        return rule.decide.kind, rule.decide.reason, rule.decide.amount, rule.decide.repair
    if subject_kind != "cdr":
        # Nobody here can mend what a partner has sent: somebody has to ask for it.
        return "assign", None, None, None
    if rule.severity == "reject":
        return "exclude", "SUPERSEDES", None, None
    return "release", "EVIDENCE_IN", None, None
