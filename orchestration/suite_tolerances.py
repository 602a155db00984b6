"""Which rules have their tolerance read by a model: a number that nothing reads would promise what it does not do.

A model that reads tolerances refers to the rules and says `tolerance`; which rules, it says as a list to pivot
(rule_ids), as `rule_id = '…'`, or, where neither stands, as the rule_id of its rows.
What does not belong here: the numbers themselves (tolerances), and whether a text is one (suite).
"""

import re
from functools import cache
from pathlib import Path

from orchestration.tolerances import tolerance_numbers

_MODELS = Path(__file__).resolve().parent.parent / "dbt_project" / "models"
_RULE_ID = re.compile(r"'([A-Z][A-Z0-9_]+)'")
_PIVOTED = re.compile(r"set rule_ids = \[([^\]]*)\]")
_COMPARED = re.compile(r"rule_id = '([A-Z][A-Z0-9_]+)'")
_OF_ROWS = re.compile(r"'([A-Z][A-Z0-9_]+)' as rule_id")
_READS = re.compile(r"ref\('(?:rules|contract_rules)'\)")
# A model that pivots many rules lists those of which the second number counts, too.
_SECOND_OF = re.compile(r"set two_numbers = \[([^\]]*)\]")


def unread_tolerance(rule_id: str, tolerance: str | None) -> str | None:
    """What is wrong with a rule's tolerance, if no model reads it. 0 is no promise: nothing is let through."""
    first, second = tolerance_numbers(tolerance)
    read = tolerance_numbers_read(rule_id)
    if (first or second) and read == 0:
        return f"tolerance is {tolerance!r}, and no model reads a tolerance of this rule; take it out"
    if second is not None and read == 1:
        return f"tolerance is {tolerance!r}, and the model reads one number of this rule; write one"
    return None


def tolerance_numbers_read(rule_id: str) -> int:
    """How many numbers of the rule's tolerance a model reads: 0, 1 or 2."""
    return sum(rule_id in read for read in _read_rules())


@cache
def _read_rules() -> tuple[frozenset[str], frozenset[str]]:
    first: set[str] = set()
    second: set[str] = set()
    for path in _MODELS.glob("*/*.sql"):
        sql = path.read_text(encoding="utf-8")
        if "tolerance" not in sql or not _READS.search(sql):
            continue
        pivoted = _PIVOTED.search(sql)
        named = (_RULE_ID.findall(pivoted[1]) if pivoted else _COMPARED.findall(sql)) or _OF_ROWS.findall(sql)
        first.update(named)
        listed = _SECOND_OF.search(sql)
        if listed is not None:
            second.update(_RULE_ID.findall(listed[1]))
        elif "second_tolerance" in sql:
            second.update(named)
    return frozenset(first), frozenset(second)
