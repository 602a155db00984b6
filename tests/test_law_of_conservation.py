"""The run is red when a record is lost or billed without its verdicts, even where every asset is green."""

import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import duckdb
import pytest

from orchestration import dbt
from orchestration.facts import ledger
from orchestration.facts.home import Home

Cli = Callable[..., subprocess.CompletedProcess[str]]


def test_a_good_run_keeps_it(published: duckdb.DuckDBPyConnection) -> None:
    received, quarantined, superseded = published.execute(
        "select count(*), count(*) filter (where disposition = 'quarantined'), "
        "count(*) filter (where disposition = 'superseded') from records where feed = 'cdrs'"
    ).fetchone() or (0, 0, 0)
    states = dict(published.execute("select state, count(*) from cdrs group by state").fetchall())
    assert received == quarantined + superseded + sum(states.values())
    assert set(states) <= {"held", "valid", "adjusted", "credited", "excluded"}


def test_every_statement_line_has_three_verdicts(published: duckdb.DuckDBPyConnection) -> None:
    without = published.execute(
        "select cdr_key from statement_lines where cdr_key is not null and cdr_key not in ("
        "select cdr_key from verdicts where verdict = 'pass' group by cdr_key having count(distinct gate) = 3)"
    ).fetchall()
    assert without == []


def test_statements_add_up_to_their_lines(published: duckdb.DuckDBPyConnection) -> None:
    differences = published.execute(
        "select statements.statement_id from statements inner join ("
        "select statement_id, sum(amount_excl_tax) as amount from statement_lines group by statement_id) as lines "
        "on statements.statement_id = lines.statement_id where statements.amount_excl_tax <> lines.amount"
    ).fetchall()
    assert differences == []


def test_a_lost_session_fails_the_check(finished_home: Path, tmp_path: Path) -> None:
    from orchestration.defs.settle.conservation import check

    warehouse = tmp_path / "evsettle.duckdb"
    shutil.copy2(finished_home / "warehouse" / "evsettle.duckdb", warehouse)
    with duckdb.connect(str(warehouse)) as connection:
        connection.execute("set TimeZone = 'UTC'")
        assert check(connection) == []
        connection.execute(
            "delete from settle.cdr_outcomes where cdr_key = (select min(cdr_key) from settle.cdr_outcomes)"
        )
        assert check(connection) != []


def test_a_session_billed_without_its_verdicts_fails_the_run_and_nothing_is_published(
    cli_here: Cli, home_copy: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The fault is put where an outer join would put it: a held session among the billable ones, in a run as any other."""
    with duckdb.connect(str(home_copy / "warehouse" / "evsettle.duckdb"), read_only=True) as connection:
        [(held,)] = connection.execute(
            "select min(cdr_key) from inspect.gate_verdicts where verdict = 'hold' and cdr_key in"
            " (select cdr_key from inspect.cdrs) and cdr_key not like '%''%'"
        ).fetchall()
    load = dbt.load_manifest

    def with_the_fault(**arguments: frozenset[str]) -> Any:
        manifest = load(**arguments)
        node = manifest.nodes["model.evsettle.cdrs_billable"]
        fault = f"{node.raw_code}\nunion all\nselect cdr_key, revision from cdrs where cdr_key = '{held}'"
        monkeypatch.setattr(node, "raw_code", fault if "union all" not in node.raw_code else node.raw_code)
        return manifest

    monkeypatch.setattr(dbt, "load_manifest", with_the_fault)

    def shown() -> dict[Path, bytes]:
        """All but the gates' pages: they tell of every run, and of one that fails most of all."""
        files = [path for name in ("published", "reports") for path in (home_copy / name).rglob("*.*")]
        return {path: path.read_bytes() for path in files if not path.is_relative_to(home_copy / "reports" / "gates")}

    before = shown()
    failed = cli_here("--home", home_copy, "run", "--full", "--as-of", "2026-11-04T06:00:00Z")
    assert failed.returncode == 1
    assert "assert_billable_has_both_verdicts" in failed.stderr
    assert "Traceback" not in failed.stderr
    assert shown() == before
    last = ledger.head(Home(home_copy))
    assert last is not None
    assert last.kind == "run", "a run that failed has no end, and the next one does its work again"
