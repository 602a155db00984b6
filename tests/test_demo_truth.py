"""The demo's planted faults against what the gates found: each caught by its rule, nothing else held."""

import csv
import subprocess
from collections.abc import Callable
from pathlib import Path

import duckdb
import pytest

Cli = Callable[..., subprocess.CompletedProcess[str]]


def truth(home: Path) -> list[dict[str, str]]:
    with (home / "truth.csv").open(newline="") as file:
        return list(csv.DictReader(file))


def test_every_planted_fault_is_caught_by_its_rule(finished_home: Path, published: duckdb.DuckDBPyConnection) -> None:
    found = set(
        published.execute(
            "select rule_id, cdr_key from findings where cdr_key is not null "
            "union select rule_id, replace(subject_id, '/cdrs/', '/cdrs/') from findings"
        ).fetchall()
    )
    planted = [row for row in truth(finished_home) if row["rule_id"]]
    assert len({row["rule_id"] for row in planted}) >= 15, "the sample is large enough to say something"
    missed = [
        row
        for row in planted
        if not any((row["rule_id"], subject) in found for subject in (row["cdr_key"], row["file"]))
    ]
    assert not missed


def test_nothing_is_held_or_rejected_that_no_fault_explains(
    finished_home: Path, published: duckdb.DuckDBPyConnection
) -> None:
    planted = {row["cdr_key"] for row in truth(finished_home)}
    touched = published.execute(
        "select distinct cdr_key, rule_id from findings where severity in ('hold', 'reject') and cdr_key is not null"
    ).fetchall()
    innocent = [(key, rule) for key, rule in touched if key not in planted]
    # A planted overlap or duplicate also holds the honest session it collides with.
    pairs = {"OVERLAP_CONNECTOR", "DUP_NEAR", "SESSION_ID_REUSED", "OVERLAP_TOKEN"}
    assert not [(key, rule) for key, rule in innocent if rule not in pairs]


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
