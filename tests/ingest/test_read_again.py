"""Files that are read again: after a repair, by a mended mapping, because somebody asks."""

from collections.abc import Iterator
from pathlib import Path

import duckdb
import pytest

from orchestration.defs.ingest.landing import take_in
from orchestration.defs.ingest.load import load_from_ledger
from orchestration.facts.decisions import Decision, record
from orchestration.facts.home import Home
from orchestration.warehouse import open_warehouse
from tests.small_home import CSV_HEADER, MAPPING, at, contents, land, make_home, rows, write

CSV = CSV_HEADER + "A,2026-01-09 10:00,2026-01-09 11:00,7\nB,2026-10-13 10:00,2026-10-13 11:00,8\n"


@pytest.fixture
def home(tmp_path: Path) -> Home:
    return make_home(tmp_path / "home")


@pytest.fixture
def warehouse(home: Home) -> Iterator[duckdb.DuckDBPyConnection]:
    with open_warehouse(home.warehouse) as connection:
        yield connection


def test_an_approved_repair_swaps_the_dates_of_that_file(home: Home, warehouse: duckdb.DuckDBPyConnection) -> None:
    land(home, "council/cdrs/a.csv", CSV)
    take_in(home, at(0))
    proposal = record(
        home, Decision("repair", "Ada", ["file:council/cdrs/a.csv"], "ADJ_ZONE", {"repair": "swap-day-month"}), at(1)
    )
    load_from_ledger(home, warehouse)
    starts = "select cast(started_at as varchar) from ingest.raw_cdrs order by position"
    assert rows(warehouse, starts) == [("2026-01-09 09:00:00+00",), ("2026-10-13 08:00:00+00",)]
    record(home, Decision("approve", "Bo", answers=proposal.entry.seq), at(2))
    # Other bytes under the same name arrive after the decision, which is not about them.
    land(home, "council/cdrs/a.csv", CSV.replace("A,", "C,"))
    take_in(home, at(3))
    load_from_ledger(home, warehouse)
    by_file = "select file_seq, position, cast(started_at as varchar) from ingest.raw_cdrs order by 1, 2"
    assert rows(warehouse, by_file) == [
        (1, 2, "2026-09-01 08:00:00+00"), (1, 3, "2026-10-13 08:00:00+00"),
        (2, 2, "2026-01-09 09:00:00+00"), (2, 3, "2026-10-13 08:00:00+00"),
    ]  # fmt: skip


def test_a_file_is_read_again_when_somebody_asks_for_it(home: Home, warehouse: duckdb.DuckDBPyConnection) -> None:
    path = land(home, "council/cdrs/a.csv", CSV)
    take_in(home, at(0))
    path.unlink()  # the ledger has its own copy
    load_from_ledger(home, warehouse)
    before = contents(warehouse)
    record(home, Decision("reprocess", "Ada", ["file:council/cdrs/a.csv"], "REPROCESS"), at(1))
    assert load_from_ledger(home, warehouse).files_read == 1
    assert load_from_ledger(home, warehouse).files_read == 0
    after = contents(warehouse)
    for table in ("raw_records", "raw_cdrs", "raw_charging_periods"):
        assert after[table] == before[table]


def test_a_file_that_is_read_otherwise_has_its_old_keys_computed_again(
    home: Home, warehouse: duckdb.DuckDBPyConnection
) -> None:
    """What stands under a key that the new reading does not have would stay for good."""
    land(home, "council/cdrs/a.csv", CSV)
    land(home, "unmapped/cdrs/b.csv", CSV.replace("A,", "C,"))
    take_in(home, at(0))
    load_from_ledger(home, warehouse)
    keys = "select cdr_key from ingest.raw_cdrs where cdr_key is not null order by cdr_key"
    before = {key for (key,) in rows(warehouse, keys)} | {f"record|{2 << 32}"}
    warehouse.execute("delete from ingest.raw_touched")
    write(home.master / "mappings/council.cdrs.yaml", MAPPING.replace("[cp, start]", "[start, cp]"))
    write(home.master / "mappings/unmapped.cdrs.yaml", MAPPING)
    take_in(home, at(1))
    load_from_ledger(home, warehouse)
    after = {key for (key,) in rows(warehouse, keys)}
    touched = {key for (key,) in rows(warehouse, "select id from ingest.raw_touched where kind = 'cdr' order by id")}
    assert before - after and touched >= before | after
