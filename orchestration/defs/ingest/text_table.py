"""Python values as a temporary table: the doorway into DuckDB, exact as nothing but whole numbers is a number yet."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import duckdb

if TYPE_CHECKING:
    import numpy as np

# Importing numpy takes a while, which `evsettle price` of a few CDRs must not pay for.
NUMPY_FROM_CELLS = 20_000


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
    if not are_many(columns):
        unnested = ", ".join(f"unnest(cast(? as {kinds[column]}[])) as {column}" for column in columns)
        connection.execute(
            f"create or replace temp table {name} as select {unnested}", [list(values) for values in columns.values()]
        )
        return
    frame = text_frame(columns, types or {})  # noqa: F841 - DuckDB finds it by its name
    names = ", ".join(f"cast({column} as {kinds[column]}) as {column}" for column in columns)
    connection.execute(f"create or replace temp table {name} as select {names} from frame")  # noqa: S608 - own names


def text_source(
    connection: duckdb.DuckDBPyConnection,
    name: str,
    columns: Mapping[str, Sequence[Any]],
    types: Mapping[str, str],
) -> "dict[str, np.ndarray[Any, Any]] | duckdb.DuckDBPyRelation":
    """The same for statements that name the variable which holds it: many values stay where Python has them."""
    if are_many(columns):
        return text_frame(columns, types)
    create_text_table(connection, name, columns, types)
    return connection.table(name)


def are_many(columns: Mapping[str, Sequence[Any]]) -> bool:
    """Whether there are enough cells to be worth numpy."""
    return sum(len(values) for values in columns.values()) >= NUMPY_FROM_CELLS


def text_frame(
    columns: Mapping[str, Sequence[Any]], types: Mapping[str, str] | None = None
) -> "dict[str, np.ndarray[Any, Any]]":
    """The same for a statement that names the variable which holds it; nothing is copied but references."""
    import numpy as np

    return {
        column: np.array(values, dtype="int64" if column in (types or {}) else "object")
        for column, values in columns.items()
    }


class Halves:
    """Rows in two parts for a statement that is planned once and run for chunk after chunk: one thread reads one part.

    The plan reads these arrays, whatever is put into them later. What is not filled is zero, or null.
    """

    def __init__(self, columns: Mapping[str, Sequence[Any]], types: Mapping[str, str]) -> None:
        import numpy as np

        # A little more than there is: chunks are of the same size in bytes, not in records.
        self._size = len(next(iter(columns.values()))) * 5 // 8
        self.begin, self.end = (
            {
                name: np.zeros(self._size, dtype="int64") if name in types else np.full(self._size, None)
                for name in columns
            }
            for _ in range(2)
        )
        self.fill(columns)

    def has_room(self, rows: int) -> bool:
        """Whether so many rows can be put in."""
        return rows <= 2 * self._size

    def fill(self, columns: Mapping[str, Sequence[Any]]) -> None:
        """Put rows in place of those before."""
        for name, values in columns.items():
            middle = (len(values) + 1) // 2
            for array, part in ((self.begin[name], values[:middle]), (self.end[name], values[middle:])):
                array[: len(part)] = part
                array[len(part) :] = None if array.dtype == object else 0

    def clear(self) -> None:
        """Hold no row any more."""
        self.fill(dict.fromkeys(self.begin, ()))
