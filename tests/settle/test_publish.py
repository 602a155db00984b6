"""The read snapshot: whole files, contracted columns, untouched when nothing changed."""

from decimal import Decimal
from pathlib import Path

import duckdb
import pytest
from click.testing import CliRunner

from orchestration.cli.main import evsettle
from orchestration.defs.settle.publish import TABLES, publish
from orchestration.facts.home import Home, HomeError
from orchestration.published import Snapshot
from orchestration.warehouse import open_warehouse
from tests.settle.by_hand import Books


def published(path: Path, root: Path) -> list[str]:
    with open_warehouse(path) as connection:
        return publish(connection, Home(root))


def test_every_table_with_their_contracted_columns_first(fifteen: Books, tmp_path: Path) -> None:
    assert published(fifteen.path, tmp_path) == list(TABLES)
    for name, table in TABLES.items():
        columns = duckdb.read_parquet(str(tmp_path / "published" / f"{name}.parquet")).columns
        named = [column.strip() for column in table.columns.split(",")]
        assert columns[: len(named)] == named
    assert [path.name for path in (tmp_path / "published").iterdir() if path.suffix != ".parquet"] == []


def test_money_is_decimal_and_rows_are_in_order(fifteen: Books, tmp_path: Path) -> None:
    published(fifteen.path, tmp_path)
    cdrs = duckdb.read_parquet(str(tmp_path / "published" / "cdrs.parquet"))
    keys = [key for (key,) in cdrs.select("cdr_key").fetchall()]
    assert keys == sorted(keys)
    amount = cdrs.filter("cdr_id = 'S02'").select("settled_excl_tax").fetchall()
    assert amount == [(Decimal("7.985"),)]
    assert "DECIMAL" in str(dict(zip(cdrs.columns, cdrs.types, strict=True))["settled_excl_tax"])


def test_what_did_not_change_is_not_written_again(fifteen_copy: Path, tmp_path: Path) -> None:
    published(fifteen_copy, tmp_path)
    before = {path.name: path.stat().st_mtime_ns for path in (tmp_path / "published").iterdir()}
    assert published(fifteen_copy, tmp_path) == []
    assert {path.name: path.stat().st_mtime_ns for path in (tmp_path / "published").iterdir()} == before
    with open_warehouse(fifteen_copy) as connection:
        connection.execute("update settle.cdr_outcomes set settled_excl_tax = 1 where cdr_id = 'S02'")
    assert published(fifteen_copy, tmp_path) == ["cdrs"]


def test_a_failing_write_leaves_the_old_snapshot(fifteen_copy: Path, tmp_path: Path) -> None:
    published(fifteen_copy, tmp_path)
    before = (tmp_path / "published" / "waterfall.parquet").read_bytes()
    with open_warehouse(fifteen_copy) as connection:
        connection.execute("alter table settle.waterfall drop column step")
    with pytest.raises(duckdb.Error):
        published(fifteen_copy, tmp_path)
    assert (tmp_path / "published" / "waterfall.parquet").read_bytes() == before


def test_leftovers_of_a_killed_run_are_removed(fifteen: Books, tmp_path: Path) -> None:
    (tmp_path / "published").mkdir()
    left = tmp_path / "published" / ".cdrs.1.tmp"
    left.write_bytes(b"half")
    published(fifteen.path, tmp_path)
    assert not left.exists()


def test_only_what_is_asked_for_must_be_published(fifteen: Books, tmp_path: Path) -> None:
    published(fifteen.path, tmp_path)
    (tmp_path / "published" / "raci.parquet").unlink()
    assert Snapshot(Home(tmp_path)).rows("select count(*) > 0 from cdrs") == [(True,)]
    (tmp_path / "master").mkdir()
    (tmp_path / "master" / "network.yaml").touch()
    answer = CliRunner().invoke(evsettle, ["--home", str(tmp_path), "closing"])
    assert answer.exit_code == 1
    sentence = f"{tmp_path / 'published' / 'raci'}.parquet is not there yet: `evsettle run` publishes it."
    assert answer.output == f"Error: {sentence}\n"
    (tmp_path / "ledger").mkdir()
    answer = CliRunner().invoke(evsettle, ["--home", str(tmp_path), "payments", "file", "--out", str(tmp_path / "out")])
    assert answer.output == "Error: warehouse/evsettle.duckdb is not there: `evsettle run` builds it from the ledger.\n"
    assert not Home(tmp_path).warehouse.exists(), "to look is not to make"


def test_a_home_without_published_tables_says_so(tmp_path: Path) -> None:
    with pytest.raises(HomeError, match=r"cdrs.parquet is not there yet: `evsettle run` publishes it"):
        Snapshot(Home(tmp_path))
