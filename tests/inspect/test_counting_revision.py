"""Which record of a key counts, where the others go, and what the gate says of each."""

from collections.abc import Iterator
from typing import Any

import duckdb
import pytest

from orchestration.dbt import invoke
from orchestration.gate import run_gate
from orchestration.gate_asset import suite_paths
from tests.raw_rows import World, at, new_world

BROKEN = {"type_problems": "total_energy is 'ten', not a number"}


def _cdr(world: World, cdr_id: str, **fields: Any) -> None:
    world.cdr(cdr_id, **{"record_time_zone": "Europe/Amsterdam", **fields})


def _fill(world: World) -> None:
    world.file(11, arrival_seq=11)
    world.file(12, arrival_seq=12)
    world.file(13, "strict", arrival_seq=13)
    world.file(16, arrival_seq=16, record_count=2, stated_record_count=2)
    world.file(17, arrival_seq=17, record_count=2, stated_record_count=3)
    for arrival, content in ((1, "a"), (11, "b")):
        _cdr(world, "CHANGED", file_seq=arrival, content=content)
    for arrival in (1, 11):
        _cdr(world, "REPEATED", file_seq=arrival, content="same")
    _cdr(world, "MENDED", content="a", **BROKEN)
    _cdr(world, "MENDED", file_seq=11, content="b")
    _cdr(world, "MENDED", file_seq=12, content="c")
    for arrival, content in ((1, "a"), (11, "b")):
        _cdr(world, "HOPELESS", file_seq=arrival, content=content, **BROKEN)
    for arrival, content in ((1, "a"), (11, "b")):
        _cdr(world, "REPLACED", file_seq=arrival, content=content)
    _cdr(world, "REPLACED-BADLY", content="a")
    _cdr(world, "REPLACED-BADLY", file_seq=11, content="b", **BROKEN)
    for seq, key in ((30, "replaced"), (31, "replaced-badly")):
        world.decide(seq, "replace", "cdr", f"nl/emo|{key}", value="2")
    for arrival, content in ((1, "a"), (11, "b"), (12, "a")):
        _cdr(world, "BACK", file_seq=arrival, content=content)
    # The route of another partner first, then the agreed one, the same bytes.
    _cdr(world, "REROUTED", file_seq=13, content="same")
    world.file(14, arrival_seq=14)
    _cdr(world, "REROUTED", file_seq=14, content="same")
    # In one arrival the older last_updated comes first, whatever its place in the file.
    _cdr(world, "UPDATED", content="new", last_updated=at("10T12:00"))
    _cdr(world, "UPDATED", content="old", last_updated=at("10T11:00"))
    _cdr(world, "KEYLESS", cdr_key=None, cpo_party=None, missing_fields="country_code")
    world.record(1, is_typed=False, problem_rule_id="SCHEMA_TYPE_INVALID", problem="the file ends within the record")
    world.file(15, replays_file_seq=1, record_count=0)
    world.file(18, arrival_seq=15, replays_file_seq=15, record_count=0)


@pytest.fixture(scope="module")
def warehouse(tmp_path_factory: pytest.TempPathFactory) -> Iterator[duckdb.DuckDBPyConnection]:
    path, world = new_world(tmp_path_factory.mktemp("revisions"))
    _fill(world)
    world.connection.close()
    invoke(["run", "--select", "group:ingest", "group:inspect"], path)
    connection = duckdb.connect(str(path))
    run_gate(connection, "inspect", suite_paths("inspect"))
    yield connection
    connection.close()


def _fates(warehouse: duckdb.DuckDBPyConnection, cdr_id: str) -> list[tuple[int, str, str | None]]:
    return warehouse.execute(
        "select revision, disposition, reason from inspect.record_dispositions where cdr_key = ? order by record_id",
        [f"nl/emo|{cdr_id.lower()}"],
    ).fetchall()


def _verdicts(warehouse: duckdb.DuckDBPyConnection, cdr_id: str) -> dict[int, str]:
    return dict(
        warehouse.execute(
            "select revision, verdict from inspect.gate_verdicts where cdr_key = ?", [f"nl/emo|{cdr_id.lower()}"]
        ).fetchall()
    )


@pytest.mark.parametrize(
    ("cdr_id", "fates"),
    [
        ("CHANGED", [(1, "accepted", None), (2, "superseded", "ID_REUSED_CHANGED")]),
        ("REPEATED", [(1, "accepted", None), (1, "superseded", "DUP_EXACT")]),
        ("MENDED", [(1, "quarantined", "SCHEMA_TYPE_INVALID"), (2, "accepted", None),
                    (3, "superseded", "ID_REUSED_CHANGED")]),
        ("HOPELESS", [(1, "quarantined", "SCHEMA_TYPE_INVALID"), (2, "quarantined", "SCHEMA_TYPE_INVALID")]),
        ("REPLACED", [(1, "superseded", "ID_REUSED_CHANGED"), (2, "accepted", None)]),
        ("REPLACED-BADLY", [(1, "accepted", None), (2, "quarantined", "SCHEMA_TYPE_INVALID")]),
        ("BACK", [(1, "accepted", None), (2, "superseded", "ID_REUSED_CHANGED"), (1, "superseded", "DUP_EXACT")]),
        ("REROUTED", [(1, "quarantined", "ID_ROUTE_NOT_ALLOWED"), (1, "accepted", None)]),
        ("UPDATED", [(2, "superseded", "ID_REUSED_CHANGED"), (1, "accepted", None)]),
    ],
)  # fmt: skip
def test_each_record_has_one_fate(
    warehouse: duckdb.DuckDBPyConnection, cdr_id: str, fates: list[tuple[int, str, str | None]]
) -> None:
    assert _fates(warehouse, cdr_id) == fates


def test_every_revision_with_a_key_has_one_verdict(warehouse: duckdb.DuckDBPyConnection) -> None:
    assert _verdicts(warehouse, "CHANGED") == {1: "pass", 2: "reject"}
    assert _verdicts(warehouse, "REPEATED") == {1: "pass"}
    assert _verdicts(warehouse, "HOPELESS") == {1: "reject", 2: "reject"}
    assert _verdicts(warehouse, "REPLACED") == {1: "reject", 2: "pass"}
    assert _verdicts(warehouse, "REROUTED") == {1: "pass"}
    assert _verdicts(warehouse, "BACK") == {1: "pass", 2: "reject"}


def test_only_the_counting_revision_is_a_cdr(warehouse: duckdb.DuckDBPyConnection) -> None:
    cdrs = dict(warehouse.execute("select cdr_id, revision from inspect.cdrs").fetchall())
    assert cdrs == {
        "CHANGED": 1, "REPEATED": 1, "MENDED": 2, "REPLACED": 2, "REPLACED-BADLY": 1, "BACK": 1, "REROUTED": 1,
        "UPDATED": 1,
    }  # fmt: skip


def test_a_record_without_a_key_is_found_by_its_place(warehouse: duckdb.DuckDBPyConnection) -> None:
    found = warehouse.execute(
        "select subject_id, rule_id from inspect.gate_findings where work_key like 'record|%' order by subject_id"
    ).fetchall()
    assert {rule for _, rule in found} == {"SCHEMA_REQUIRED_MISSING", "SCHEMA_TYPE_INVALID", "ID_PARTY_UNKNOWN"}
    keyless, cut = sorted({subject for subject, _ in found})
    assert keyless.startswith("emo/cdrs/1.json#")
    assert cut.startswith("emo/cdrs/1.json#")
    assert not warehouse.execute("select 1 from inspect.gate_verdicts where cdr_key like 'record|%'").fetchall()


def test_a_repeated_file_is_found_as_a_file(warehouse: duckdb.DuckDBPyConnection) -> None:
    found = warehouse.execute(
        "select subject_kind, subject_id, severity, observed from inspect.gate_findings"
        " where rule_id = 'BATCH_REPLAYED' order by subject_id"
    ).fetchall()
    assert found == [
        ("file", "emo/cdrs/15.json", "warn", "same bytes as emo/cdrs/1.json"),
        ("file", "emo/cdrs/18.json", "warn", "same bytes as emo/cdrs/15.json, which came with it"),
    ]


def test_a_file_with_another_number_of_records_than_stated_is_found(warehouse: duckdb.DuckDBPyConnection) -> None:
    found = warehouse.execute(
        "select subject_id, severity, observed, expected from inspect.gate_findings"
        " where rule_id = 'BATCH_COUNT_MISMATCH'"
    ).fetchall()
    assert found == [("emo/cdrs/17.json", "hold", "2 records", "3 records")]


def test_a_finding_is_known_by_subject_rule_and_revision(warehouse: duckdb.DuckDBPyConnection) -> None:
    before = warehouse.execute("select * from inspect.gate_findings order by finding_id").fetchall()
    run_gate(warehouse, "inspect", suite_paths("inspect"))
    assert warehouse.execute("select * from inspect.gate_findings order by finding_id").fetchall() == before
    assert len({row[0] for row in before}) == len(before)
