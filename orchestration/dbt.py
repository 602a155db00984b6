"""The dbt project inside one Python process: manifest, invocation, Dagster assets of a stage.

DbtCliResource starts a subprocess for each group (3 to 5 s each); here one dbtRunner with the
manifest already read runs a stage in a fraction of a second, and its events become the same
materializations and checks. What does not belong here: any model's name.
"""

import os
import sys
from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any, Literal

REPOSITORY = Path(__file__).resolve().parent.parent
PROJECT_DIR = REPOSITORY / "dbt_project"
MANIFEST = PROJECT_DIR / "target" / "manifest.json"
PARTIAL_PARSE = PROJECT_DIR / "target" / "partial_parse.msgpack"

# dbt's own log and artifacts: Dagster's event log and the ledger tell the same of a run. Of the relations that are
# there it need only know those of the schemas it builds.
QUIET = ("--quiet", "--log-level", "none", "--log-level-file", "none", "--cache-selected-only")

# The events that say how a model or a test ended; of the many others a run needs none.
_RESULTS = {"LogModelResult", "LogSeedResult", "LogTestResult"}

# Unit tests judge the models, not a run's data: `make test` runs them.
BUILD = ("build", "--no-write-json", "--exclude-resource-type", "unit_test")


class DbtFailed(Exception):
    """A dbt invocation did not succeed; the message names the nodes that failed and why."""


def _environment(warehouse: Path) -> None:
    os.environ["EVSETTLE_WAREHOUSE"] = str(warehouse)
    os.environ["DBT_INDIRECT_SELECTION"] = "buildable"
    os.environ["DO_NOT_TRACK"] = "1"


def parse() -> Path:
    """Write target/manifest.json and target/partial_parse.msgpack; both are made, never committed."""
    from dbt.cli.main import dbtRunner

    result = dbtRunner().invoke(["--quiet", "parse", *_project_arguments(PROJECT_DIR / "target")])
    if not result.success:
        raise DbtFailed(str(result.exception))
    return MANIFEST


def _project_arguments(target: Path) -> list[str]:
    return [
        "--project-dir", str(PROJECT_DIR),
        "--profiles-dir", str(PROJECT_DIR),
        "--target-path", str(target),
        "--log-path", str(target),
    ]  # fmt: skip


def load_manifest() -> Any:
    """dbt's Manifest as parsed at set-up: no parsing at run time."""
    if not PARTIAL_PARSE.exists():
        parse()
    return _read_manifest(PARTIAL_PARSE.stat().st_mtime_ns)


@cache
def _read_manifest(_written_at: int) -> Any:
    """One reading serves every stage of a run; a manifest written later is another one."""
    from dbt.contracts.graph.manifest import Manifest

    return Manifest.from_msgpack(PARTIAL_PARSE.read_bytes())


def invoke(arguments: Sequence[str], warehouse: Path, callbacks: Sequence[Any] = (), manifest: Any = None) -> None:
    """Run one dbt command on a home's warehouse and close dbt's connections. Raises DbtFailed."""
    from dbt.adapters.duckdb.connections import DuckDBConnectionManager
    from dbt.cli.main import dbtRunner

    _environment(warehouse)
    runner = dbtRunner(manifest=manifest or load_manifest(), callbacks=list(callbacks))
    target = warehouse.parent / "dbt"
    try:
        result = runner.invoke([*QUIET, *arguments, *_project_arguments(target)])
    finally:
        DuckDBConnectionManager.close_all_connections()  # type: ignore[no-untyped-call]
    if not result.success:
        raise DbtFailed(failure_text(result))


def failure_text(result: Any) -> str:
    """One line for each node that failed."""
    if result.exception is not None:
        return str(result.exception)
    failed = [
        f"{node.node.name}: {(node.message or node.status).strip()}"
        for node in getattr(result.result, "results", [])
        if node.status in ("error", "fail", "runtime error")
    ]
    return "\n".join(failed) or "dbt did not say why"


def build_stage(stage: str, warehouse: Path) -> None:
    """Build and test the models of one stage, without Dagster (tests, benchmarks)."""
    invoke([*BUILD, "--select", f"group:{stage}"], warehouse)


def stage_models(stage: str, side: Literal["before", "after"] | None = None) -> Any:
    """Dagster assets for the dbt models of a stage, built by one dbt invocation.

    side: of a stage whose own gate stands among its models, those before it or those that read it, directly or not.
    Dagster would cut such a group by itself, and into twice the pieces that are needed.
    """
    import dagster as dg
    from dagster_dbt import dbt_assets

    reads_gate = f"source:{stage}.gate_findings+ source:{stage}.gate_verdicts+"
    match side:
        case None:
            name, select, exclude = f"{stage}_models", f"group:{stage}", ""
        case "before":
            name, select, exclude = f"{stage}_models", f"group:{stage}", reads_gate
        case "after":
            name, exclude = f"{stage}_models_after_gate", ""
            select = " ".join(f"group:{stage},{reader}" for reader in reads_gate.split())

    @dbt_assets(manifest=MANIFEST, select=select, exclude=exclude, name=name)
    def models(context: dg.AssetExecutionContext, settlement: dg.ResourceParam[Any]) -> Iterator[object]:
        yield from build_in_process(context, settlement.home.warehouse)

    return models


def build_in_process(context: Any, warehouse: Path) -> Iterator[object]:
    """dbt build of the selected models of this step, yielding Dagster's events as nodes finish."""
    from dagster_dbt import DagsterDbtTranslator
    from dagster_dbt.asset_utils import get_updated_cli_invocation_params_for_context
    from dagster_dbt.core.dbt_cli_event import DbtCoreCliEventMessage
    from google.protobuf.json_format import MessageToDict

    manifest: Mapping[str, Any] = _dagster_manifest()
    parameters = get_updated_cli_invocation_params_for_context(context, manifest, DagsterDbtTranslator())
    selection = parameters.selection_args
    messages: list[dict[str, Any]] = []
    failure: DbtFailed | None = None

    def keep_result(event: Any) -> None:
        if event.info.name in _RESULTS:
            messages.append(MessageToDict(event, preserving_proto_field_name=True))

    try:
        invoke(
            [*BUILD, *selection],
            warehouse,
            callbacks=[keep_result],
        )
    except DbtFailed as error:
        failure = error
    for key, metadata in _measures(warehouse, context.selected_asset_keys).items():
        context.add_asset_metadata(metadata, asset_key=key)
    for message in messages:
        event = DbtCoreCliEventMessage(raw_event=message, event_history_metadata={})
        yield from event.to_default_asset_events(
            manifest=manifest,
            dagster_dbt_translator=parameters.dagster_dbt_translator,
            context=context,
            target_path=warehouse.parent / "dbt",
        )
    if failure is not None:
        import dagster as dg

        raise dg.Failure(description=str(failure)) from failure


# Sums of these columns are worth seeing on an asset; one per currency where there is one.
_MONEY_COLUMNS = ("amount_excl_tax", "settled_excl_tax", "expected_excl_tax", "total_excl_tax")


def _measures(warehouse: Path, keys: Any) -> dict[Any, dict[str, Any]]:
    """Row count, and money by currency, of each selected model that has been built."""
    import dagster as dg

    from orchestration.warehouse import read_warehouse

    measured: dict[Any, dict[str, Any]] = {}
    with read_warehouse(warehouse) as connection:
        built = set(connection.execute("select table_schema, table_name from information_schema.tables").fetchall())
        for key in keys:
            if tuple(key.path) not in built:
                continue
            relation = connection.table(".".join(key.path))
            measured[key] = {"dagster/row_count": relation.aggregate("count(*)").fetchall()[0][0]}
            money = next((column for column in _MONEY_COLUMNS if column in relation.columns), None)
            if money is not None and "currency" in relation.columns:
                sums = relation.aggregate(f"currency, sum({money}) as total", "currency").order("currency").fetchall()
                text = ", ".join(f"{currency} {total:,.2f}" for currency, total in sums if total is not None)
                measured[key][money] = dg.MetadataValue.text(text or "none")
    return measured


def _dagster_manifest() -> Mapping[str, Any]:
    from dagster_dbt.dbt_manifest import validate_manifest

    return validate_manifest(MANIFEST)


def main() -> None:
    """`python -m orchestration.dbt parse|engine`, called by the Makefile."""
    match sys.argv[1:]:
        case ["parse"]:
            parse()
        case ["engine"]:
            from orchestration.engine.compile import write_engine

            write_engine()
        case _:
            sys.exit("python -m orchestration.dbt parse | engine")


if __name__ == "__main__":
    main()
