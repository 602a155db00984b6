"""The pricing models as plain SQL: dbt's compiled text of the rate stage and all it reads, shipped as package data.

Models of later stages that carry the tag `engine` are shipped too, for those who compare prices: `price` stops at rate.

What does not belong here: running that SQL (price).
"""

import json
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import msgspec

ENGINE_DIR = Path(__file__).resolve().parent
MODELS_DIR = ENGINE_DIR / "models"
ORDER_FILE = ENGINE_DIR / "order.json"
STAGE = "rate"
TAG = "engine"


class Step(msgspec.Struct, frozen=True):
    """One model to run: `kind` is table or view, `sql` the compiled select; models without `sql` text are not there."""

    schema: str
    name: str
    kind: str


def compiled_engine() -> dict[str, str]:
    """What the engine's files must hold: file name under orchestration/engine → content. Takes a full `dbt compile`."""
    from orchestration.dbt import invoke

    with tempfile.TemporaryDirectory() as folder:
        # dbt names the database after the file, and the SQL must say "evsettle".
        warehouse = Path(folder) / "evsettle.duckdb"
        _prepare(warehouse)
        invoke(["compile", "--select", f"+group:{STAGE}", f"+tag:{TAG}"], warehouse)
        manifest = json.loads((Path(folder) / "dbt" / "manifest.json").read_text())
    return _files(manifest)


def _prepare(warehouse: Path) -> None:
    from orchestration.warehouse import open_warehouse

    with open_warehouse(warehouse):
        pass


def _files(manifest: Mapping[str, Any]) -> dict[str, str]:
    nodes = _ordered(manifest)
    order = [Step(node["schema"], node["name"], _kind(node)) for node in nodes]
    files = {f"models/{node['schema']}.{node['name']}.sql": node["compiled_code"].strip() + "\n" for node in nodes}
    return {**files, "order.json": json.dumps(msgspec.to_builtins(order), indent=2) + "\n"}


def _kind(node: Mapping[str, Any]) -> str:
    return "view" if node["config"]["materialized"] == "view" else "table"


def _ordered(manifest: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """The stage's and the tagged models and their ancestors, each after all it reads; by name where order is free."""
    models = {key: node for key, node in manifest["nodes"].items() if node["resource_type"] == "model"}
    ordered: dict[str, Mapping[str, Any]] = {}

    def add(key: str) -> None:
        if key in ordered or key not in models:
            return
        for parent in sorted(models[key]["depends_on"]["nodes"]):
            add(parent)
        ordered[key] = models[key]

    for key in sorted(models):
        if models[key]["group"] == STAGE:
            add(key)
    for key in sorted(models):
        if TAG in models[key]["tags"]:
            add(key)
    return list(ordered.values())


def write_engine() -> None:
    """Replace the engine's SQL files by what the dbt project says now."""
    files = compiled_engine()
    MODELS_DIR.mkdir(exist_ok=True)
    for stale in MODELS_DIR.glob("*.sql"):
        if f"models/{stale.name}" not in files:
            stale.unlink()
    for name, content in files.items():
        (ENGINE_DIR / name).write_text(content)


def read_engine(last_stage: str = STAGE) -> list[tuple[Step, str]]:
    """The steps up to a stage (they stand in the order of the alphabet) in the order to run them, each with its SQL."""
    order = msgspec.json.decode(ORDER_FILE.read_bytes(), type=list[Step])
    steps = [step for step in order if step.schema <= last_stage]
    return [(step, (MODELS_DIR / f"{step.schema}.{step.name}.sql").read_text()) for step in steps]
