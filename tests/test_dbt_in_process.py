"""The imports from inside dagster-dbt and dbt that running dbt in this process depends on: moved ones fail here."""

import inspect
import os
import shutil
from pathlib import Path

import pytest

from orchestration import dbt


def test_a_test_of_dbt_is_a_check_of_an_asset() -> None:
    from dagster_dbt.asset_utils import get_asset_check_key_for_test

    parameters = list(inspect.signature(get_asset_check_key_for_test).parameters)
    assert parameters == ["manifest", "dagster_dbt_translator", "test_unique_id", "project"]


def test_dbt_connections_can_be_closed() -> None:
    from dbt.adapters.duckdb.connections import DuckDBConnectionManager

    assert callable(DuckDBConnectionManager.close_all_connections)


def test_a_checkout_without_set_up_reads_the_project_by_itself(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    copy = tmp_path / "dbt_project"
    shutil.copytree(dbt.PROJECT_DIR, copy, ignore=shutil.ignore_patterns("target"))
    target = copy / "target"
    monkeypatch.setattr(dbt, "PROJECT_DIR", copy)
    monkeypatch.setattr(dbt, "MANIFEST", target / "manifest.json")
    monkeypatch.setattr(dbt, "PARTIAL_PARSE", target / "partial_parse.msgpack")
    dbt.ensure_parsed()
    written = {path: path.stat().st_mtime_ns for path in (dbt.MANIFEST, dbt.PARTIAL_PARSE)}
    dbt.ensure_parsed()
    assert {path: path.stat().st_mtime_ns for path in written} == written


def test_a_checkout_that_was_updated_reads_its_dbt_project_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for folder in ("models", "macros", "tests"):
        (tmp_path / folder).mkdir()
    parsed = tmp_path / "partial_parse.msgpack"
    for name, path in (("PROJECT_DIR", tmp_path), ("MANIFEST", tmp_path / "manifest.json"), ("PARTIAL_PARSE", parsed)):
        monkeypatch.setattr(dbt, name, path)
    (tmp_path / "manifest.json").touch()
    parsed.touch()
    calls: list[str] = []
    monkeypatch.setattr(dbt, "parse", lambda: calls.append("parse"))
    later = parsed.stat().st_mtime + 10
    (tmp_path / "models" / "new.sql").write_text("select 1 as one")
    os.utime(tmp_path / "models" / "new.sql", (later, later))
    os.utime(parsed, (later - 5, later - 5))
    dbt.ensure_parsed()
    assert calls == ["parse"]
    os.utime(parsed, (later + 5, later + 5))
    dbt.ensure_parsed()
    assert calls == ["parse"]
    # A model that was taken away tells by its folder.
    (tmp_path / "models" / "new.sql").unlink()
    os.utime(tmp_path / "models", (later + 10, later + 10))
    dbt.ensure_parsed()
    assert calls == ["parse", "parse"]
