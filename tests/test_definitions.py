"""The Dagster code location loads, and shows what analysts are promised to find."""

import json

import dagster as dg
import pytest
import yaml

from orchestration.dbt import MANIFEST, REPOSITORY

STAGES = {"ingest", "inspect", "rate", "reconcile", "settle"}


@pytest.fixture(scope="module")
def defs() -> dg.Definitions:
    from orchestration.definitions import defs

    return defs


def test_definitions_load(defs: dg.Definitions) -> None:
    dg.Definitions.validate_loadable(defs)


def test_the_workspace_names_the_same_module() -> None:
    workspace = yaml.safe_load((REPOSITORY / "workspace.yaml").read_text())
    assert workspace["load_from"][0]["python_module"]["module_name"] == "orchestration.definitions"
    assert "[tool.dg" not in (REPOSITORY / "pyproject.toml").read_text(), "it would make dagster ignore workspace.yaml"


def test_every_asset_belongs_to_a_stage_and_has_an_owner(defs: dg.Definitions) -> None:
    graph = defs.resolve_asset_graph()
    for key in graph.get_all_asset_keys():
        node = graph.get(key)
        assert node.group_name in STAGES, key
        assert key.path[0] == node.group_name, key
        assert node.owners, key
        assert node.kinds, key


def test_the_gates_hold_the_order(defs: dg.Definitions) -> None:
    graph = defs.resolve_asset_graph()
    billable = graph.get(dg.AssetKey(["reconcile", "cdrs_billable"]))
    assert {
        dg.AssetKey(["inspect", "gate_verdicts"]),
        dg.AssetKey(["reconcile", "gate_verdicts"]),
    } <= billable.parent_keys


def test_statements_are_the_only_partitions(defs: dg.Definitions) -> None:
    graph = defs.resolve_asset_graph()
    partitioned = {key.to_user_string() for key in graph.get_all_asset_keys() if graph.get(key).partitions_def}
    assert partitioned == {"settle/statement"}


def test_every_data_test_is_a_check_of_an_asset(defs: dg.Definitions) -> None:
    """One that is none would run unseen: its `meta.dagster.ref` must name a model that it reads."""
    manifest = json.loads(MANIFEST.read_text())
    tests = {node["name"] for node in manifest["nodes"].values() if node["resource_type"] == "test"}
    checks = {key.name for key in defs.resolve_asset_graph().asset_check_keys}
    assert tests - checks == set()
