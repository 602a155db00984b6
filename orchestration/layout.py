"""Which columns the tables of a warehouse have that outlive a run, and what to do with one that another version made.

A warehouse is derived: where its columns are not those of this version it is thrown away, and the ledger rebuilds it.
What does not belong here: what the tables hold.
"""

import hashlib
import json
from pathlib import Path

import duckdb

from orchestration import dbt
from orchestration.warehouse import GATE_TABLES_SQL, RAW_TABLES_SQL, read_warehouse


def layout_sha256() -> str:
    """One hash over the tables that Python writes and the columns of the incremental models."""
    nodes = json.loads(dbt.MANIFEST.read_bytes())["nodes"]
    kept = {
        key: [(column["name"], column["data_type"]) for column in node["columns"].values()]
        for key, node in nodes.items()
        if node["resource_type"] == "model" and node["config"]["materialized"] == "incremental"
    }
    content = [RAW_TABLES_SQL.read_text(), GATE_TABLES_SQL.read_text(), json.dumps(kept, sort_keys=True)]
    return hashlib.sha256("\n".join(content).encode()).hexdigest()


def discard_other_layout(warehouse: Path) -> bool:
    """Remove a warehouse whose tables are not those of this version. Returns whether it did."""
    if not warehouse.exists():
        return False
    with read_warehouse(warehouse) as connection:
        noted = connection.execute(
            "select comment from duckdb_tables() where schema_name = 'ingest' and table_name = 'raw_run'"
        ).fetchone()
    if noted is None or noted[0] == layout_sha256():
        return False
    warehouse.unlink()
    warehouse.with_name(f"{warehouse.name}.wal").unlink(missing_ok=True)
    return True


def note_layout(connection: duckdb.DuckDBPyConnection) -> None:
    """Say in the warehouse which layout it has; once its tables are in place."""
    connection.execute(f"comment on table ingest.raw_run is '{layout_sha256()}'")
