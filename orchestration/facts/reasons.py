"""The vocabulary of reasons: why a decision was taken, one partner-facing sentence a code."""

import difflib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from orchestration.version import suites

REASONS_YML = Path(__file__).parent / "reasons.yml"


@dataclass(frozen=True, slots=True)
class Vocabulary:
    """Codes with their sentences: `reasons` may explain a decision, `rules` may be named by one."""

    reasons: Mapping[str, str]
    rules: frozenset[str]


@cache
def vocabulary() -> Vocabulary:
    """The codes of reasons.yml, and every rule id and reason code of the gates' suites."""
    reasons: dict[str, str] = {}
    rules: set[str] = set()
    for path in suites():
        for rule in _declared(path):
            rules.add(rule["id"])
            for code in (rule["id"], rule.get("reason")):
                if code:
                    reasons.setdefault(code, rule.get("text", ""))
    groups = yaml.safe_load(REASONS_YML.read_text())
    for name, group in groups.items():
        if name != "version":
            reasons |= group
    return Vocabulary(reasons, frozenset(rules))


def _declared(path: Path) -> list[dict[str, Any]]:
    suite = yaml.load(path.read_text(), Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader))  # noqa: S506
    return (suite or {}).get("rules") or []


def nearest(word: str, words: Iterable[str]) -> str:
    """`; did you mean X or Y?` for a word that is not among `words`, empty when none is near."""
    by_form = {known.casefold(): known for known in words}
    close = difflib.get_close_matches(word.casefold(), by_form, n=3, cutoff=0.6)
    return f"; did you mean {' or '.join(by_form[form] for form in close)}?" if close else ""
