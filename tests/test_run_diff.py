"""What changed between two runs is the sum of what each recorded, with what happened in between."""

import json
from pathlib import Path
from typing import Any

import pytest
import small_home

from orchestration.facts import ledger, objects
from orchestration.facts.home import Home, HomeError
from orchestration.run_diff import SessionChange, diff, run_named


def ran(home: Home, hours: int, *changes: dict[str, Any], engine: str = "1") -> int:
    """A run and its end; returns the entry that began it."""
    body = {"as_of": "x", "engine_version": engine, "rules_sha256": "r"}
    entry = ledger.append(home, "run", body, "evsettle", small_home.at(hours))
    sha256 = objects.put(home, "".join(f"{json.dumps(change)}\n" for change in changes).encode())
    end = {"run": entry.seq, "outcome": "done", "changes": sha256}
    ledger.append(home, "run-end", end, "evsettle", small_home.at(hours))
    return entry.seq


def session(key: str, *states: str | None, settled: tuple[str | None, str | None], **other: str) -> dict[str, Any]:
    return {
        "t": "cdr", "cdr_key": key, "state_from": states[0], "state_to": states[1],
        "settled_from": settled[0], "settled_to": settled[1], **other,
    }  # fmt: skip


def finding(change: str, identifier: str, rule: str) -> dict[str, Any]:
    return {"t": "finding", "change": change, "finding_id": identifier, "rule_id": rule}


@pytest.fixture
def home(tmp_path: Path) -> Home:
    """Three runs: 1 and 2 first see, 4 and 5 hold a and change b, 6 and 7 clear a again and take b away."""
    home = small_home.make_home(tmp_path / "home")
    new = {"because": "a new warehouse"}
    ran(
        home, 1,
        session("a", None, "valid", settled=(None, "5"), **new), session("b", None, "valid", settled=(None, "1"), **new),
        finding("opened", "f1", "OLD"),
    )  # fmt: skip
    decision = {"kind": "exclude", "subjects": ["cdr:b"], "answers": None, "values": {}}
    ledger.append(home, "decision", decision, "Ada", small_home.at(2))
    ran(
        home, 3,
        session("a", "valid", "held", settled=("5", "0"), because="new record"),
        session("b", "valid", "adjusted", settled=("1", "0.75")),
        finding("opened", "f2", "SHORT_LIVED"), finding("resolved", "f1", "OLD"),
    )  # fmt: skip
    ran(
        home, 4,
        session("a", "held", "valid", settled=("0", "5"), because="new record"),
        session("b", "adjusted", None, settled=("0.75", None), because="decision exclude"),
        finding("resolved", "f2", "SHORT_LIVED"), finding("opened", "f3", "NEW"),
        engine="2",
    )  # fmt: skip
    return home


def test_two_runs_are_added_up(home: Home) -> None:
    entries = ledger.read_all(home)
    found = diff(home, entries, run_named(entries, 1), run_named(entries, 6))
    # a ends as it began; b settled for 1 and is gone.
    (b,) = found.sessions
    assert (b.cdr_key, b.state_from, b.state_to, b.difference) == ("b", "valid", None, -1)
    assert b.because == "not recorded, then decision exclude"
    assert (found.opened, found.resolved) == ({"NEW": 1}, {"OLD": 1})
    assert [(one.seq, one.what) for one in found.happened] == [
        (3, "exclude: cdr:b"), (6, "another version of evsettle"),
    ]  # fmt: skip


def test_the_first_run_is_compared_with_nothing(home: Home) -> None:
    entries = ledger.read_all(home)
    found = diff(home, entries, None, run_named(entries, 2))
    assert [(one.cdr_key, one.because, str(one.difference)) for one in found.sessions] == [
        ("a", "first seen", "5"), ("b", "first seen", "1"),
    ]  # fmt: skip


def test_one_step_keeps_its_reason(home: Home) -> None:
    entries = ledger.read_all(home)
    found = diff(home, entries, run_named(entries, 2), run_named(entries, 4))
    assert found.sessions[0] == SessionChange("a", "valid", "held", 5, 0, "new record")


def test_runs_the_wrong_way_round_or_unknown_are_refused(home: Home) -> None:
    entries = ledger.read_all(home)
    with pytest.raises(HomeError, match="turn them round"):
        diff(home, entries, run_named(entries, 6), run_named(entries, 1))
    with pytest.raises(HomeError, match="Entry 3 is no run that ended well; the last ones are: 1, 4, 6"):
        run_named(entries, 3)
