"""The two clocks of tariffs: tests/facts/two_clocks.yml, as far as inspect decides it.

Each run of each case is a partner of its own in one warehouse, with what the ledger held by then. What a session costs,
its state and its period are shown by later stages.
"""

from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import duckdb
import pytest
import yaml

from orchestration.dbt import invoke
from tests.raw_rows import OTHER, TAXED, World, new_world

TABLE = Path(__file__).parents[1] / "facts" / "two_clocks.yml"
BODIES = {"A": TAXED, "B": OTHER}
CASES = {case["case"]: case for case in yaml.safe_load(TABLE.read_text())["cases"] if case["shown_by"] == "now"}
RUNS = [
    (name, number)
    for name, case in CASES.items()
    for number in range(sum(event["what"] == "run" for event in case["events"]))
]


def _party(name: str, number: int) -> str:
    return f"X{RUNS.index((name, number)):02}/EMO"


def _events(name: str, number: int) -> list[dict[str, Any]]:
    """What had happened when this run began."""
    events = CASES[name]["events"]
    runs = [index for index, event in enumerate(events) if event["what"] == "run"]
    return [event for event in events[: runs[number]] if event["what"] != "run"]


def _add(world: World, name: str, number: int) -> None:
    case, party = CASES[name], _party(name, number)
    partner = party.partition("/")[0].lower()
    world.contract(partner, party, **case["contract"])
    world.file(100 + RUNS.index((name, number)), partner)
    versions = {}
    for seq, event in enumerate(_events(name, number), start=10):
        match event["what"]:
            case "tariff":
                versions[event["version"]] = event
                world.tariff(
                    event["tariff_id"], BODIES[event["body"]], cpo_party=party, source=partner, sighting_seq=seq,
                    seen_at=event["at"], is_opening=event.get("opening", False), valid_from=event["valid_from"],
                    valid_to=event.get("valid_to"),
                )  # fmt: skip
            case "approve":
                version = versions[event["version"]]
                world.decide(
                    seq * 100 + RUNS.index((name, number)), "tariff", "tariff", f"{party}:{version['tariff_id']}",
                    value=f"body{BODIES[version['body']]}", effective_at=event["at"], reason_code=event.get("reason"),
                )  # fmt: skip
            case "cdr":
                _add_session(world, name, number, event["session"])


def _add_session(world: World, name: str, number: int, session_id: str) -> None:
    session = CASES[name]["sessions"][session_id]
    embedded = session.get("embedded")
    world.cdr(
        session_id, file_seq=100 + RUNS.index((name, number)), cpo_party=_party(name, number),
        started_at=session["started_at"], ended_at=session["ended_at"],
        periods=[{"started_at": session["started_at"], "tariff_id": session["tariff_id"], "energy_kwh": 10}],
        tariffs=[] if embedded is None else [
            {"tariff_id": session["tariff_id"], "tariff_no": BODIES[embedded["body"]],
             "valid_from": embedded["valid_from"]}
        ],
    )  # fmt: skip


@pytest.fixture(scope="module")
def warehouse(tmp_path_factory: pytest.TempPathFactory) -> Iterator[duckdb.DuckDBPyConnection]:
    path, world = new_world(tmp_path_factory.mktemp("clocks"))
    for name, number in RUNS:
        _add(world, name, number)
    world.connection.execute("update ingest.raw_run set as_of = timestamptz '2026-12-31 00:00:00+00'")
    world.connection.close()
    invoke(["run", "--select", "group:ingest", "group:inspect"], path)
    connection = duckdb.connect(str(path))
    connection.execute("set TimeZone = 'UTC'")
    yield connection
    connection.close()


def _expected(name: str, number: int) -> dict[str, dict[str, Any]]:
    runs = [event for event in CASES[name]["events"] if event["what"] == "run"]
    expected: dict[str, dict[str, Any]] = runs[number]["expect"]
    return expected


def _version(name: str, session_id: str, label: str | None) -> tuple[int, datetime] | None:
    """Content and start of a version by the table's name for it."""
    embedded = CASES[name]["sessions"][session_id].get("embedded")
    candidates = [event for event in CASES[name]["events"] if event["what"] == "tariff"]
    for event in [*candidates, *([embedded] if embedded else [])]:
        if event["version"] == label:
            return BODIES[event["body"]], event["valid_from"]
    return None


@pytest.mark.parametrize(("name", "number"), RUNS)
def test_a_session_takes_the_version_of_its_start_as_known_at_the_run(
    warehouse: duckdb.DuckDBPyConnection, name: str, number: int
) -> None:
    for session_id, expected in _expected(name, number).items():
        found = warehouse.execute(
            "select tariff_no, valid_from, tariff_version from inspect.tariffs_in_force where cdr_key = ?",
            [f"{_party(name, number)}|{session_id}".lower()],
        ).fetchall()
        assert len(found) == 1
        version = _version(name, session_id, expected["tariff_version"])
        if version is None:
            assert found[0] == (None, None, None)
        else:
            assert (found[0][0], found[0][1] - version[1]) == (version[0], timedelta(0))
            assert len(found[0][2]) == 64


@pytest.mark.parametrize(("name", "number"), RUNS)
def test_only_the_named_tariff_rules_fail(warehouse: duckdb.DuckDBPyConnection, name: str, number: int) -> None:
    for session_id, expected in _expected(name, number).items():
        cursor = warehouse.execute(
            "select tariff_ref_missing, tariff_unknown, tariff_not_in_force, tariff_not_approved, tariff_retroactive,"
            " tariff_overlap, tariff_body_diff from inspect.tariff_flags where cdr_key = ?",
            [f"{_party(name, number)}|{session_id}".lower()],
        )
        names = [column[0].upper() for column in cursor.description]
        (flags,) = cursor.fetchall()
        failed = {rule_id for rule_id, flag in zip(names, flags, strict=True) if flag == 0}
        assert failed == {rule_id for rule_id in expected["findings"] if rule_id.startswith("TARIFF_")}


def test_each_version_of_a_b_a_has_a_name_of_its_own(warehouse: duckdb.DuckDBPyConnection) -> None:
    versions = warehouse.execute(
        "select tariff_version, tariff_no from inspect.tariff_versions where cpo_party = ? order by valid_from",
        [_party("a_b_a", 0)],
    ).fetchall()
    assert [number for _, number in versions] == [TAXED, OTHER, TAXED]
    assert len({version for version, _ in versions}) == 3


def test_an_embedded_tariff_is_not_asked_for_in_the_registry(warehouse: duckdb.DuckDBPyConnection) -> None:
    assert warehouse.execute(
        "select tariff_unknown, tariff_not_approved, tariff_retroactive, tariff_body_diff from inspect.tariff_flags"
        " where cdr_key = ?",
        [f"{_party('embedded_tariff', 0)}|s1".lower()],
    ).fetchall() == [(None, None, None, None)]


def test_the_dbt_unit_tests_of_tariff_versions_pass(tmp_path: Path) -> None:
    path, world = new_world(tmp_path)
    world.connection.close()
    invoke(["run", "--empty", "--select", "+tariff_versions"], path)
    invoke(["test", "--select", "tariff_changes,test_type:unit", "tariff_versions,test_type:unit"], path)
