"""The imports from inside dagster-dbt and dbt that running dbt in this process depends on: moved ones fail here."""

import inspect


def test_a_test_of_dbt_is_a_check_of_an_asset() -> None:
    from dagster_dbt.asset_utils import get_asset_check_key_for_test

    parameters = list(inspect.signature(get_asset_check_key_for_test).parameters)
    assert parameters == ["manifest", "dagster_dbt_translator", "test_unique_id", "project"]


def test_dbt_connections_can_be_closed() -> None:
    from dbt.adapters.duckdb.connections import DuckDBConnectionManager

    assert callable(DuckDBConnectionManager.close_all_connections)
