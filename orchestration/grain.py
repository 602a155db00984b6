"""The grain of the models: dbt's uniqueness tests of a stage, asked in one query instead of a node of dbt each.

A run builds a hundred models, and every one says what its rows are unique on. As nodes of dbt those tests
cost half as much as the models; together they are one statement, and each remains a check of its asset.
dbt's own generic tests (`unique` and dbt_project/tests/generic/is_unique_on.sql) say the same: a test holds
the two together. What does not belong here: any other data test; dbt runs those.
"""

# ruff: noqa: S608 - names of our own models and columns, from the manifest.

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import duckdb

_PLAIN = {"severity": "ERROR", "where": None, "limit": None, "fail_calc": "count(*)", "error_if": "!= 0"}


@dataclass(frozen=True, slots=True)
class Grain:
    """One uniqueness test: dbt's ids of it and its model, the relation, its key, the query of its failing rows."""

    test_id: str
    model_id: str
    relation: str
    key: str
    failing: str


def grains(manifest: Mapping[str, Any]) -> Iterator[Grain]:
    """The uniqueness tests of a manifest. One with a condition or a threshold of its own is left to dbt."""
    for test_id, node in manifest["nodes"].items():
        about = node.get("test_metadata")
        if not about or about["name"] not in ("unique", "is_unique_on"):
            continue
        if any(str(node["config"].get(key)) != str(value) for key, value in _PLAIN.items()):
            continue
        model = manifest["nodes"].get(node["attached_node"])
        if model is None:
            continue
        relation = f"{model['schema']}.{model['alias']}"
        if about["name"] == "unique":
            listed = column = about["kwargs"]["column_name"]
            rows = f"select {column} from {relation} where {column} is not null group by all having count(*) > 1"
        else:
            columns = about["kwargs"]["columns"]
            listed, nulls = ", ".join(columns), "".join(f" or {column} is null" for column in columns)
            rows = f"select {listed} from {relation} group by {listed} having count(*) > 1{nulls}"
        yield Grain(test_id, node["attached_node"], relation, listed, rows)


def failing_keys(connection: duckdb.DuckDBPyConnection, asked: Sequence[Grain]) -> dict[str, int]:
    """How many keys fail each test, by its id. Raises duckdb.Error where a relation or column is not there."""
    if not asked:
        return {}
    counts = " union all ".join(
        f"select {number} as number, count(*) as failing from ({grain.failing})" for number, grain in enumerate(asked)
    )
    return {asked[number].test_id: failing for number, failing in connection.execute(counts).fetchall()}
