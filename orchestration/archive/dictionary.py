"""The data dictionary of the published tables, from the descriptions of the dbt models and their columns.

What does not belong here: writing files.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

from orchestration import dbt
from orchestration.defs.settle.publish import TABLES

# What a database type is called in a Frictionless table schema.
_FRICTIONLESS = (
    ("DECIMAL", "number"),
    ("BIGINT", "integer"),
    ("INTEGER", "integer"),
    ("SMALLINT", "integer"),
    ("BOOLEAN", "boolean"),
    ("TIMESTAMP", "datetime"),
    ("DATE", "date"),
)


@dataclass(frozen=True, slots=True)
class Column:
    """One column of a published table: its type in the warehouse, and what it says."""

    name: str
    type: str
    description: str

    @property
    def frictionless_type(self) -> str:
        """The type's name in a Frictionless table schema."""
        return next((name for start, name in _FRICTIONLESS if self.type.startswith(start)), "string")


@dataclass(frozen=True, slots=True)
class Table:
    """One published table. `key`: the columns that its rows are in the order of."""

    name: str
    description: str
    key: tuple[str, ...]
    columns: tuple[Column, ...]


@cache
def _models() -> Mapping[str, Any]:
    dbt.ensure_parsed()
    nodes = json.loads(dbt.MANIFEST.read_bytes())["nodes"].values()
    return {f"{node['schema']}.{node['name']}": node for node in nodes if node["resource_type"] == "model"}


def table_of(name: str, columns: Sequence[tuple[str, str]]) -> Table:
    """A published table whose file has these columns (name and type)."""
    published = TABLES[name]
    node = _models()[published.relation]
    own = {column["name"]: column["description"] for column in node["columns"].values()}
    return Table(
        name,
        " ".join(node["description"].split()),
        tuple(part.strip() for part in published.order_by.split(",")),
        tuple(Column(column, kind, " ".join(own.get(column, "").split())) for column, kind in columns),
    )
