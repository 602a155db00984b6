"""Which columns the tables of a warehouse have that outlive a run, and what to do with one that another version made.

A warehouse is derived: where its columns are not those of this version, where what it kept does not fit or cannot be
read, it is thrown away, and the ledger rebuilds it.
What does not belong here: what the tables hold.
"""

import hashlib
import json
from pathlib import Path

import duckdb

from orchestration import dbt
from orchestration.warehouse import GATE_TABLES_SQL, RAW_TABLES_SQL, read_warehouse

_GIVEN_UP = "given up: "
# What DuckDB says when another process has the file.
_LOCKED = "Could not set lock on file"


class WarehouseInUse(Exception):
    """Another program has the warehouse open; one sentence."""


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


def discard_other_layout(warehouse: Path) -> str | None:
    """Remove a warehouse that cannot go on: of another version, given up, damaged. Returns why, when it did.

    Raises WarehouseInUse while another program has it.
    """
    if not warehouse.exists():
        return None
    try:
        with read_warehouse(warehouse) as connection:
            noted = connection.execute(
                "select comment from duckdb_tables() where schema_name = 'ingest' and table_name = 'raw_run'"
            ).fetchone()
    except duckdb.Error as error:
        if _LOCKED in str(error):
            raise WarehouseInUse(
                f"Another program has {warehouse} open ({str(error).partition(_LOCKED)[2].strip(': .')}): "
                "close it and run again."
            ) from error
        said = str(error).splitlines()[0].replace(str(warehouse), warehouse.name).rstrip(".!")
        return _remove(warehouse, f"they cannot be read ({said})")
    if noted is None or noted[0] == layout_sha256():
        return None
    given_up = str(noted[0] or "").partition(_GIVEN_UP)
    return _remove(warehouse, given_up[2] if given_up[1] else "another version made them")


def _remove(warehouse: Path, why: str) -> str:
    warehouse.unlink()
    warehouse.with_name(f"{warehouse.name}.wal").unlink(missing_ok=True)
    return why


def give_up(warehouse: Path, why: str) -> None:
    """Say in the warehouse that its kept tables do not fit: the next run throws it away and builds it again."""
    with read_warehouse(warehouse) as connection:
        told = f"{_GIVEN_UP}{why}".replace("'", "''")
        connection.execute(f"comment on table ingest.raw_run is '{told}'")


def note_layout(connection: duckdb.DuckDBPyConnection) -> None:
    """Say in the warehouse which layout it has; once its tables are in place."""
    connection.execute(f"comment on table ingest.raw_run is '{layout_sha256()}'")
