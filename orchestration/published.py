"""Reading the published snapshot of a home: what status, exceptions and analysts see, never the live warehouse."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import duckdb

from orchestration.facts.home import Home, HomeError

TABLES = (
    "records",
    "cdrs",
    "findings",
    "exceptions",
    "exception_groups",
    "quality_days",
    "quality_findings",
    "quality_drifts",
    "charger_incidents",
    "firmware_stops",
    "verdicts",
    "price_lines",
    "discount_lines",
    "adjustments",
    "proposals",
    "statements",
    "statement_lines",
    "waterfall",
    "leakage",
    "documents",
    "journal_lines",
    "accruals",
    "closed_periods",
    "raci",
    "open_items",
    "payments",
    "payment_allocations",
    "disputes",
    "dispute_events",
    "resubmissions",
    "statement_balances",
    "settlements",
    "periods",
    "sealed_differences",
    "events",
    "connectors",
    "tokens",
)


def quoted(path: Path) -> str:
    """A path as it stands between the quotes of an SQL text."""
    return str(path).replace("'", "''")


class Snapshot:
    """The published tables as views of one in-memory DuckDB connection."""

    def __init__(self, home: Home) -> None:
        """Raises HomeError when no run has published anything yet."""
        self._connection = duckdb.connect()
        self._connection.execute("set TimeZone = 'UTC'")
        self.tables = {path.stem: path for path in home.published.glob("*.parquet")}
        for table in TABLES:
            if table not in self.tables:
                raise HomeError(f"{home.published / table}.parquet is not there yet: `evsettle run` publishes it.")
        for table, path in sorted(self.tables.items()):
            # As text, not as a relation of Python: a file is opened when a query asks for it, not all at once.
            self._connection.execute(f"create view {table} as from read_parquet('{quoted(path)}')")

    def rows(self, sql: str, parameters: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
        """All rows of one query over the published tables."""
        return self._connection.execute(sql, list(parameters)).fetchall()

    def named(self, sql: str, parameters: Mapping[str, Any]) -> list[dict[str, Any]]:
        """As `records`, for a query whose parameters have names ($name)."""
        cursor = self._connection.execute(sql, dict(parameters))
        names = [column[0] for column in cursor.description or ()]
        return [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]

    def records(self, sql: str, parameters: Sequence[Any] = ()) -> list[dict[str, Any]]:
        """All rows as dictionaries by column name."""
        cursor = self._connection.execute(sql, list(parameters))
        names = [column[0] for column in cursor.description or ()]
        return [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]
