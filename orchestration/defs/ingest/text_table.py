"""Rows of text as a temporary table: the doorway of Python values into DuckDB, exact as nothing is a number yet."""

from collections.abc import Sequence

import duckdb

# Importing pandas takes a second or two, which `evsettle price` of a few CDRs must not pay for.
PANDAS_FROM_CELLS = 20_000


def create_text_table(
    connection: duckdb.DuckDBPyConnection, name: str, columns: dict[str, Sequence[str | None]]
) -> None:
    """Create or replace the temporary table `name` with one varchar column for each of `columns`, all of one length."""
    cells = sum(len(values) for values in columns.values())
    if cells < PANDAS_FROM_CELLS:
        unnested = ", ".join(f"unnest(cast(? as varchar[])) as {column}" for column in columns)
        connection.execute(
            f"create or replace temp table {name} as select {unnested}", [list(values) for values in columns.values()]
        )
        return
    import pandas as pd

    frame = pd.DataFrame({column: pd.Series(list(values), dtype="object") for column, values in columns.items()})
    connection.register("text_frame", frame)
    names = ", ".join(columns)
    connection.execute(f"create or replace temp table {name} as select {names} from text_frame")  # noqa: S608 - own names
    connection.unregister("text_frame")
