"""A run that dies inside a gate, with findings collected and nothing written, bills nothing; the next one does its work."""

import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import conftest
import duckdb
import pytest
import snapshots

Cli = Callable[..., subprocess.CompletedProcess[str]]

# The process kills itself with the signal that nothing can catch, at the point where a gate has judged all and written
# nothing; a clock of the test could not hit it.
DIES = """
import os, signal, sys
from orchestration import gate
from orchestration.cli.main import main

def die(connection, stage, *rest):
    if stage == doomed:
        os.kill(os.getpid(), signal.SIGKILL)
    return resolve(connection, stage, *rest)

doomed = sys.argv[1]
resolve, gate._resolve = gate._resolve, die
sys.argv[1:] = sys.argv[2:]
main()
"""


# What is billed and why; the tables of the run itself differ, since one run more was begun.
COMPARED = (
    "ingest.cdr_revisions",
    "inspect.cdrs",
    "inspect.gate_findings",
    "inspect.gate_verdicts",
    "reconcile.gate_findings",
    "reconcile.gate_verdicts",
    "reconcile.cdrs_billable",
    "settle.findings",
    "settle.statement_lines",
)


def compared(home: Path) -> dict[str, str]:
    tables = snapshots.tables(home)
    return {name: tables[name] for name in COMPARED}


@pytest.mark.slow
def test_a_run_that_is_killed_in_the_first_gate_bills_nothing(
    cli_here: Cli, finished_home: Path, tmp_path: Path
) -> None:
    home = tmp_path / "home"
    assert cli_here("demo", home, *conftest.DEMO).returncode == 0
    arguments = ["--home", str(home), "run", "--as-of", "2026-11-03T06:00:00Z"]
    killed = subprocess.run(
        [sys.executable, "-c", DIES, "inspect", *arguments],
        capture_output=True, text=True, check=False, cwd=conftest.ROOT,
    )  # fmt: skip
    assert killed.returncode == -signal.SIGKILL, killed.stdout + killed.stderr
    assert not list((home / "published").glob("*.parquet"))
    assert not [path for path in (home / "reports").rglob("*") if path.is_file()]
    with duckdb.connect(str(home / "warehouse" / "evsettle.duckdb"), read_only=True) as connection:
        assert connection.execute("select count(*) from inspect.work").fetchone() != (0,)
        assert connection.execute("select count(*) from inspect.gate_verdicts").fetchone() == (0,)
    again = cli_here(*arguments)
    assert again.returncode == 0, again.stderr + again.stdout
    assert compared(home) == compared(finished_home)
    assert snapshots.reports(home) == snapshots.reports(finished_home)
