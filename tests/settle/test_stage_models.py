"""What building models tells Dagster: rows, checks of their grain, failures; on the fifteen sessions."""

import json
import os
import re
from pathlib import Path
from typing import Any

import dagster as dg
import duckdb
import pytest

from orchestration import dbt, grain, stage_models

VERDICTS = dg.AssetKey(["settle", "verdicts"])


def manifest() -> dict[str, Any]:
    if not dbt.MANIFEST.exists():
        dbt.parse()
    loaded: dict[str, Any] = json.loads(dbt.MANIFEST.read_text())
    return loaded


def built(warehouse: Path, *names: str, stage: str = "settle") -> tuple[list[Any], str]:
    """The events of building these models with all their checks, and the failure at the end."""
    project = stage_models._project(dbt.MANIFEST.stat().st_mtime_ns)
    keys = {dg.AssetKey([stage, name]) for name in names}
    checks = {check for check in project.checks.values() if check.asset_key in keys}
    events: list[Any] = []
    try:
        for event in stage_models.build(keys, checks, warehouse):
            events.append(event)
    except dg.Failure as failure:
        return events, failure.description or ""
    return events, ""


def given_up(warehouse: Path) -> str:
    """Why the next run builds the warehouse again; empty when it goes on with it."""
    with duckdb.connect(str(warehouse), read_only=True) as connection:
        [(noted,)] = connection.execute("select comment from duckdb_tables() where table_name = 'raw_run'").fetchall()
    return str(noted).partition("given up: ")[2]


def test_the_one_query_finds_what_the_tests_of_dbt_find(fifteen_copy: Path) -> None:
    with duckdb.connect(str(fifteen_copy)) as connection:
        for table in ("statements", "statement_lines", "waterfall"):
            connection.execute(f"insert into settle.{table} from settle.{table} limit 2")
        connection.execute("alter table settle.cdr_outcomes alter cdr_key drop not null")
        connection.execute(
            "update settle.cdr_outcomes set cdr_key = null where cdr_key = (select min(cdr_key) from settle.cdr_outcomes)"
        )
    names = ("unique", "is_unique_on")
    with pytest.raises(dbt.DbtFailed) as failed:
        dbt.invoke(["test", "--select", *(f"group:settle,test_name:{name}" for name in names)], fifteen_copy)
    by_dbt = {result.node.unique_id: result.failures for result in failed.value.results}
    asked = [one for one in grain.grains(manifest()) if one.test_id in by_dbt]
    assert {one.test_id for one in asked} == set(by_dbt)
    with duckdb.connect(str(fifteen_copy), read_only=True) as connection:
        assert grain.failing_keys(connection, asked) == by_dbt
    assert sum(1 for failures in by_dbt.values() if failures) >= 4


def test_a_table_says_which_version_held_it_to_its_contract(fifteen_copy: Path) -> None:
    _, failure = built(fifteen_copy, "statements", "cdr_outcomes")
    assert not failure
    with duckdb.connect(str(fifteen_copy), read_only=True) as connection:
        said = connection.execute(
            "select distinct comment from duckdb_tables() where table_name in ('statements', 'cdr_outcomes')"
        ).fetchall()
        assert said == [(stage_models._version(),)]
        _, tables = stage_models._made_by_this_version(connection)
    assert tables == {("settle", "statements"), ("settle", "cdr_outcomes")}
    assert not {"EVSETTLE_HELD", "EVSETTLE_ENGINE"} & os.environ.keys()


def test_a_contract_is_asked_where_another_version_made_the_table(fifteen_copy: Path) -> None:
    with duckdb.connect(str(fifteen_copy)) as connection:
        connection.execute("alter table settle.computed_outcomes alter energy_kwh type varchar")
        connection.execute("comment on table settle.computed_outcomes is 'another version'")
    _, failure = built(fifteen_copy, "computed_outcomes")
    assert "(energy_kwh differ" in failure
    # The next run throws it away.
    assert given_up(fifteen_copy).endswith("was built by another version (energy_kwh differ)")
    with duckdb.connect(str(fifteen_copy)) as connection:
        connection.execute(f"comment on table settle.computed_outcomes is '{stage_models._version()}'")
    assert built(fifteen_copy, "computed_outcomes")[1] == ""


def test_a_test_with_terms_of_its_own_is_left_to_dbt() -> None:
    changed = manifest()
    plain = list(grain.grains(changed))
    assert len(plain) > 50
    for key, value in {"where": "a = 1", "severity": "WARN", "error_if": "> 10"}.items():
        changed["nodes"][plain[0].test_id]["config"] = {**manifest()["nodes"][plain[0].test_id]["config"], key: value}
        assert [one.test_id for one in grain.grains(changed)] == [one.test_id for one in plain[1:]]


def test_a_model_says_its_rows_and_its_money(fifteen_copy: Path) -> None:
    events, failure = built(fifteen_copy, "statements", "statement_lines")
    assert not failure
    rows = {event.asset_key.path[-1]: event.metadata for event in events if isinstance(event, dg.MaterializeResult)}
    with duckdb.connect(str(fifteen_copy), read_only=True) as connection:
        [(statements, euros)] = connection.execute(
            "select count(*), sum(amount_excl_tax) filter (currency = 'EUR') from settle.statements"
        ).fetchall()
    assert rows["statements"]["dagster/row_count"] == statements
    assert f"EUR {euros:,.2f}" in rows["statements"]["amount_excl_tax"]
    checks = [event for event in events if isinstance(event, dg.AssetCheckResult)]
    assert all(check.passed for check in checks)
    assert {"settle/statements", "settle/statement_lines"} <= {
        check.asset_key.to_user_string() for check in checks if check.asset_key
    }


def test_a_kept_table_with_a_broken_grain_is_built_again_by_the_next_run(fifteen_copy: Path) -> None:
    assert built(fifteen_copy, "computed_outcomes")[1] == ""
    assert not given_up(fifteen_copy)
    with duckdb.connect(str(fifteen_copy)) as connection:
        connection.execute(
            "insert into settle.computed_outcomes select outcomes.* replace (cdr_key || ' gone' as cdr_key)"
            " from settle.computed_outcomes as outcomes, range(2)"
        )
    assert "settle.computed_outcomes: " in built(fifteen_copy, "computed_outcomes")[1]
    assert re.fullmatch(r"settle.computed_outcomes has \d+ keys twice or without a value", given_up(fifteen_copy))


def test_a_broken_grain_fails_the_step_though_its_view_stands(fifteen_copy: Path) -> None:
    assert built(fifteen_copy, "decisions", stage="ingest")[1] == ""
    with duckdb.connect(str(fifteen_copy)) as connection:
        connection.execute("insert into ingest.raw_decisions from ingest.raw_decisions limit 1")
    events, failure = built(fifteen_copy, "decisions", stage="ingest")
    assert "ingest.decisions: 1 keys fail" in failure
    [view] = [event for event in events if isinstance(event, dg.MaterializeResult)]
    assert view.metadata["stands"], "nothing of it was made again"
    assert [event.passed for event in events if isinstance(event, dg.AssetCheckResult)] == [False]


def test_a_view_that_stands_is_tested_as_if_it_were_made(fifteen_copy: Path) -> None:
    first, _ = built(fifteen_copy, "resubmissions")
    with duckdb.connect(str(fifteen_copy)) as connection:
        [(version,)] = connection.execute(
            "select comment from duckdb_views() where view_name = 'resubmissions'"
        ).fetchall()
        connection.execute("create or replace view settle.resubmissions as select 'a' as cdr_key, 'lost' as standing")
        connection.execute(f"comment on view settle.resubmissions is '{version}'")
    events, failure = built(fifteen_copy, "resubmissions")
    assert "accepted_values_resubmissions_standing" in failure
    passed, passed_now = (
        {event.check_name: event.passed for event in found if isinstance(event, dg.AssetCheckResult)}
        for found in (first, events)
    )
    assert set(passed.values()) == {True}
    assert passed_now.keys() == passed.keys(), "each check says something"
    assert list(passed_now.values()).count(False) == 1


def test_a_model_that_fails_says_why_and_is_not_there(fifteen_copy: Path) -> None:
    with duckdb.connect(str(fifteen_copy)) as connection:
        connection.execute("alter table settle.cdr_outcomes drop state")
    events, failure = built(fifteen_copy, "waterfall", "verdicts")
    assert "waterfall" in failure
    assert [event.asset_key for event in events if isinstance(event, dg.MaterializeResult)] == [VERDICTS]


def test_the_smaller_manifest_keeps_every_model_and_every_other_test() -> None:
    whole = dbt.load_manifest()
    asked = frozenset(one.test_id for one in grain.grains(manifest()))
    smaller = dbt.load_manifest(without_tests=asked)
    assert set(whole.nodes) - set(smaller.nodes) == asked
    assert [key for key in smaller.nodes if "assert_billable" in key]
    assert whole.unit_tests
    assert not smaller.unit_tests


def test_the_part_that_is_built_keeps_every_model_and_drops_tests_alone() -> None:
    """What reads another over a view that stands has to wait for it still, though the view is not built."""
    whole = dbt.load_manifest()
    models = {key for key, node in whole.nodes.items() if node.resource_type == "model"}
    wanted = {next(key for key in models if key.endswith(".price_totals"))}
    part = dbt.part_of(whole, wanted)
    assert {key for key, node in part.nodes.items() if node.resource_type == "model"} == models
    assert not [key for key, node in part.nodes.items() if node.resource_type == "test"]
    assert all(part.nodes[key].depends_on.nodes == whole.nodes[key].depends_on.nodes for key in models)
