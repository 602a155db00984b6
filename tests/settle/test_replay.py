"""A sealed month computed again from the ledger alone: equal to the byte, or each difference with its cause."""

import json
import shutil
from datetime import datetime
from pathlib import Path
from typing import Any

import duckdb
import pytest

from orchestration import replay
from orchestration.cli import run
from orchestration.facts.home import Home
from tests.conftest import evsettle_here
from tests.settle.test_seals import NOOR, SUBJECT, approved, done

LINES = "select count(*) from settle.statement_lines where statement_id = '2026-10-emo-R-EUR'"


@pytest.fixture
def closed(home_copy: Path) -> Path:
    """The demo's October, sealed for emo."""
    approved(home_copy)
    done(home_copy, "decide", "seal", SUBJECT, "--by", NOOR)
    return home_copy


def verified(home: Path, period: str = "2026-10/emo") -> tuple[int, dict[str, Any]]:
    result = evsettle_here("--home", home, "verify", period, "--json")
    assert result.stdout, result.stderr
    (answer,) = json.loads(result.stdout)["replays"]
    return result.returncode, answer


def another_engine(closed: Path, monkeypatch: pytest.MonkeyPatch, *changes: str) -> None:
    """What a run of another engine would leave: the warehouse of the run that was sealed, with these changes."""

    def made(again: Home, _instant: datetime, _period: str) -> None:
        again.warehouse.parent.mkdir()
        shutil.copy(closed / "warehouse" / "evsettle.duckdb", again.warehouse)
        with duckdb.connect(str(again.warehouse)) as connection:
            for change in changes:
                connection.execute(change)

    monkeypatch.setattr(run, "execute", made)


def test_a_sealed_month_replays_byte_for_byte(closed: Path) -> None:
    """From the ledger and its objects: everything else of the home is gone, but the reports that are compared."""
    with duckdb.connect(str(closed / "warehouse" / "evsettle.duckdb"), read_only=True) as connection:
        (lines,) = connection.execute(LINES).fetchone() or (0,)
    for folder in ("warehouse", "published", "landing"):
        shutil.rmtree(closed / folder)
    code, answer = verified(closed)
    assert (code, answer["is_equal"], answer["is_same_engine"], answer["files"], answer["differences"]) == (
        0, True, True, [], [],
    )  # fmt: skip
    assert answer["lines"] == lines > 10
    assert not (closed / "warehouse").exists()


def test_another_engine_tells_each_difference_with_its_cause(closed: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    emo = "from settle.statement_lines where statement_id = '2026-10-emo-R-EUR' and line_no"
    another_engine(
        closed,
        monkeypatch,
        f"update settle.cdr_outcomes set rated_excl_tax = rated_excl_tax + 0.5 where cdr_key = (select cdr_key {emo} = 1)",
        f"update settle.cdr_outcomes set state = 'held' where cdr_key = (select cdr_key {emo} = 2)",
        "update settle.statement_lines set tax = tax + 0.01"
        " where statement_id = '2026-10-emo-R-EUR' and line_no = 3",
        f"update rate.price_lines set volume = volume + 1 where cdr_key = (select cdr_key {emo} = 4)",
    )  # fmt: skip
    monkeypatch.setattr(replay, "engine_version", lambda: "9.9.9+abc")
    code, answer = verified(closed)
    # The period stands as it was billed: what another engine says is an answer and no fault.
    assert (code, answer["is_equal"], answer["is_same_engine"]) == (0, False, False)
    assert answer["replayed_by"].startswith("9.9.9+abc with rules ")
    by_line = {each["line"].partition("#")[2]: each["cause"] for each in answer["differences"] if each["line"]}
    assert by_line == {"1": "price", "2": "reading", "3": "tax", "4": "steps"}
    told = evsettle_here("--home", closed, "verify", "2026-10/emo").stdout
    assert "come out otherwise; other bytes in 2026-10-emo-R-EUR.csv" in told
    assert "The engine is another: sealed by" in told
    assert "it is not in this period any more" in told


def test_the_engine_that_sealed_it_may_not_compute_otherwise(closed: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    another_engine(
        closed, monkeypatch, "update settle.statement_lines set amount_excl_tax = 0 where statement_id = '2026-10-emo-R-EUR'"
    )  # fmt: skip
    code, answer = verified(closed)
    assert (code, answer["is_same_engine"]) == (1, True)
    assert {each["cause"] for each in answer["differences"]} == {"terms"}


def test_what_is_not_sealed_is_not_replayed(closed: Path) -> None:
    result = evsettle_here("--home", closed, "verify", "2026-10/albion")
    assert (result.returncode, "there is nothing to replay" in result.stderr) == (0, True)
