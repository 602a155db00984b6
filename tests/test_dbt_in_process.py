"""The two internal imports of dagster-dbt that running dbt in this process depends on: moved ones fail here."""

import inspect


def test_selection_comes_from_the_step_context() -> None:
    from dagster_dbt.asset_utils import get_updated_cli_invocation_params_for_context

    parameters = list(inspect.signature(get_updated_cli_invocation_params_for_context).parameters)
    assert parameters[:3] == ["context", "manifest", "dagster_dbt_translator"]


def test_dbt_events_become_dagster_events() -> None:
    from dagster_dbt.core.dbt_cli_event import DbtCoreCliEventMessage

    assert {"raw_event", "event_history_metadata"} <= set(inspect.signature(DbtCoreCliEventMessage).parameters)
    assert "target_path" in inspect.signature(DbtCoreCliEventMessage.to_default_asset_events).parameters


def test_dbt_connections_can_be_closed() -> None:
    from dbt.adapters.duckdb.connections import DuckDBConnectionManager

    assert callable(DuckDBConnectionManager.close_all_connections)
