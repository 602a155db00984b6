"""DuckDB is held to a limit of memory wherever the pipeline opens it, and what is more goes where it may."""

import tempfile
from pathlib import Path

import pytest
import yaml

from orchestration.dbt import PROJECT_DIR
from orchestration.warehouse import MEMORY_LIMIT, MEMORY_LIMIT_VARIABLE, open_in_memory, open_warehouse


def test_memory_is_limited_and_more_is_written_beside_the_warehouse(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(MEMORY_LIMIT_VARIABLE, "1GiB")
    settings = "select current_setting('memory_limit'), current_setting('temp_directory')"
    with open_warehouse(tmp_path / "evsettle.duckdb") as connection:
        limit, folder = connection.execute(settings).fetchall()[0]
        assert limit == "1.0 GiB"
        assert Path(folder).parent == tmp_path
    with open_in_memory() as connection:
        limit, folder = connection.execute(settings).fetchall()[0]
        assert limit == "1.0 GiB"
        assert Path(folder).parent == Path(tempfile.gettempdir())


def test_dbt_opens_the_warehouse_with_the_same_limit() -> None:
    profile = yaml.safe_load((PROJECT_DIR / "profiles.yml").read_text())
    setting = profile["evsettle"]["outputs"]["duckdb"]["settings"]["memory_limit"]
    assert setting == f"{{{{ env_var('{MEMORY_LIMIT_VARIABLE}', '{MEMORY_LIMIT}') }}}}"
