"""A rate that is entered late settles the sessions that waited for it, and none beside them is looked at again."""

import shutil
from pathlib import Path
from typing import Any

import duckdb
import pytest
import snapshots

from tests.conftest import evsettle_here
from tests.settle.story_home import arrive, make_story_home, places, sold, write
from tests.small_home import TEMPLATE

RATES = "rate_on,base,quote,rate,source\n2026-10-15,EUR,CHF,0.5,ECB\n"


def done(home: Path, *arguments: object, at: str) -> None:
    result = evsettle_here("--home", home, *arguments, "--as-of", at)
    assert result.returncode == 0, result.stderr


def found(home: Path, sql: str) -> list[tuple[Any, ...]]:
    with duckdb.connect(str(home / "warehouse/evsettle.duckdb"), read_only=True) as connection:
        return connection.execute(sql).fetchall()


@pytest.mark.slow
def test_an_old_rate_that_is_entered_late(tmp_path: Path) -> None:
    home = tmp_path / "home"
    make_story_home(home, TEMPLATE)
    contract = home / "master/partners/emo.yaml"
    contract.write_text(contract.read_text() + "fx: {source: ECB}\n")
    write(home / "master/fx_rates.csv", RATES)
    places(home)
    arrive(home, "own", "october", *(
        sold(name, "NL/EMO", day, 10, currency="CHF")
        for name, day in (("HAS", "2026-10-16"), ("WAITS", "2026-10-12"), ("OLD", "2026-10-05"))
    ))  # fmt: skip
    done(home, "run", at="2026-11-02T06:00:00Z")
    missing = "select cdr_key from settle.settle_flags where fx_rate_missing = 0 order by cdr_key"
    assert found(home, missing) == [("nl/evs|old",), ("nl/evs|waits",)]

    # Friday's rate: for Monday, three days later, and for no other day of the three.
    write(home / "master/fx_rates.csv", RATES + "2026-10-09,EUR,CHF,0.6,ECB\n")
    done(home, "run", at="2026-11-20T07:00:00Z")
    assert found(home, "select cdr_key, reason from inspect.work") == [("nl/evs|waits", "a rate changed")]
    assert found(home, missing) == [("nl/evs|old",)]

    tables, reports = snapshots.tables(home), snapshots.reports(home)
    for folder in ("warehouse", "published", "reports"):
        shutil.rmtree(home / folder)
    done(home, "run", at="2026-11-20T07:00:00Z")
    assert snapshots.tables(home) == tables
    assert snapshots.reports(home) == reports
