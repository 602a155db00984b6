"""Suites: what a rule must say, what is refused and with which words, and the expectations made of it."""

from pathlib import Path
from typing import Any

import pytest
import yaml

from orchestration.facts.reasons import vocabulary
from orchestration.suite import GROUPS, SuiteError, expectations, read_suite, suites_sha256
from orchestration.version import suites

RULE: dict[str, Any] = {
    "id": "ENERGY_NEGATIVE", "group": "METER", "severity": "reject", "owner": "platform", "text": "Below zero.",
    "remedy": "Send a credit.", "observed": "energy_kwh", "expected": "'0'", "source": "OCPI",
}  # fmt: skip


def _write(folder: Path, content: Any) -> Path:
    path = folder / "inspect" / "suites" / "cdrs.yml"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(content if isinstance(content, str) else yaml.safe_dump(content))
    return path


def _suite(folder: Path, **bend: Any) -> Path:
    rule = {key: value for key, value in {**RULE, **bend}.items() if value is not None}
    return _write(folder, {"suite": "cdrs", "rules": [rule]})


def test_a_rule_is_read_with_its_defaults(tmp_path: Path) -> None:
    suite = read_suite(_suite(tmp_path))
    (rule,) = suite.rules
    assert suite.flags == "inspect.cdr_flags"
    assert (rule.column, rule.reason_code, rule.is_overridable) == ("energy_negative", "METER_ENERGY_NEGATIVE", False)
    assert (rule.tolerance, rule.caused_by, rule.instead) == (None, (), None)


@pytest.mark.parametrize(
    ("bend", "sentence"),
    [
        ({"id": "energy"}, "write the rule_id in capitals"),
        ({"text": None}, "text must be there, as a text"),
        ({"remedy": " "}, "remedy must be there, as a text"),
        ({"severity": "fatal"}, "severity is 'fatal'; write one of warn, hold, reject"),
        ({"owner": "nobody"}, "owner is 'nobody'"),
        ({"group": "POWER"}, "group is 'POWER'"),
        ({"mostly": 0.99}, "unknown key mostly"),
        ({"caused_by": "LOC_UNKNOWN"}, "caused_by must be a list"),
        ({"instead": {"severity": "reject"}}, "instead needs severity and when"),
    ],
)
def test_a_rule_that_cannot_be_read_is_named(tmp_path: Path, bend: dict[str, Any], sentence: str) -> None:
    path = _suite(tmp_path, **bend)
    with pytest.raises(SuiteError, match=sentence) as error:
        read_suite(path)
    assert str(path) in str(error.value)


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        ("rules: [", "not YAML"),
        ("[]", "a suite is a mapping"),
        ({"suite": "tariffs", "rules": [RULE]}, "suite is 'tariffs'"),
        ({"suite": "cdrs", "rules": []}, "at least one rule"),
        ({"suite": "cdrs", "rules": [RULE, RULE]}, "ENERGY_NEGATIVE is declared twice"),
        ({"suite": "cdrs", "rules": [RULE], "flags": "a; drop table b"}, "write <stage>.<model>"),
        ({"suite": "cdrs", "rules": [RULE], "requires": {"rule": "X", "words": {}}}, "requires names X"),
    ],
)
def test_a_suite_that_cannot_be_read_is_named(tmp_path: Path, content: Any, sentence: str) -> None:
    with pytest.raises(SuiteError, match=sentence):
        read_suite(_write(tmp_path, content))


def test_each_rule_is_one_expectation_on_its_flag() -> None:
    from orchestration.gate import _context

    _context()
    for path in suites():
        suite = read_suite(path)
        judged = expectations(suite).expectations
        assert [each.column for each in judged] == [rule.column for rule in suite.rules]
        assert {tuple(each.value_set) for each in judged} == {(1,)}
        assert {each.mostly for each in judged} == {1}


def test_the_hash_of_a_gate_is_that_of_all_its_suites(tmp_path: Path) -> None:
    one, other = read_suite(_suite(tmp_path / "a")), read_suite(_suite(tmp_path / "b", text="Less than nothing."))
    assert suites_sha256([one]) != suites_sha256([other])
    assert suites_sha256([one, other]) != suites_sha256([one])


def test_every_suite_of_ours_can_be_read() -> None:
    rules = [rule for path in suites() for rule in read_suite(path).rules]
    ids = {rule.rule_id for rule in rules}
    assert len(ids) >= 60
    for rule in rules:
        assert rule.group in GROUPS
        assert rule.reason_code.startswith(f"{rule.group}_"), rule.rule_id
        assert rule.reason_code in vocabulary().reasons
        assert rule.rule_id not in rule.caused_by
