"""Style as a test: what a reviewer would otherwise have to say again."""

import ast
import re
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).resolve().parent.parent
STAGES = ("ingest", "inspect", "rate", "reconcile", "settle")
MODELS = sorted((ROOT / "dbt_project" / "models").rglob("*.sql"))
PYTHON = sorted(path for folder in ("orchestration", "tests", "benchmarks") for path in (ROOT / folder).rglob("*.py"))
MAX_FILE_LINES = 300
MAX_TEST_FILE_LINES = 350
MAX_FUNCTION_LINES = 70

# What a model may not say, and what to say instead.
BANNED_SQL = {
    r"\bnow\s*\(": "as_of of settlement_run: no SQL asks the clock",
    r"\bcurrent_(date|timestamp|time)\b": "as_of of settlement_run: no SQL asks the clock",
    r"\btoday\s*\(": "as_of of settlement_run: no SQL asks the clock",
    r"\bqualify\b": "a CTE with a window function and a where",
    r"\basof\b": "a join on half-open validity",
    r"::": "cast(… as …)",
    r"->": "typed columns: JSON ends in ingest, and lambdas are not portable",
    r"\bjson_\w+\s*\(": "typed columns: JSON ends in ingest",
    r"\bis_incremental\s*\(": "emit only keys in work; the materialization does the rest",
    r"\b(double|float|real)\b": "a decimal",
    r"(?<!rows )(?<!range )\bbetween\b": "half-open bounds: >= and <",
}


def without_comments(sql: str) -> str:
    """SQL less its comments and the text of its string literals."""
    sql = re.sub(r"\{#.*?#\}", "", sql, flags=re.DOTALL)
    sql = re.sub(r"/\*.*?\*/", "", sql, flags=re.DOTALL)
    sql = re.sub(r"--[^\n]*", "", sql)
    return re.sub(r"'[^']*'", "''", sql).lower()


def test_there_are_models_of_all_five_stages() -> None:
    assert {path.parent.name for path in MODELS} == set(STAGES)


@pytest.mark.parametrize("path", MODELS, ids=lambda path: path.stem)
def test_a_model_stands_beside_its_description(path: Path) -> None:
    described = yaml.safe_load(path.with_suffix(".yml").read_text())["models"]
    assert [model["name"] for model in described] == [path.stem]
    model = described[0]
    assert re.match(r"One row per \S", model["description"]), "the first sentence states the grain"
    assert all("data_type" in column for column in model["columns"])


@pytest.mark.parametrize("path", MODELS, ids=lambda path: path.stem)
def test_a_model_uses_portable_words(path: Path) -> None:
    sql = without_comments(path.read_text())
    found = [f"{pattern}: use {instead}" for pattern, instead in BANNED_SQL.items() if re.search(pattern, sql)]
    assert not found, f"{path.name}: {found}"


@pytest.mark.parametrize("path", MODELS, ids=lambda path: path.stem)
def test_a_model_ends_with_an_explicit_list(path: Path) -> None:
    final = re.split(r"\)\s*\n+\s*select\b", without_comments(path.read_text()))[-1]
    assert not re.match(r"\s*(\w+\.)?\*", final), "name the columns of the final select"


@pytest.mark.parametrize("path", [*MODELS, *PYTHON], ids=lambda path: str(path.relative_to(ROOT)))
def test_a_file_is_small_enough_to_read(path: Path) -> None:
    allowed = MAX_TEST_FILE_LINES if path.is_relative_to(ROOT / "tests") else MAX_FILE_LINES
    assert len(path.read_text().splitlines()) <= allowed


@pytest.mark.parametrize("path", PYTHON, ids=lambda path: str(path.relative_to(ROOT)))
def test_a_function_is_small_enough_to_read(path: Path) -> None:
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            length = (node.end_lineno or node.lineno) - node.lineno + 1
            assert length <= MAX_FUNCTION_LINES, f"{node.name} has {length} lines"


def test_no_file_is_named_for_nothing() -> None:
    assert not [path for path in PYTHON if path.stem in ("utils", "helpers", "common", "misc")]


def test_tests_have_no_packages() -> None:
    """`inspect` is also in the standard library: an __init__.py below tests/ breaks collection."""
    assert not list((ROOT / "tests").rglob("__init__.py"))


def test_asset_modules_keep_their_annotations() -> None:
    """Dagster reads the context's annotation: as a string it cannot be loaded."""
    for path in (ROOT / "orchestration" / "defs").rglob("*.py"):
        assert "from __future__ import annotations" not in path.read_text(), path


def test_the_five_stages_are_folders_everywhere() -> None:
    for folder in ("orchestration/defs", "dbt_project/models", "tests"):
        assert {path.name for path in (ROOT / folder).iterdir() if path.is_dir()} >= set(STAGES)
