"""The law of order, read from dbt's own manifest: a stage reads only what earlier stages publish."""

import json
from typing import Any

import pytest

from orchestration import dbt
from orchestration.archive.dictionary import table_of
from orchestration.defs.settle.publish import TABLES

STAGES = ("ingest", "inspect", "rate", "reconcile", "settle")


@pytest.fixture(scope="module")
def manifest() -> dict[str, Any]:
    if not dbt.MANIFEST.exists():
        dbt.parse()
    loaded: dict[str, Any] = json.loads(dbt.MANIFEST.read_text())
    return loaded


def models(manifest: dict[str, Any]) -> dict[str, dict[str, Any]]:
    return {key: node for key, node in manifest["nodes"].items() if node["resource_type"] == "model"}


def test_no_model_reads_from_a_later_stage(manifest: dict[str, Any]) -> None:
    nodes = models(manifest)
    for key, node in nodes.items():
        for parent in node["depends_on"]["nodes"]:
            stage = (nodes.get(parent) or manifest["sources"].get(parent))["schema"]
            assert STAGES.index(stage) <= STAGES.index(node["schema"]), f"{key} reads {parent}"


def test_a_stage_is_folder_group_and_schema_at_once(manifest: dict[str, Any]) -> None:
    for key, node in models(manifest).items():
        folder = node["path"].split("/")[0]
        assert folder == node["schema"] == node["group"], key


def test_a_stage_reads_only_what_another_publishes(manifest: dict[str, Any]) -> None:
    nodes = models(manifest)
    for key, node in nodes.items():
        for parent in node["depends_on"]["nodes"]:
            other = nodes.get(parent)
            if other is not None and other["group"] != node["group"]:
                assert other["config"]["access"] in ("protected", "public"), f"{key} reads private {parent}"


def test_raw_tables_are_read_by_their_own_stage_only(manifest: dict[str, Any]) -> None:
    for key, node in models(manifest).items():
        for parent in node["depends_on"]["nodes"]:
            source = manifest["sources"].get(parent)
            if source is not None and source["name"].startswith("raw_"):
                assert node["group"] == "ingest", f"{key} reads {parent}"


def test_every_contract_is_enforced(manifest: dict[str, Any]) -> None:
    assert not [key for key, node in models(manifest).items() if not node["config"]["contract"]["enforced"]]


def test_every_raw_table_is_a_declared_source(manifest: dict[str, Any]) -> None:
    from orchestration.defs.ingest.intake import raw_tables

    declared = {source["name"] for source in manifest["sources"].values() if source["schema"] == "ingest"}
    assert declared == set(raw_tables())


def test_every_column_of_a_published_table_is_described(manifest: dict[str, Any]) -> None:
    nodes = {f"{node['schema']}.{node['name']}": node for node in models(manifest).values()}
    for name, published in TABLES.items():
        columns = nodes[published.relation]["columns"].values()
        table = table_of(name, [(column["name"], column["data_type"]) for column in columns])
        assert not [column.name for column in table.columns if not column.description], name
