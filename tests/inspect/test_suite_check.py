"""Suites are checked before anything runs: one that cannot judge stops `evsettle run`, and says where."""

import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
import yaml

from orchestration.suite import SuiteError
from orchestration.suite_check import catalogue, check_suites
from orchestration.suite_tolerances import tolerance_numbers_read
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
    "a need that is no feed": ({"needs": ["sesions"]}, "needs names 'sesions', which is no feed, .*did you mean sessions\\?"),
    "a need that is no column": ({"needs": ["energy_kwhs"]}, "needs names 'energy_kwhs', .*did you mean energy_kwh\\?"),
    "one of two needs": ({"needs": ["meters or sined_values"]}, "needs names 'sined_values', .*did you mean signed_values\\?"),
    "a need like nothing": ({"needs": ["the weather"]}, "needs names 'the weather', .*write a feed \\(cdrs, tariffs, "),
    "a need of a column that its model lacks": (
        {"needs": ["expected_prices.rated_excl"]},
        "no column of the model expected_prices; did you mean expected_prices.rated_excl_tax",
    ),
    "a need of a model that is not there": (
        {"needs": ["expected_price.rated_excl_tax"]}, "no column of a model; did you mean expected_prices.rated_excl_tax\\?"),
    "a need of no key of a contract": ({"needs": ["contract.cap"]}, "no key of a contract; did you mean contract.caps\\?"),
    "a need of no key of a mapping": ({"needs": ["mapping.test"]}, "no key of a mapping; did you mean mapping.test_when"),
    "a tolerance that no model reads": ({"tolerance": "0.5"}, "tolerance is '0.5', and no model reads a tolerance of this rule"),
    "a flag that no model has": ({"id": "ENERGY_ODD"}, "no flag energy_odd"),
}  # fmt: skip


def broken_suite(folder: Path, bend: dict[str, object], name: str = "ENERGY_NEGATIVE") -> Path:
    """The suite on CDRs with one rule bent: None takes a key away."""
    content = yaml.safe_load(CDRS.read_text())
    # A rule that others name as their cause cannot change its id alone.
    name = "CDR_SLOW_DELIVERY" if "id" in bend else name
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


def test_a_second_number_that_no_model_reads_is_named(tmp_path: Path) -> None:
    path = broken_suite(tmp_path, {"tolerance": "250; 3"}, "ENERGY_ABS_LIMIT")
    with pytest.raises(SuiteError, match="ENERGY_ABS_LIMIT: tolerance is '250; 3', and the model reads one number"):
        check_suites([*(other for other in suites() if other != CDRS), path])


def test_a_number_counts_as_read_only_where_a_model_looks_it_up() -> None:
    # document_checks names these two rules alike, and looks up the number of one.
    assert [tolerance_numbers_read(rule_id) for rule_id in ("TERMS_FEE_DIFF", "DOC_ARITHMETIC")] == [1, 0]
    assert [tolerance_numbers_read(rule_id) for rule_id in ("DUP_NEAR", "CDR_MISSING", "NO_SUCH_RULE")] == [2, 2, 0]


def test_text_that_is_no_yaml_is_named(tmp_path: Path) -> None:
    path = broken_suite(tmp_path, {})
    path.write_text("suite: cdrs\nrules: [\n")
    with pytest.raises(SuiteError, match="not YAML"):
        check_suites([path])


def test_the_suites_as_they_are_can_judge() -> None:
    assert len(check_suites()) == len(suites())


@pytest.mark.parametrize(
    ("bend", "sentence"),
    [
        ({"tolerance": "a bit"}, "tolerance is 'a bit'"),
        ({"tolerance": "0.5"}, "tolerance is '0.5', and no model reads a tolerance of this rule; take it out"),
        ({"needs": ["sesions"]}, "needs names 'sesions', which is no feed, table or column of ingest.cdr_revisions; did you"),
    ],
)  # fmt: skip
def test_neither_a_run_nor_the_check_starts_with_a_broken_suite(
    cli_here: Cli, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, bend: dict[str, object], sentence: str
) -> None:
    path = broken_suite(tmp_path / "suites", bend)
    monkeypatch.setattr("orchestration.suite_check.suites", lambda: (path,))
    home = tmp_path / "home"
    (home / "master").mkdir(parents=True)
    (home / "landing").mkdir()
    (home / "master" / "network.yaml").touch()
    for command in (("run",), ("rules", "--check")):
        result = cli_here("--home", home, *command)
        assert result.returncode == 1
        assert f"{path}: ENERGY_NEGATIVE: {sentence}" in result.stderr
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
