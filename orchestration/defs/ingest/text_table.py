"""Python values as a temporary table: the doorway into DuckDB, exact as nothing but whole numbers is a number yet."""

from collections.abc import Mapping, Sequence
from typing import Any

import duckdb

# Importing pandas takes a second or two, which `evsettle price` of a few CDRs must not pay for.
PANDAS_FROM_CELLS = 20_000


def create_text_table(
    connection: duckdb.DuckDBPyConnection,
    name: str,
    columns: Mapping[str, Sequence[Any]],
    types: Mapping[str, str] | None = None,
) -> None:
    """Create or replace the temporary table `name` with a column for each of `columns`, all of one length.

    types: `bigint` or `integer` for the columns of whole numbers; the others are text.
    """
    kinds = {column: (types or {}).get(column, "varchar") for column in columns}
    cells = sum(len(values) for values in columns.values())
    if cells < PANDAS_FROM_CELLS:
        unnested = ", ".join(f"unnest(cast(? as {kinds[column]}[])) as {column}" for column in columns)
        connection.execute(
            f"create or replace temp table {name} as select {unnested}", [list(values) for values in columns.values()]
        )
        return
    import pandas as pd

    series = {
        column: pd.Series(list(values), dtype="object" if kinds[column] == "varchar" else "int64")
        for column, values in columns.items()
    }
    connection.register("text_frame", pd.DataFrame(series))
    names = ", ".join(f"cast({column} as {kinds[column]}) as {column}" for column in columns)
    connection.execute(f"create or replace temp table {name} as select {names} from text_frame")  # noqa: S608 - own names
    connection.unregister("text_frame")
