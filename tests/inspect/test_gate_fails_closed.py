"""A gate that cannot judge writes nothing and raises: broken suites, lost rows, counts that differ."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import duckdb
import pandas as pd
import pytest
import yaml

from orchestration import gate
from orchestration.gate import GateBroken, run_gate
from orchestration.suite import expectations, read_suite
from tests.raw_rows import new_world

RULE = {
    "id": "ENERGY_NEGATIVE", "group": "METER", "severity": "reject", "overridable": True, "owner": "platform",
    "tolerance": "0", "text": "Below zero.", "remedy": "Send a credit.",
    "observed": "cast(energy_kwh as varchar) || ' kWh'", "expected": "'0 or more'", "source": "OCPI",
}  # fmt: skip
TOO_SHORT = {**RULE, "id": "SESSION_TOO_SHORT", "group": "TIME", "severity": "hold", "tolerance": "60"}

# The tables that a gate reads, by hand: no dbt is needed to break a gate.
MODELS = """
create table inspect.work as select * from (values ('a'), ('b'), ('c'), ('d')) as w (cdr_key);
create table inspect.cdrs as select cdr_key, 1 as revision, 'emo' as source, 'f.json' as file_name,
    '2.2.1' as ocpi_version, false as is_credit from inspect.work;
create table inspect.cdr_terms as select cdr_key, 'emo' as partner, 'emo-1' as contract_version, ',' as requires
    from inspect.work;
create table inspect.cdr_flags as
select * from (values ('a', 1, 1.5, 1, 1), ('b', 1, -1.5, 0, 1), ('c', 1, -0.5, 0, null), ('d', 1, null, null, 0))
    as f (cdr_key, revision, energy_kwh, energy_negative, session_too_short);
"""


@pytest.fixture
def warehouse(tmp_path: Path) -> Iterator[duckdb.DuckDBPyConnection]:
    _, world = new_world(tmp_path)
    world.connection.execute(MODELS)
    yield world.connection
    world.connection.close()


def suite(folder: Path, *rules: dict[str, Any], **top: Any) -> list[Path]:
    path = folder / "inspect" / "suites" / "cdrs.yml"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(yaml.safe_dump({"suite": "cdrs", "rules": list(rules or (RULE, TOO_SHORT)), **top}))
    return [path]


def rows(connection: duckdb.DuckDBPyConnection, table: str) -> list[tuple[Any, ...]]:
    return connection.execute(f"select * from inspect.{table} order by all").fetchall()


def test_a_gate_writes_findings_and_verdicts(warehouse: duckdb.DuckDBPyConnection, tmp_path: Path) -> None:
    result = run_gate(warehouse, "inspect", suite(tmp_path))
    found = warehouse.execute(
        "select cdr_key, rule_id, severity, status, observed, tolerance from inspect.gate_findings order by all"
    ).fetchall()
    assert found == [
        ("b", "ENERGY_NEGATIVE", "reject", "open", "-1.5 kWh", "0"),
        ("c", "ENERGY_NEGATIVE", "reject", "open", "-0.5 kWh", "0"),
        ("d", "SESSION_TOO_SHORT", "hold", "open", None, "60"),
    ]
    assert warehouse.execute(
        "select cdr_key, verdict, rules_evaluated, rules_not_evaluated from inspect.gate_verdicts order by all"
    ).fetchall() == [("a", "pass", 2, 0), ("b", "reject", 2, 0), ("c", "reject", 1, 1), ("d", "hold", 1, 1)]
    assert (result.rows, result.findings, result.verdicts) == (4, 3, {"pass": 1, "reject": 2, "hold": 1})


def test_a_second_look_replaces_only_what_is_in_work(warehouse: duckdb.DuckDBPyConnection, tmp_path: Path) -> None:
    run_gate(warehouse, "inspect", suite(tmp_path))
    warehouse.execute("update inspect.cdr_flags set energy_negative = 1")
    warehouse.execute("delete from inspect.work where cdr_key <> 'b'")
    run_gate(warehouse, "inspect", suite(tmp_path))
    assert warehouse.execute("select cdr_key from inspect.gate_findings order by all").fetchall() == [("c",), ("d",)]
    assert warehouse.execute("select verdict from inspect.gate_verdicts where cdr_key = 'b'").fetchall() == [("pass",)]


def test_no_work_is_fine(warehouse: duckdb.DuckDBPyConnection, tmp_path: Path) -> None:
    warehouse.execute("delete from inspect.work")
    assert run_gate(warehouse, "inspect", suite(tmp_path)).rows == 0


def test_a_waived_finding_stays_and_does_not_count(warehouse: duckdb.DuckDBPyConnection, tmp_path: Path) -> None:
    warehouse.execute(
        "insert into ingest.raw_decisions (kind, subject_kind, subject_id, rule_id)"
        " values ('waive', 'cdr', 'b', 'ENERGY_NEGATIVE'), ('waive', 'cdr', 'c', 'SESSION_TOO_SHORT')"
    )
    run_gate(warehouse, "inspect", suite(tmp_path))
    assert warehouse.execute(
        "select cdr_key, status from inspect.gate_findings where rule_id = 'ENERGY_NEGATIVE' order by all"
    ).fetchall() == [("b", "waived"), ("c", "open")]
    assert warehouse.execute(
        "select cdr_key, verdict from inspect.gate_verdicts where cdr_key in ('b', 'c') order by all"
    ).fetchall() == [("b", "pass"), ("c", "reject")]


def test_a_contract_overrides_only_what_may_be(warehouse: duckdb.DuckDBPyConnection, tmp_path: Path) -> None:
    warehouse.execute(
        "insert into ingest.raw_contract_rules values ('emo', 'emo-1', 'ENERGY_NEGATIVE', 'warn', 0.5, null),"
        " ('emo', 'emo-1', 'SESSION_TOO_SHORT', 'warn', null, null)"
    )
    run_gate(warehouse, "inspect", suite(tmp_path, RULE, {**TOO_SHORT, "overridable": False}))
    assert warehouse.execute(
        "select distinct rule_id, severity, tolerance from inspect.gate_findings order by all"
    ).fetchall() == [("ENERGY_NEGATIVE", "warn", "0.50000000"), ("SESSION_TOO_SHORT", "hold", "60")]


BREAKERS = {
    "a lost row": ("delete from inspect.cdr_flags where cdr_key = 'c'", "no row for 1 of 4"),
    "a doubled row": ("insert into inspect.cdr_flags from inspect.cdr_flags where cdr_key = 'a'", "5 rows for 4"),
    "a missing column": ("alter table inspect.cdr_flags drop column session_too_short", "session_too_short"),
    "a missing table": ("drop table inspect.cdr_flags", "cdr_flags"),
    "other tolerances": ("update ingest.raw_rules set tolerance = 61 where tolerance = 60", "load the rules"),
    "no rules loaded": ("delete from ingest.raw_rules", "load the rules"),
}  # fmt: skip


@pytest.mark.parametrize("name", BREAKERS)
def test_a_broken_gate_writes_nothing(warehouse: duckdb.DuckDBPyConnection, tmp_path: Path, name: str) -> None:
    run_gate(warehouse, "inspect", suite(tmp_path))
    before = rows(warehouse, "gate_findings"), rows(warehouse, "gate_verdicts")
    sql, sentence = BREAKERS[name]
    warehouse.execute(sql)
    with pytest.raises(GateBroken, match=sentence):
        run_gate(warehouse, "inspect", suite(tmp_path))
    assert (rows(warehouse, "gate_findings"), rows(warehouse, "gate_verdicts")) == before


BAD_RULES = {
    "observed on a column that is not there": ({"observed": "energy_mwh"}, "energy_mwh"),
    "an owner that is none": ({"owner_sql": "'nobody'"}, "'nobody'"),
    "a severity that is none": ({"severity": "fatal"}, "fatal"),
    "mostly": ({"mostly": 0.9}, "mostly"),
    "another id": ({"id": "ENERGY_UNHEARD_OF", "tolerance": None}, "energy_unheard_of"),
}


@pytest.mark.parametrize("name", BAD_RULES)
def test_a_bad_rule_breaks_the_gate(warehouse: duckdb.DuckDBPyConnection, tmp_path: Path, name: str) -> None:
    bend, sentence = BAD_RULES[name]
    with pytest.raises(GateBroken, match=sentence):
        run_gate(warehouse, "inspect", suite(tmp_path, {**RULE, **bend}))
    assert not rows(warehouse, "gate_findings")


def test_counts_that_differ_break_the_gate(
    warehouse: duckdb.DuckDBPyConnection, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As if SQL read a flag otherwise than Great Expectations does."""
    real = gate.gate_sql.counts
    monkeypatch.setattr(gate.gate_sql, "counts", lambda judged, table: real(judged, table).replace("<> 1", "= 1"))
    with pytest.raises(GateBroken, match="ENERGY_NEGATIVE fails on 2 of 3 rows for Great Expectations and on 1 of 3"):
        run_gate(warehouse, "inspect", suite(tmp_path))


def test_an_unknown_expectation_raises(tmp_path: Path) -> None:
    gate._context()
    with pytest.raises(Exception, match="expect_the_best"):
        expectations(read_suite(suite(tmp_path)[0]), "expect_the_best")


def test_an_expectation_that_raises_breaks_the_gate(
    warehouse: duckdb.DuckDBPyConnection, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As if Great Expectations were handed a frame without the flag: it says success=False and names no row."""
    frame = pd.DataFrame({"session_too_short": [1]})
    monkeypatch.setattr(gate, "_chunks", lambda connection, judged, table: iter([frame]))
    with pytest.raises(GateBroken, match="ENERGY_NEGATIVE could not be judged"):
        run_gate(warehouse, "inspect", suite(tmp_path))


def test_a_gate_without_suites_is_broken(warehouse: duckdb.DuckDBPyConnection) -> None:
    with pytest.raises(GateBroken, match="no suite"):
        run_gate(warehouse, "inspect", [])
