"""The tables written by hand have the columns and types that the models of earlier stages promise."""

import json

import pytest

from orchestration import dbt
from tests.settle.by_hand import UPSTREAM


@pytest.mark.parametrize("table", UPSTREAM)
def test_hand_made_columns_are_those_of_the_contract(table: str) -> None:
    stage, name = table.split(".")
    if not dbt.MANIFEST.exists():
        dbt.parse()
    node = json.loads(dbt.MANIFEST.read_text())["nodes"][f"model.evsettle.{name}"]
    assert node["schema"] == stage
    contract = {column: described["data_type"] for column, described in node["columns"].items()}
    assert {column: contract.get(column) for column in UPSTREAM[table]} == dict(UPSTREAM[table])
