"""A warehouse of another version is thrown away and built again; one of this version is kept."""

from pathlib import Path

import duckdb
import pytest

from orchestration import layout
from orchestration.warehouse import open_warehouse


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
    assert layout.discard_other_layout(path)
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
