"""docs/rules.md says what the suites say, and claims no rule that nothing judges."""

import re
from pathlib import Path

import pytest

from orchestration.gate_asset import suite_paths
from orchestration.rules_page import PAGE, page
from orchestration.suite import read_suite
from orchestration.version import suites

# The catalogue may be added to, never renamed: identifiers that drift in writing have no rule in it.
ADDED = {"ID_FORM_DRIFT"}
CATALOGUE = Path(__file__).resolve().parents[3] / "shared" / "design" / "RULES.md"


def test_the_page_is_made_from_the_suites() -> None:
    assert PAGE.read_text(encoding="utf-8") == page(), "run python -m orchestration.rules_page"


def test_the_page_names_every_rule_and_no_other() -> None:
    named = set(re.findall(r"^\*\*([A-Z0-9_]+)\*\*", page(), re.MULTILINE))
    assert named == {rule.rule_id for path in suites() for rule in read_suite(path).rules}


@pytest.mark.skipif(not CATALOGUE.exists(), reason="the catalogue of rules is not beside this clone")
def test_every_rule_of_gate_1_is_as_the_catalogue_has_it() -> None:
    rows = [line.split("|") for line in CATALOGUE.read_text(encoding="utf-8").splitlines() if line.startswith("|")]
    catalogue = {row[1]: row for row in rows if len(row) >= 8}
    owners = {"O": "operations", "P": "platform", "F": "finance"}
    for path in suite_paths("inspect"):
        for rule in read_suite(path).rules:
            if rule.rule_id in ADDED:
                continue
            row = catalogue[rule.rule_id]
            assert rule.group == row[2], rule.rule_id
            assert rule.owner == owners[row[4]], rule.rule_id
            assert rule.is_overridable == ("†" in row[3] + row[6]), rule.rule_id
            letters = {"R": "reject", "H": "hold", "W": "warn"}
            allowed = {letters[letter] for letter in re.findall("[RHW]", row[3])}
            assert rule.severity in allowed, rule.rule_id
