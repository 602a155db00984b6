"""Suites are checked before anything runs: one that cannot judge stops `evsettle run`, and says where."""

import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
import yaml

from orchestration.suite import SuiteError
from orchestration.suite_check import catalogue, check_suites
from orchestration.version import suites

Cli = Callable[..., subprocess.CompletedProcess[str]]
CDRS = next(path for path in suites() if path.parent.parent.name == "inspect" and path.stem == "cdrs")

BREAKS = {
    "a typo in a key": ({"severty": "hold"}, "unknown key severty"),
    "a typo in a severity": ({"severity": "holdd"}, "severity is 'holdd'"),
    "no owner": ({"owner": None}, "owner must be there, as a text"),
    "an unknown owner": ({"owner": "marketing"}, "owner is 'marketing'"),
    "a tolerance that is no number": ({"tolerance": "a bit"}, "tolerance is 'a bit'"),
    "an unknown column": ({"observed": "energy_mwh"}, "energy_mwh"),
    "a condition on a column that is not there": ({"instead": {"severity": "warn", "when": "no_such_flag"}}, "no_such_flag"),
    "an unknown cause": ({"caused_by": ["NOT_A_RULE"]}, "NOT_A_RULE, which no suite has"),
    "a flag that no model has": ({"id": "ENERGY_ODD"}, "no flag energy_odd"),
}  # fmt: skip


def broken_suite(folder: Path, bend: dict[str, object]) -> Path:
    """The suite on CDRs with one rule bent: None takes a key away."""
    content = yaml.safe_load(CDRS.read_text())
    # A rule that others name as their cause cannot change its id alone.
    name = "CDR_SLOW_DELIVERY" if "id" in bend else "ENERGY_NEGATIVE"
    rule = next(entry for entry in content["rules"] if entry["id"] == name)
    rule.update(bend)
    for key in [key for key, value in bend.items() if value is None]:
        del rule[key]
    path = folder / "inspect" / "suites" / "cdrs.yml"
    path.parent.mkdir(parents=True)
    path.write_text(yaml.safe_dump(content))
    return path


@pytest.mark.parametrize("name", BREAKS)
def test_a_suite_that_cannot_judge_is_named_with_its_rule(tmp_path: Path, name: str) -> None:
    bend, sentence = BREAKS[name]
    path = broken_suite(tmp_path, bend)
    with pytest.raises(SuiteError, match=sentence) as raised:
        check_suites([*(other for other in suites() if other != CDRS), path])
    assert str(path) in str(raised.value)
    assert str(bend.get("id", "ENERGY_NEGATIVE")) in str(raised.value)


def test_text_that_is_no_yaml_is_named(tmp_path: Path) -> None:
    path = broken_suite(tmp_path, {})
    path.write_text("suite: cdrs\nrules: [\n")
    with pytest.raises(SuiteError, match="not YAML"):
        check_suites([path])


def test_the_suites_as_they_are_can_judge() -> None:
    assert len(check_suites()) == len(suites())


def test_a_run_with_a_broken_suite_does_not_start(
    cli_here: Cli, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = broken_suite(tmp_path / "suites", {"tolerance": "a bit"})
    monkeypatch.setattr("orchestration.suite_check.suites", lambda: (path,))
    home = tmp_path / "home"
    (home / "master").mkdir(parents=True)
    (home / "landing").mkdir()
    (home / "master" / "network.yaml").touch()
    result = cli_here("--home", home, "run")
    assert result.returncode == 1
    assert f"{path}: ENERGY_NEGATIVE: tolerance is 'a bit'" in result.stderr
    assert not (home / "ledger").exists() or not list((home / "ledger").iterdir()), "nothing was taken in"


def test_every_rule_of_the_catalogue_up_to_evidence_is_declared() -> None:
    declared = {rule.rule_id for suite in check_suites() for rule in suite.rules}
    owed = {rule_id for section in catalogue() if section.number <= 10 for rule_id in section.rule_ids}
    assert owed <= declared


def test_the_command_lists_rules_and_what_is_missing(cli_here: Cli) -> None:
    listed = cli_here("rules", "--owner", "finance")
    assert listed.returncode == 0, listed.stderr
    assert "TAX_RATE_WRONG" in listed.stdout and "ENERGY_NEGATIVE" not in listed.stdout
    checked = cli_here("rules", "--check", "--json")
    missing = yaml.safe_load(checked.stdout)["missing"]
    assert checked.returncode == (1 if missing else 0)
    refused = yaml.safe_load(checked.stdout)["refused"]
    assert {"DOC_APPROVER_SAME", "DOC_NUMBER_GAP", "PERIOD_SEALED_WRITE"} == set(refused)
    assert not {rule["rule_id"] for rule in yaml.safe_load(checked.stdout)["rules"]} & set(refused)
