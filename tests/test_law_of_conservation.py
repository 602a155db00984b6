"""The run is red when a record is lost or billed without its verdicts, even where every asset is green."""

import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import duckdb

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
