"""Whether two Parquet files say the same: what did not change is not published again."""

import filecmp
from pathlib import Path
from typing import Any

import duckdb

from orchestration.published import quoted


def has_same_rows(connection: duckdb.DuckDBPyConnection, path: Path, other: Path) -> bool:
    """Whether two files hold the same columns and rows. Their bytes may differ: threads cut row groups as they come."""
    if filecmp.cmp(path, other, shallow=False):
        return True
    one, two = (f"read_parquet('{quoted(file)}')" for file in (path, other))
    if connection.execute(f"describe from {one}").fetchall() != connection.execute(f"describe from {two}").fetchall():
        return False
    # What most changes change is seen at once; to look for each row of one file in the other is dear.
    if _rows(connection, one) != _rows(connection, two):
        return False
    differs = (
        f"select 1 from (from {one}) as one positional join (from {two}) as two where one is distinct from two limit 1"  # noqa: S608
    )
    if connection.execute(differs).fetchone() is None:
        return True
    difference = connection.execute(
        f"select 1 from ((from {one} except all from {two}) union all (from {two} except all from {one})) limit 1"  # noqa: S608
    ).fetchone()
    return difference is None


def _rows(connection: duckdb.DuckDBPyConnection, relation: str) -> tuple[Any, ...] | None:
    """How many rows there are, and a sum over them that is the same in any order and mostly another for others."""
    return connection.execute(f"select count(*), sum(hash(told)) from {relation} as told").fetchone()  # noqa: S608
