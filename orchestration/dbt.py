"""The dbt project inside one Python process: manifest and invocation.

DbtCliResource starts a subprocess for each group (3 to 5 s each); here one dbtRunner with the
manifest already read runs a stage in a fraction of a second. What does not belong here: Dagster
(stage_models.py) and any model's name.
"""

import os
import sys
from collections.abc import Collection, Sequence
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

REPOSITORY = Path(__file__).resolve().parent.parent
PROJECT_DIR = REPOSITORY / "dbt_project"
MANIFEST = PROJECT_DIR / "target" / "manifest.json"
PARTIAL_PARSE = PROJECT_DIR / "target" / "partial_parse.msgpack"

# dbt's own log and artifacts: Dagster's event log and the ledger tell the same of a run. Of the relations that are
# there it need only know those of the schemas it builds.
QUIET = ("--quiet", "--log-level", "none", "--log-level-file", "none", "--cache-selected-only")

# Unit tests judge the models, not a run's data: `make test` runs them.
BUILD = ("build", "--no-write-json", "--exclude-resource-type", "unit_test")


class DbtFailed(Exception):
    """A dbt invocation did not succeed; the message names the nodes that failed and why."""

    def __init__(self, message: str, results: Sequence[Any] = ()) -> None:
        super().__init__(message)
        self.results = results


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


def ensure_parsed() -> None:
    """Parse the project where nobody has since it changed: a bare checkout, one that was updated. Raises DbtFailed."""
    if not (MANIFEST.exists() and PARTIAL_PARSE.exists()) or _changed_at() > PARTIAL_PARSE.stat().st_mtime:
        parse()
        # dbt leaves a file alone when it would write the same.
        PARTIAL_PARSE.touch()


def _changed_at() -> float:
    """When a file of the project was last written, added or taken away."""
    folders = (PROJECT_DIR / "models", PROJECT_DIR / "macros", PROJECT_DIR / "tests")
    inside = (path for folder in folders for path in (folder, *folder.rglob("*")))
    return max(path.stat().st_mtime for path in (*inside, *PROJECT_DIR.glob("*.yml")))


def _project_arguments(target: Path) -> list[str]:
    return [
        "--project-dir", str(PROJECT_DIR),
        "--profiles-dir", str(PROJECT_DIR),
        "--target-path", str(target),
        "--log-path", str(target),
    ]  # fmt: skip


def load_manifest(without_tests: frozenset[str] | None = None) -> Any:
    """dbt's Manifest as parsed at set-up: no parsing at run time.

    without_tests: leave out these data tests, and the unit tests, which judge models and not a run's data; dbt walks
    the whole graph at every invocation.
    """
    if not PARTIAL_PARSE.exists():
        parse()
    return _read_manifest(PARTIAL_PARSE.stat().st_mtime_ns, without_tests)


@cache
def _read_manifest(_written_at: int, without_tests: frozenset[str] | None) -> Any:
    """One reading serves every stage of a run; a manifest written later is another one."""
    from dbt.contracts.graph.manifest import Manifest

    manifest = Manifest.from_msgpack(PARTIAL_PARSE.read_bytes())
    if without_tests is not None:
        for test_id in without_tests:
            del manifest.nodes[test_id]
        manifest.unit_tests.clear()
    return manifest


def part_of(manifest: Any, node_ids: Collection[str]) -> Any:
    """dbt's Manifest without the tests that are not among these nodes.

    dbt walks its whole graph several times at every invocation, and most nodes are tests. Every model stays: what is to
    be built may wait for another over a view that is not.
    """
    nodes = {
        node_id: node for node_id, node in manifest.nodes.items() if node.resource_type != "test" or node_id in node_ids
    }
    return replace(manifest, nodes=nodes, files={}, unit_tests={})


def invoke(arguments: Sequence[str], warehouse: Path, manifest: Any = None) -> Sequence[Any]:
    """Run one dbt command on a home's warehouse and close dbt's connections.

    Returns dbt's result of each node it ran. Raises DbtFailed, which has them too.
    """
    from dbt.adapters.duckdb.connections import DuckDBConnectionManager
    from dbt.cli.main import dbtRunner

    _environment(warehouse)
    runner = dbtRunner(manifest=manifest or load_manifest())
    target = warehouse.parent / "dbt"
    try:
        result = runner.invoke([*QUIET, *arguments, *_project_arguments(target)])
    finally:
        DuckDBConnectionManager.close_all_connections()  # type: ignore[no-untyped-call]
    results = list(getattr(result.result, "results", ()))
    if not result.success:
        raise DbtFailed(failure_text(result), results)
    return results


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
