"""A warehouse of another version, or one that does not fit, is thrown away and built again; else it is kept."""

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import click
import duckdb
import pytest

from orchestration import layout
from orchestration.cli.run import _make_room
from orchestration.facts.home import open_home
from orchestration.warehouse import open_warehouse

Cli = Callable[..., subprocess.CompletedProcess[str]]


def made(path: Path) -> Path:
    with open_warehouse(path) as connection:
        layout.note_layout(connection)
        connection.execute("create table main.here as select 1 as one")
    return path


def test_one_of_this_version_is_kept(tmp_path: Path) -> None:
    path = made(tmp_path / "evsettle.duckdb")
    assert not layout.discard_other_layout(path)
    with open_warehouse(path) as connection:
        assert connection.execute("from here").fetchall() == [(1,)]


def test_one_of_another_version_is_not(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = made(tmp_path / "evsettle.duckdb")
    ddl = tmp_path / "raw_tables.sql"
    ddl.write_text(layout.RAW_TABLES_SQL.read_text().replace("cdr_key varchar", "cdr_key varchar, another varchar", 1))
    monkeypatch.setattr(layout, "RAW_TABLES_SQL", ddl)
    assert layout.discard_other_layout(path) == "another version made them"
    assert not path.exists()


def test_one_from_before_layouts_were_noted_is_not(tmp_path: Path) -> None:
    path = tmp_path / "evsettle.duckdb"
    with open_warehouse(path):
        pass
    assert layout.discard_other_layout(path)


def test_nothing_and_an_empty_one_are_fine(tmp_path: Path) -> None:
    assert not layout.discard_other_layout(tmp_path / "evsettle.duckdb")
    with duckdb.connect(str(tmp_path / "evsettle.duckdb")):
        pass
    assert not layout.discard_other_layout(tmp_path / "evsettle.duckdb")


def test_one_that_was_given_up_or_is_damaged_is_not_and_says_why(tmp_path: Path) -> None:
    path = made(tmp_path / "evsettle.duckdb")
    layout.give_up(path, "inspect.work isn't there")
    assert layout.discard_other_layout(path) == "inspect.work isn't there"
    os.truncate(made(path), 20_000)
    assert "they cannot be read" in str(layout.discard_other_layout(path))
    path.write_bytes(b"x" * 5000)
    why = layout.discard_other_layout(path)
    assert why is not None
    assert "not a valid DuckDB database file)" in why
    assert str(path.parent) not in why
    assert not path.exists()


def test_one_that_another_program_has_open_is_left_alone(finished_home: Path, tmp_path: Path) -> None:
    home = open_home(finished_home).root
    path = made(tmp_path / "warehouse/evsettle.duckdb")
    (tmp_path / "master").symlink_to(home / "master")
    script = f"import duckdb; c = duckdb.connect({str(path)!r}); print('open', flush=True); input()"
    holder = subprocess.Popen([sys.executable, "-c", script], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    try:
        assert holder.stdout is not None
        assert holder.stdout.readline() == "open\n"
        with pytest.raises(click.ClickException, match=r"Another program has .* open .*: close it and run again"):
            _make_room(open_home(tmp_path))
    finally:
        holder.communicate("\n")
    assert path.exists()
    assert not _make_room(open_home(tmp_path))


@pytest.mark.slow
def test_a_run_builds_again_by_itself_what_does_not_fit(home_copy: Path, cli_here: Cli) -> None:
    with duckdb.connect(str(home_copy / "warehouse/evsettle.duckdb")) as connection:
        connection.execute("drop table inspect.record_dispositions")
    landed = next((home_copy / "landing/alpenstrom/cdrs").glob("*.json"))
    again = landed.with_name(f"again-{landed.name}")
    again.write_text(f"{landed.read_text()}\n")
    os.utime(again, (1_700_000_000, 1_700_000_000))
    ran = cli_here("--home", home_copy, "run", "--as-of", "2026-11-04T06:00:00Z")
    assert ran.returncode == 0, ran.stderr
    assert "The tables of warehouse/ are all built again from the ledger" in ran.stderr
    assert "is not there, and only some of its keys are touched." in ran.stderr
