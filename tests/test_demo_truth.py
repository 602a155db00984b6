"""The demo's planted faults against what the gates found: each caught by its rule, nothing else held."""

import subprocess
from collections.abc import Callable
from pathlib import Path

import duckdb
import pytest

from orchestration.demo.faults import FAULTS
from orchestration.demo.invoices import INVOICE_FAULTS
from orchestration.gate_score import SEEDS, Found, Planted, Score, page, run_seeds, score_homes

Cli = Callable[..., subprocess.CompletedProcess[str]]


def test_every_planted_fault_is_one_finding_of_its_own_rule(finished_home: Path) -> None:
    """A drop of the score fails here; docs/gate-score.md has more seeds."""
    score = score_homes([finished_home])
    kinds = {fault.rule_id for fault in FAULTS.values()} | {rule_id for _, rule_id in INVOICE_FAULTS.values()}
    assert set(score.planted) == kinds - {""}, "each kind is planted"
    assert not score.missed
    assert not score.besides, "one fault, one finding that no other explains"


def test_nothing_is_found_on_sessions_without_a_fault(finished_home: Path) -> None:
    score = score_homes([finished_home])
    assert score.clean > 150, "the sample is large enough to say something"
    assert not score.false_alarms


@pytest.mark.slow
def test_the_score_holds_on_other_seeds(tmp_path: Path) -> None:
    score = score_homes(run_seeds(tmp_path, SEEDS))
    assert not score.missed
    assert not score.false_alarms
    assert not score.besides


def test_the_score_counts_what_is_missed_and_what_is_too_much() -> None:
    score = Score()
    planted = [Planted("a", "f.json", "x", "RULE_A"), Planted("b", "f.json#2", "y", "RULE_B"),
               Planted("c", "f.json", "x", "RULE_A"), Planted("d", "f.json", "credited", "")]  # fmt: skip
    found = [Found("a", "RULE_A", "hold"), Found("a", "RULE_C", "warn"), Found("f.json#2", "RULE_B", "reject"),
             Found("clean", "RULE_B", "hold"), Found("clean", "OVERLAP_CONNECTOR", "hold")]  # fmt: skip
    score.add(planted, found, {"a", "b", "c", "d", "clean", "cleaner"})
    assert (dict(score.planted), dict(score.caught)) == ({"RULE_A": 2, "RULE_B": 1}, {"RULE_A": 1, "RULE_B": 1})
    assert (score.clean, dict(score.false_alarms)) == (2, {"RULE_B": 1})
    assert [row.cdr_key for row in score.missed] == ["c"]
    assert dict(score.besides) == {("x", "RULE_C"): 1}
    text = page(score, ["RULE_D"])
    assert "| RULE_A | 2 | 1 | 50.0 % | 0 | 0.00 % |" in text
    assert "| x | RULE_C | 1 |" in text and "RULE_D." in text


@pytest.fixture(scope="module")
def clean_home(cli_here: Cli, tmp_path_factory: pytest.TempPathFactory) -> Path:
    home = tmp_path_factory.mktemp("clean") / "home"
    assert (
        cli_here("demo", home, "--sessions", 300, "--seed", 11, "--month", "2026-10", "--faults", "0").returncode == 0
    )
    result = cli_here("--home", home, "run", "--as-of", "2026-11-03T06:00:00Z")
    assert result.returncode == 0, result.stderr
    return home


def test_a_clean_month_has_no_hold_and_no_reject(clean_home: Path) -> None:
    with duckdb.connect() as connection:
        found = connection.read_parquet(str(clean_home / "published" / "findings.parquet"))
        held = found.filter("severity in ('hold', 'reject')").aggregate("rule_id, count(*)", "rule_id").fetchall()
        cdrs = connection.read_parquet(str(clean_home / "published" / "cdrs.parquet"))
        states = cdrs.aggregate("state", "state").fetchall()
    assert held == []
    assert states == [("valid",)]
