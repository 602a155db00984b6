"""Draft statements as files: reports/<period>/<partner>/<statement_id>.csv and .xlsx with manifest.json.

The bytes depend on the statement alone: no run, no clock, no ledger hash. What does not belong here: any sum.
"""

import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal
from pathlib import Path
from typing import Any

import dagster as dg
import duckdb

from orchestration.defs.partitions import STATEMENTS
from orchestration.defs.resources import Settlement
from orchestration.defs.settle.report_folder import MANIFEST, folder_of, manifest_of, rendered, replace_file
from orchestration.defs.settle.sealing import restore
from orchestration.defs.settle.statements import (
    STEP_COLUMNS,
    Cell,
    Statement,
    content_hashes,
    exact,
    read_heads,
    with_lines,
)
from orchestration.facts import ledger
from orchestration.facts.home import Home
from orchestration.facts.ledger import Entry
from orchestration.facts.seals import seals
from orchestration.version import engine_version
from orchestration.warehouse import open_warehouse


def write_statements(
    connection: duckdb.DuckDBPyConnection, home: Home, period: str = "", partner: str = ""
) -> dict[str, str]:
    """Write the drafts of a period and partner ('' for all) and take away drafts that no longer stand.

    Returns every file that stands in that scope: path below the home, sha256. What has not changed since it was written
    is neither made nor touched. The folder of a sealed period is left as it is: its bytes are facts.
    """
    folders: dict[Path, list[Statement]] = {}
    for statement in read_heads(connection, period, partner):
        folders.setdefault(home.reports / statement.period / statement.partner, []).append(statement)
    for folder in _report_folders(home, period, partner):
        folders.setdefault(folder, [])
    sealed = {folder_of(home, *subject.split("|", 1)) for subject in seals(ledger.read_all(home))}
    drafts = {folder: statements for folder, statements in sorted(folders.items()) if folder not in sealed}
    files = _write_files(connection, home, drafts)
    standing: dict[str, str] = {}
    for folder, statements in drafts.items():
        mine = {name: sha256 for one in statements for name, sha256 in files[one.statement_id].items()}
        for name, sha256 in _finish_folder(folder, statements, dict(sorted(mine.items()))).items():
            standing[(folder / name).relative_to(home.root).as_posix()] = sha256
    return standing


def _write_files(
    connection: duckdb.DuckDBPyConnection, home: Home, drafts: Mapping[Path, Sequence[Statement]]
) -> dict[str, dict[str, str]]:
    """The files of each statement, name and sha256 by its id; those whose statement has changed are written first."""
    heads = [one for statements in drafts.values() for one in statements]
    contents = content_hashes(connection, heads)
    written = _read_written(home)
    stale = []
    for head in heads:
        before = written.get(head.statement_id)
        folder = home.reports / head.period / head.partner
        if before is None or before["content"] != contents[head.statement_id] or not _stands(folder, before["files"]):
            stale.append(head)
    for statement in with_lines(connection, stale):
        folder = home.reports / statement.period / statement.partner
        folder.mkdir(parents=True, exist_ok=True)
        files = {}
        for name, data in rendered(statement).items():
            replace_file(folder / name, data)
            files[name] = hashlib.sha256(data).hexdigest()
        written[statement.statement_id] = {"content": contents[statement.statement_id], "files": files}
    _keep_written(home, written)
    return {head.statement_id: written[head.statement_id]["files"] for head in heads}


def _stands(folder: Path, files: Mapping[str, str]) -> bool:
    return all(
        (folder / name).is_file() and hashlib.sha256((folder / name).read_bytes()).hexdigest() == sha256
        for name, sha256 in files.items()
    )


def _memory(home: Home) -> Path:
    """Beside the warehouse and derived as it is: without it every file is made again, and is the same."""
    return home.warehouse.parent / "statement_files.json"


def _read_written(home: Home) -> dict[str, Any]:
    """What this version last wrote for each statement: hash of its content, its files."""
    try:
        memory = json.loads(_memory(home).read_bytes())
    except (OSError, ValueError):
        return {}
    return dict(memory["statements"]) if memory.get("version") == engine_version() else {}


def _keep_written(home: Home, written: Mapping[str, Any]) -> None:
    _memory(home).parent.mkdir(parents=True, exist_ok=True)
    body = {"version": engine_version(), "statements": written}
    replace_file(_memory(home), json.dumps(body, sort_keys=True).encode())


def manifests(home: Home) -> dict[str, str]:
    """Every manifest under reports/: path below the home, sha256 of its bytes."""
    return {
        path.relative_to(home.root).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(home.reports.glob(f"*/*/{MANIFEST}"))
    }


def _report_folders(home: Home, period: str, partner: str) -> Iterator[Path]:
    for path in home.reports.glob(f"*/*/{MANIFEST}"):
        folder = path.parent
        if period in ("", folder.parent.name) and partner in ("", folder.name):
            yield folder


def _finish_folder(folder: Path, statements: Sequence[Statement], files: dict[str, str]) -> dict[str, str]:
    """Write the manifest, last, and take away what no longer stands. Returns the folder's files with the manifest."""
    if statements:
        manifest = manifest_of(files, statements)
        replace_file(folder / MANIFEST, manifest)
        files[MANIFEST] = hashlib.sha256(manifest).hexdigest()
    for left in _listed(folder):
        if left not in files:
            (folder / left).unlink(missing_ok=True)
    if not statements:
        (folder / MANIFEST).unlink(missing_ok=True)
        for empty in (folder, folder.parent):
            if empty.is_dir() and not any(empty.iterdir()):
                empty.rmdir()
    return files


def _listed(folder: Path) -> list[str]:
    """Files that are ours to take away: statements' names only, so what somebody laid beside them stays."""
    return [
        path.name
        for path in (folder.iterdir() if folder.is_dir() else ())
        if path.suffix in (".csv", ".xlsx") and path.name.startswith(f"{folder.parent.name}-{folder.name}-")
    ]


@dg.asset(
    key_prefix="settle",
    group_name="settle",
    kinds={"csv", "xlsx"},
    owners=["finance@evsettle.example"],
    deps=[["settle", name] for name in ("statements", "statement_lines", "cdr_outcomes", "waterfall")],
    description="Draft statements under reports/: CSV and XLSX with the same totals, and a manifest with their hashes.",
)
def statement_files(context: dg.AssetExecutionContext, settlement: Settlement) -> Iterator[dg.MaterializeResult[None]]:
    """Write what stands, then tell the partition of each period and partner what is in it."""
    home = settlement.home
    entries = ledger.read_all(home)
    sealed = seals(entries)
    for path in restore(home, list(sealed.values())):
        context.log.warning(f"{path} was missing and is there again, as it was sealed.")
    with open_warehouse(home.warehouse) as connection:
        files = write_statements(connection, home, settlement.period)
        statements = read_heads(connection, settlement.period)
    yield dg.MaterializeResult(metadata={"files": len(files), "statements": len(statements)})
    by_partition: dict[str, list[Statement]] = {}
    for statement in statements:
        by_partition.setdefault(f"{statement.period}|{statement.partner}", []).append(statement)
    context.instance.add_dynamic_partitions("statements", sorted(by_partition))
    # After the files, or the UI would take every statement for older than what it is made of. What was sealed is told
    # once, by the first run after it.
    last_run = max((entry.seq for entry in entries if entry.kind == "run-end"), default=0)
    for key, told in sorted(by_partition.items()):
        seal = sealed.get(key)
        if seal is None or seal.seq > last_run:
            metadata = _metadata(home, told, seal)
            context.log_event(
                dg.AssetMaterialization(asset_key=["settle", "statement"], partition=key, metadata=metadata)
            )


@dg.asset(
    key_prefix="settle",
    group_name="settle",
    kinds={"csv", "xlsx"},
    owners=["finance@evsettle.example"],
    partitions_def=STATEMENTS,
    deps=[statement_files],
    description="The drafts of one period and partner. A run fills it in; materialize one to write its files again. "
    "A sealed one is refused: it never changes.",
)
def statement(context: dg.AssetExecutionContext, settlement: Settlement) -> dg.MaterializeResult[None]:
    """Write the files of one partition again from the warehouse as it stands."""
    period, _, partner = context.partition_key.partition("|")
    refuse_sealed(settlement.home, context.partition_key)
    with open_warehouse(settlement.home.warehouse) as connection:
        write_statements(connection, settlement.home, period, partner)
        drafts = read_heads(connection, period, partner)
    return dg.MaterializeResult(metadata=_metadata(settlement.home, drafts))


def refuse_sealed(home: Home, subject: str) -> None:
    """The guard of every write to one period and partner. Raises dg.Failure when it is sealed."""
    seal = seals(ledger.read_all(home)).get(subject)
    if seal is not None:
        raise dg.Failure(
            description=f"PERIOD_SEALED_WRITE: {subject} is sealed (entry {seal.seq}, {seal.at}) and never changes: "
            "what is late or corrected stands in the next open period.",
            allow_retries=False,
        )


def _metadata(home: Home, drafts: Sequence[Statement], seal: Entry | None = None) -> dict[str, Any]:
    """What an analyst wants to see of the drafts of one partition: amounts, the way to them, where the files are."""
    if not drafts:
        return {"statements": 0}
    folder = home.reports / drafts[0].period / drafts[0].partner
    amounts = [
        {"statement_id": one.statement_id, "direction": one.direction, "status": one.status, "currency": one.currency}
        | {name: _shown(name, value) for name, value in one.totals.items()}
        for one in drafts
    ]
    steps = [
        {"statement_id": one.statement_id}
        | {name: _shown(name, value) for name, value in zip(STEP_COLUMNS, step, strict=True)}
        for one in drafts
        for step in one.steps
    ]
    return {
        "statements": dg.MetadataValue.table([dg.TableRecord(row) for row in amounts]),
        **({"waterfall": dg.MetadataValue.table([dg.TableRecord(row) for row in steps])} if steps else {}),
        "folder": dg.MetadataValue.path(str(folder)),
        **({"sealed by": f"{seal.actor}, entry {seal.seq}, {seal.at}"} if seal else {}),
        "explain a line": "evsettle explain <cdr_id> goes from the line back to the file and the row it came in",
    }


def _shown(name: str, value: Cell) -> str:
    if isinstance(value, Decimal):
        return exact(value, decimals=0 if name == "energy_kwh" else 2)
    return "unknown" if value is None else str(value)
