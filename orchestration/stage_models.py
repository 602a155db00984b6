"""The dbt models of a stage as Dagster assets: one dbt build, one query for the grain of them all, their events.

What does not belong here: dbt itself (dbt.py) and any model's name.
"""

# ruff: noqa: S608 - names of our own models, from the manifest.

import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from graphlib import TopologicalSorter
from pathlib import Path
from typing import Any

import dagster as dg
import duckdb
from dagster_dbt import DagsterDbtTranslator, dbt_assets
from dagster_dbt.asset_utils import get_asset_check_key_for_test
from dagster_dbt.dbt_manifest import validate_manifest

from orchestration import dbt, grain
from orchestration.layout import give_up
from orchestration.version import engine_version
from orchestration.warehouse import read_warehouse

# What a gate writes: a stage that has one is cut there.
GATE = ("gate_verdicts", "gate_findings")
# What a model says of a table that outlives a run and does not fit (dbt_project/macros/materializations).
_REBUILD = "the ledger rebuilds the warehouse"
# What a run builds next, as a tag in its copy of dbt's manifest.
_WANTED = "wanted"
# Sums of these columns are worth seeing on an asset; one per currency where there is one.
_MONEY_COLUMNS = ("amount_excl_tax", "settled_excl_tax", "expected_excl_tax", "total_excl_tax")


def stage_models(stage: str, reads: Sequence[str] = (), before: Sequence[str] = ()) -> dg.AssetsDefinition:
    """Dagster assets for the dbt models of a stage, built by one dbt invocation.

    A stage whose own Python writes tables that its models read is cut there; Dagster would cut it by itself, and into
    twice the pieces that are needed. reads: only models that read one of these tables of the stage, directly or not.
    before: none that does so with one of these.
    """
    name = f"{stage}_models" + (f"_after_{reads[0]}" if reads else "")
    select = " ".join(f"group:{stage},source:{stage}.{table}+" for table in reads) or f"group:{stage}"
    exclude = " ".join(f"source:{stage}.{table}+" for table in before)

    @dbt_assets(manifest=dbt.MANIFEST, select=select, exclude=exclude, name=name)
    def models(context: dg.AssetExecutionContext, settlement: dg.ResourceParam[Any]) -> Iterator[object]:
        yield from build(context.selected_asset_keys, context.selected_asset_check_keys, settlement.home.warehouse)

    return models


@dataclass(frozen=True, slots=True)
class _Project:
    """The parsed project: manifest.json, asset key by model id, check key by test id, the tests of grain."""

    manifest: Mapping[str, Any]
    models: Mapping[str, dg.AssetKey]
    checks: Mapping[str, dg.AssetCheckKey]
    grains: Sequence[grain.Grain]


@cache
def _project(_written_at: int) -> _Project:
    manifest = validate_manifest(dbt.MANIFEST)
    translator = DagsterDbtTranslator()
    nodes = manifest["nodes"]
    # Dagster wants to hear of a model after those it reads.
    order = TopologicalSorter({key: node["depends_on"]["nodes"] for key, node in nodes.items()}).static_order()
    models = {
        key: translator.get_asset_key(nodes[key])
        for key in order
        if key in nodes and nodes[key]["resource_type"] == "model"
    }
    checks = {
        key: check
        for key in nodes
        if (check := get_asset_check_key_for_test(manifest, translator, key, None)) is not None
    }
    return _Project(manifest, models, checks, tuple(grain.grains(manifest)))


def build(keys: set[dg.AssetKey], checks: set[dg.AssetCheckKey], warehouse: Path) -> Iterator[object]:
    """Build these models and yield what became of them. Raises dg.Failure where a model or a check failed."""
    project = _project(dbt.MANIFEST.stat().st_mtime_ns)
    selected = {model_id: key for model_id, key in project.models.items() if key in keys}
    with read_warehouse(warehouse) as connection:
        views, tables = _made_by_this_version(connection)
    stands = {model_id for model_id, key in selected.items() if tuple(key.path) in views}
    # The tests by name: dbt would leave out those of a view that stands.
    by_grain = {one.test_id for one in project.grains}
    tests = [key for key, check in project.checks.items() if check in checks and key not in by_grain]
    results, failure = _run_dbt(project, [*(key for key in selected if key not in stands), *tests], warehouse, tables)
    seconds = {result.node.unique_id: result.execution_time for result in results if result.status == "success"}
    built = {model_id: key for model_id, key in selected.items() if model_id in stands or model_id in seconds}
    with read_warehouse(warehouse) as connection:
        measures = _measures(connection, list(built.values()))
        asked = [one for one in project.grains if one.model_id in built and project.checks[one.test_id] in checks]
        failing = grain.failing_keys(connection, asked)
    for model_id, key in built.items():
        took = (
            {"Execution Duration": seconds[model_id]} if model_id in seconds else {"stands": "a view of this version"}
        )
        yield dg.MaterializeResult(asset_key=key, metadata={**measures[key], **took})
    for one in asked:
        yield _grain_result(project.checks[one.test_id], one, failing[one.test_id])
    for result in results:
        check = project.checks.get(result.node.unique_id)
        if check in checks:
            yield _test_result(check, result)
    broken = [
        f"{one.relation}: {failing[one.test_id]} keys fail {one.failing}" for one in asked if failing[one.test_id]
    ]
    if unfit := _unfit(project, results, failing):
        # A run that begins anew needs none of what was kept: the next one does.
        give_up(warehouse, unfit)
    if failure or broken:
        raise dg.Failure(description="\n".join([failure, *broken]).strip())


def _unfit(project: _Project, results: Sequence[Any], failing: Mapping[str, int]) -> str:
    """Which table that outlives a run does not fit what this one brings, and how; empty where none is at fault."""
    for result in results:
        if result.status == "error" and _REBUILD in (message := str(result.message)):
            return next(line for line in message.splitlines() if _REBUILD in line).partition(_REBUILD)[0].strip(" :")
    for one in project.grains:
        if (
            failing.get(one.test_id)
            and project.manifest["nodes"][one.model_id]["config"]["materialized"] == "incremental"
        ):
            return f"{one.relation} has {failing[one.test_id]} keys twice or without a value"
    return ""


def _run_dbt(
    project: _Project, node_ids: Sequence[str], warehouse: Path, tables: Iterable[tuple[str, ...]]
) -> tuple[Sequence[Any], str]:
    """dbt's results of these models and tests, and why it failed, if it did. tables: whose contracts were held."""
    if not node_ids:
        return (), ""
    wanted = frozenset(node_ids)
    manifest = dbt.part_of(dbt.load_manifest(without_tests=frozenset(one.test_id for one in project.grains)), wanted)
    # One word for them all: dbt looks through the whole project for each word that it is given.
    for node_id, node in manifest.nodes.items():
        node.tags = [*(tag for tag in node.tags if tag != _WANTED), *([_WANTED] if node_id in wanted else [])]
    said = {"EVSETTLE_ENGINE": _version(), "EVSETTLE_HELD": ",".join(sorted(map(".".join, tables)))}
    os.environ |= said
    try:
        return dbt.invoke([*dbt.BUILD, "--select", f"tag:{_WANTED}"], warehouse, manifest), ""
    except dbt.DbtFailed as error:
        return error.results, str(error)
    finally:
        # They are of this warehouse and this build alone.
        for name in said:
            del os.environ[name]


def _made_by_this_version(
    connection: duckdb.DuckDBPyConnection,
) -> tuple[set[tuple[str, ...]], set[tuple[str, ...]]]:
    """Schema and name of the views and of the tables that this very version made: a view is not to be made again."""
    views, tables = (
        connection.execute(
            f"select schema_name, {kind}_name from duckdb_{kind}s() where comment = ?", [_version()]
        ).fetchall()
        for kind in ("view", "table")
    )
    return set(views), set(tables)


def _version() -> str:
    """What a relation is made by: the code that computes, and the project as parsed."""
    return f"{engine_version()} {dbt.MANIFEST.stat().st_mtime_ns}"


def _measures(connection: duckdb.DuckDBPyConnection, keys: Sequence[dg.AssetKey]) -> dict[dg.AssetKey, dict[str, Any]]:
    """Row count, and money by currency, of each table. A view's rows would have to be made to be counted."""
    measured: dict[dg.AssetKey, dict[str, Any]] = {key: {} for key in keys}
    views = set(connection.execute("select schema_name, view_name from duckdb_views() where not internal").fetchall())
    keys = [key for key in keys if tuple(key.path) not in views]
    if not keys:
        return measured
    names = [".".join(key.path) for key in keys]
    counts = " union all ".join(f"select {number}, count(*) from {name}" for number, name in enumerate(names))
    for number, count in connection.execute(counts).fetchall():
        measured[keys[number]]["dagster/row_count"] = count
    columns: dict[tuple[str, str], set[str]] = {}
    for schema, table, column in connection.execute(
        "select schema_name, table_name, column_name from duckdb_columns() where not internal"
    ).fetchall():
        columns.setdefault((schema, table), set()).add(column)
    for key, name in zip(keys, names, strict=True):
        mine = columns.get((key.path[0], key.path[1]), set())
        money = next((column for column in _MONEY_COLUMNS if column in mine), None)
        if money is not None and "currency" in mine:
            sums = connection.execute(
                f"select currency, sum({money}) from {name} group by currency having sum({money}) is not null"
                " order by currency"
            ).fetchall()
            measured[key][money] = ", ".join(f"{currency} {total:,.2f}" for currency, total in sums) or "none"
    return measured


def _grain_result(check: dg.AssetCheckKey, one: grain.Grain, failing: int) -> dg.AssetCheckResult:
    return dg.AssetCheckResult(
        passed=not failing,
        asset_key=check.asset_key,
        check_name=check.name,
        description=f"{one.relation} has one row for each {one.key}, and no part of it is missing.",
        metadata={"failing_keys": failing, "query": dg.MetadataValue.md(f"```sql\n{one.failing}\n```")},
    )


def _test_result(check: dg.AssetCheckKey, result: Any) -> dg.AssetCheckResult:
    return dg.AssetCheckResult(
        passed=result.status == "pass",
        severity=dg.AssetCheckSeverity.WARN if result.status == "warn" else dg.AssetCheckSeverity.ERROR,
        asset_key=check.asset_key,
        check_name=check.name,
        description=result.message,
        metadata={"failing_rows": result.failures or 0},
    )
