"""Python values as a temporary table: the doorway into DuckDB, exact as nothing but whole numbers is a number yet."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import duckdb

if TYPE_CHECKING:
    import pandas as pd

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
    connection.register("text_frame", _frame(columns, types or {}))
    names = ", ".join(f"cast({column} as {kinds[column]}) as {column}" for column in columns)
    connection.execute(f"create or replace temp table {name} as select {names} from text_frame")  # noqa: S608 - own names
    connection.unregister("text_frame")


def text_relation(
    connection: duckdb.DuckDBPyConnection,
    name: str,
    columns: Mapping[str, Sequence[Any]],
    types: Mapping[str, str],
) -> duckdb.DuckDBPyRelation:
    """The same as a relation, which for many values is gone when nobody holds it; few are a table of that name."""
    if sum(len(values) for values in columns.values()) < PANDAS_FROM_CELLS:
        create_text_table(connection, name, columns, types)
        return connection.table(name)
    frame = _frame(columns, types)  # noqa: F841 - DuckDB finds it by its name
    names = ", ".join(f"cast({column} as {types.get(column, 'varchar')}) as {column}" for column in columns)
    connection.execute(f"prepare {name}_query as select {names} from frame")  # noqa: S608 - own names
    relation = connection.sql(f"execute {name}_query")
    connection.execute(f"deallocate {name}_query")
    return relation


def _frame(columns: Mapping[str, Sequence[Any]], types: Mapping[str, str]) -> "pd.DataFrame":
    import pandas as pd

    return pd.DataFrame(
        {
            column: pd.Series(list(values), dtype="int64" if column in types else "object")
            for column, values in columns.items()
        }
    )
