"""The frame of a run in the ledger: what the next run has to do, after whatever became of the one before."""

from pathlib import Path

from orchestration.defs.ingest.landing import take_in
from orchestration.run_entries import begin_run
from orchestration.warehouse import open_warehouse
from tests.small_home import at, make_home, rows


def test_a_new_versions_first_run_that_was_killed_is_begun_again(tmp_path: Path) -> None:
    """Tables of settle are still those of the version before, without columns that this one asks for."""
    home = make_home(tmp_path / "home")
    take_in(home, at(0))
    with open_warehouse(home.warehouse) as connection:
        for schema, table in (("inspect", "deadlines"), ("settle", "fx_applied")):
            connection.execute(f"create schema if not exists {schema}")
            connection.execute(f"create table {schema}.{table} (cdr_key varchar)")
        for hours in (1, 2):
            begin_run(home, connection, at(hours))
            touched = rows(connection, "select distinct kind, reason from ingest.raw_touched order by all")
            assert touched == [("everything", "engine or rules changed")]
