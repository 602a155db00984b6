"""Reading the published snapshot of a home: what status, exceptions and analysts see, never the live warehouse."""

import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import duckdb

from orchestration.facts.home import Home, HomeError
from orchestration.warehouse import named_rows

_MISSING = re.compile(r"Table with name (\w+) does not exist")


def quoted(path: Path) -> str:
    """A path as it stands between the quotes of an SQL text."""
    return str(path).replace("'", "''")


class Snapshot:
    """The published tables as views of one in-memory DuckDB connection.

    One that a version added and no run has published yet is missed by the query that asks for it: HomeError.
    """

    def __init__(self, home: Home) -> None:
        """Raises HomeError when no run has published anything yet."""
        self._connection = duckdb.connect()
        self._connection.execute("set TimeZone = 'UTC'")
        self._folder = home.published
        paths = sorted(home.published.glob("*.parquet"))
        if not paths:
            raise self._missing("cdrs")
        for path in paths:
            # As text, not as a relation of Python: a file is opened when a query asks for it, not all at once.
            self._connection.execute(f"create view {path.stem} as from read_parquet('{quoted(path)}')")

    def rows(self, sql: str, parameters: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
        """All rows of one query over the published tables."""
        return self._asked(sql, list(parameters)).fetchall()

    def named(self, sql: str, parameters: Mapping[str, Any]) -> list[dict[str, Any]]:
        """As `records`, for a query whose parameters have names ($name)."""
        return named_rows(self._asked(sql, dict(parameters)))

    def records(self, sql: str, parameters: Sequence[Any] = ()) -> list[dict[str, Any]]:
        """All rows as dictionaries by column name."""
        return named_rows(self._asked(sql, list(parameters)))

    def _asked(self, sql: str, parameters: list[Any] | dict[str, Any]) -> duckdb.DuckDBPyConnection:
        try:
            return self._connection.execute(sql, parameters)
        except duckdb.CatalogException as error:
            if (found := _MISSING.search(str(error))) is None:
                raise
            raise self._missing(found[1]) from error

    def _missing(self, table: str) -> HomeError:
        return HomeError(f"{self._folder / table}.parquet is not there yet: `evsettle run` publishes it.")
