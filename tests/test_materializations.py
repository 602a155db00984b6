"""Our own table, view and incremental of DuckDB, in a small project: what a build replaces, and what a failed one leaves.

Every model finds a relation of its name: `a` and `b`, at 1.00 each. Of the two `a` alone is in work.
"""

from pathlib import Path
from typing import Any

import duckdb
import pytest
import yaml

from orchestration import dbt

PROJECT = {
    "name": "small",
    "profile": "small",
    "version": "1.0.0",
    "config-version": 2,
    "macro-paths": [str(dbt.PROJECT_DIR / "macros")],
    "models": {"small": {"+contract": {"enforced": True}, "+on_schema_change": "fail", "+schema": "rate"}},
}
BEFORE = "select key as cdr_key, cast(1 as decimal(18, 2)) as price from (values ('a'), ('b')) as rows (key)"
NEW = "select 'a' as cdr_key, cast(2 as decimal(18, 2)) as price"
NOTHING = f"{NEW} where random() < 0"
RANGED = (
    """select key as cdr_key, cast(2 as decimal(18, 2)) as price from (values ('7'), ('a'), ('it''s')) as rows (key)"""
)
OTHER_TYPE = "select 'a' as cdr_key, cast(2 as decimal(18, 4)) as price"
NO_KEY = "select cast(null as varchar) as cdr_key, cast(2 as decimal(18, 2)) as price"
TOO_LATE = "select 'a' as cdr_key, cast(case when random() >= 0 then 'x' end as decimal(18, 2)) as price"

COLUMNS = {"cdr_key": "varchar", "price": "decimal(18, 2)"}
INCREMENTAL = {"materialized": "incremental", "incremental_strategy": "replace_work"}
BY_KEY = {"materialized": "incremental", "incremental_strategy": "replace_keys", "meta": {"key": "cdr_key"}}
TABLE, VIEW = {"materialized": "table"}, {"materialized": "view"}
# name: its SQL, its contract, its configuration.
MODELS: dict[str, tuple[str, dict[str, str], dict[str, Any]]] = {
    "table_new": (NEW, COLUMNS, TABLE),
    "table_other_type": (OTHER_TYPE, COLUMNS, TABLE),
    "table_no_key": (NO_KEY, COLUMNS, TABLE),
    "table_too_late": (TOO_LATE, COLUMNS, TABLE),
    "table_was_view": (NEW, COLUMNS, TABLE),
    "view_was_table": (NEW, COLUMNS, VIEW),
    "view_other_type": (OTHER_TYPE, COLUMNS, VIEW),
    "kept_new": (NEW, COLUMNS, INCREMENTAL),
    "kept_in_ranges": (RANGED, COLUMNS, INCREMENTAL | {"meta": {"rows_at_a_time": 1}}),
    "kept_nothing": (NOTHING, COLUMNS, INCREMENTAL),
    "kept_other_type": (OTHER_TYPE, COLUMNS, INCREMENTAL),
    "kept_no_key": (NO_KEY, COLUMNS, INCREMENTAL),
    "kept_too_late": (TOO_LATE, COLUMNS, INCREMENTAL),
    "kept_wider": (OTHER_TYPE, COLUMNS | {"price": "decimal(18, 4)"}, INCREMENTAL),
    "kept_longer": (f"{NEW}, cast(1 as decimal(18, 2)) as tax", COLUMNS | {"tax": "decimal(18, 2)"}, INCREMENTAL),
    "kept_by_key": (NEW, COLUMNS, BY_KEY),
    "kept_by_key_nothing": (NOTHING, COLUMNS, BY_KEY),
    "kept_by_key_no_key": (NO_KEY, COLUMNS, BY_KEY),
    "new_by_key": (NEW, COLUMNS, BY_KEY),
    "kept_appended": (NEW, COLUMNS, {"materialized": "incremental", "incremental_strategy": "append"}),
}
UNTOUCHED = [("a", "1.00"), ("b", "1.00")]


def write_project(folder: Path, warehouse: Path) -> None:
    (folder / "models").mkdir()
    output = {"type": "duckdb", "path": str(warehouse), "schema": "rate", "threads": 1}
    (folder / "profiles.yml").write_text(yaml.safe_dump({"small": {"target": "d", "outputs": {"d": output}}}))
    (folder / "dbt_project.yml").write_text(yaml.safe_dump(PROJECT))
    described = []
    for name, (select, contract, config) in MODELS.items():
        (folder / "models" / f"{name}.sql").write_text(select)
        columns: list[dict[str, Any]] = [{"name": column, "data_type": kind} for column, kind in contract.items()]
        columns[0]["constraints"] = [] if config is VIEW else [{"type": "not_null"}]
        described.append({"name": name, "config": config, "columns": columns})
    (folder / "models" / "models.yml").write_text(yaml.safe_dump({"models": described}))


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, str]]:
    """The warehouse after one run of all models, and what dbt said of each that failed."""
    from dbt.adapters.duckdb.connections import DuckDBConnectionManager
    from dbt.cli.main import dbtRunner

    folder = tmp_path_factory.mktemp("small")
    warehouse = folder / "evsettle.duckdb"
    write_project(folder, warehouse)
    with duckdb.connect(str(warehouse)) as connection:
        connection.execute("create schema inspect; create schema rate; create table inspect.work (cdr_key varchar)")
        connection.execute("create schema ingest; create table ingest.raw_touched as select 'cdr' as kind, 'a' as id")
        connection.execute("insert into inspect.work values ('a'), ('7'), ('it''s')")
        for name in MODELS:
            if name.startswith("new"):
                continue
            kind = "view" if name == "table_was_view" else "table"
            connection.execute(f"create {kind} rate.{name} as {BEFORE}")
            if name.startswith("kept"):
                connection.execute(f"alter table rate.{name} alter cdr_key set not null")
    try:
        place = ["--project-dir", str(folder), "--profiles-dir", str(folder), "--target-path", str(folder / "target")]
        result = dbtRunner().invoke([*dbt.QUIET, "run", "--no-write-json", *place])
    finally:
        DuckDBConnectionManager.close_all_connections()  # type: ignore[no-untyped-call]
    said = {node.node.name: str(node.message) for node in result.result if node.status != "success"}
    assert len(result.result) == len(MODELS)
    return warehouse, said


def rows(built: tuple[Path, dict[str, str]], name: str) -> list[tuple[str, str]]:
    with duckdb.connect(str(built[0]), read_only=True) as connection:
        found = connection.execute(f"select cdr_key, price from rate.{name} order by all").fetchall()
    return [(key, str(price)) for key, price in found]


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("table_other_type", "contract"),
        ("table_no_key", "NOT NULL"),
        ("table_too_late", "Could not convert"),
        ("view_other_type", "contract"),
        ("kept_other_type", "contract"),
        ("kept_no_key", "NOT NULL"),
        ("kept_too_late", "Could not convert"),
        ("kept_by_key_no_key", "NOT NULL"),
        ("kept_appended", "replace_work"),
    ],
)
def test_a_failed_build_leaves_what_was(built: tuple[Path, dict[str, str]], name: str, words: str) -> None:
    assert words in built[1][name]
    assert rows(built, name) == UNTOUCHED


@pytest.mark.parametrize("name", ["table_new", "table_was_view", "view_was_table"])
def test_tables_and_views_are_replaced_whole(built: tuple[Path, dict[str, str]], name: str) -> None:
    assert rows(built, name) == [("a", "2.00")]
    with duckdb.connect(str(built[0]), read_only=True) as connection:
        found = connection.execute("select table_type from information_schema.tables where table_name = ?", [name])
        assert found.fetchall() == [("VIEW" if name.startswith("view") else "BASE TABLE",)]


def test_keys_in_work_are_replaced_and_others_kept(built: tuple[Path, dict[str, str]]) -> None:
    assert rows(built, "kept_new") == [("a", "2.00"), ("b", "1.00")]


def test_what_is_inserted_by_ranges_of_the_key_is_whole(built: tuple[Path, dict[str, str]]) -> None:
    assert rows(built, "kept_in_ranges") == [("7", "2.00"), ("a", "2.00"), ("b", "1.00"), ("it's", "2.00")]


def test_a_key_in_work_that_yields_nothing_now_loses_its_rows(built: tuple[Path, dict[str, str]]) -> None:
    assert rows(built, "kept_nothing") == [("b", "1.00")]


def test_keys_that_are_emitted_are_replaced_and_others_kept(built: tuple[Path, dict[str, str]]) -> None:
    assert rows(built, "kept_by_key") == [("a", "2.00"), ("b", "1.00")]
    assert rows(built, "kept_by_key_nothing") == UNTOUCHED


def test_a_table_that_is_not_there_is_not_made_of_some_keys(built: tuple[Path, dict[str, str]]) -> None:
    assert "only some of its keys are touched" in built[1]["new_by_key"]


@pytest.mark.parametrize(("name", "column"), [("kept_wider", "price"), ("kept_longer", "tax")])
def test_a_table_of_another_version_is_not_cast_into(
    built: tuple[Path, dict[str, str]], name: str, column: str
) -> None:
    assert f"({column} differ" in built[1][name]
    assert "the ledger rebuilds the warehouse" in built[1][name]
    assert rows(built, name) == UNTOUCHED


def test_nothing_else_failed(built: tuple[Path, dict[str, str]]) -> None:
    expected = ("other_type", "no_key", "too_late", "appended", "wider", "longer", "new_by_key")
    assert sorted(built[1]) == sorted(name for name in MODELS if name.endswith(expected))
