"""Day and month exchanged without a trace: found per file by what it breaks, passed once a repair swapped the file."""

from collections.abc import Iterator
from datetime import datetime, timedelta

import duckdb
import pytest

from orchestration.dbt import invoke
from orchestration.gate import run_gate
from orchestration.gate_asset import suite_paths
from tests.raw_rows import World, at, new_world


def _swapped(moment: datetime) -> datetime:
    return moment.replace(month=moment.day, day=moment.month) if moment.day <= 12 else moment


def _csv(
    world: World,
    file_seq: int,
    name: str,
    starts: list[datetime],
    *,
    is_exchanged: bool = False,
    is_repaired: bool = False,
    duration: timedelta = timedelta(hours=1),
) -> None:
    """A CSV of one connector: a session at each start, written with day and month exchanged or not."""
    world.file(file_seq, "emo", file_name=f"{name}.csv", arrival_seq=file_seq)
    for number, start in enumerate(starts, start=1):
        true = (start, start + duration)
        written = tuple(_swapped(moment) for moment in true) if is_exchanged else true
        swapped = tuple(_swapped(moment) for moment in written)
        read = swapped if is_repaired else written
        world.cdr(
            f"{name}-{number}", file_seq=file_seq, ocpi_version="csv", started_at=read[0], ended_at=read[1],
            evse_uid=f"EV-{name}", total_time_hours=None, time_form=None, token_uid=None, session_id=None,
        )  # fmt: skip
        world.insert(
            "raw_date_readings", record_id=(file_seq << 32) | number, row_in_file=number, started_at=written[0],
            ended_at=written[1], started_at_swapped=swapped[0], ended_at_swapped=swapped[1],
            is_swappable=swapped != written, is_swapped=is_repaired,
        )  # fmt: skip


@pytest.fixture(scope="module")
def warehouse(tmp_path_factory: pytest.TempPathFactory) -> Iterator[duckdb.DuckDBPyConnection]:
    path, world = new_world(tmp_path_factory.mktemp("swap"))
    # Every other day of four months, newest first, as councils publish it.
    first = datetime.fromisoformat("2026-05-01T10:00:00+00:00")
    days = [first + timedelta(days=2 * number) for number in range(60)][::-1]
    shuffled = sorted(days, key=lambda day: (day.day * 7 + day.month * 5) % 31)
    _csv(world, 21, "exchanged", days, is_exchanged=True)
    _csv(world, 22, "right", days)
    _csv(world, 23, "repaired", days, is_exchanged=True, is_repaired=True)
    _csv(world, 24, "unsorted", shuffled)
    # Two breaks are no pattern: one late row, in a file that is otherwise in order.
    _csv(world, 25, "late-row", [*days[:5], days[30], *days[5:30], *days[31:]])
    # In no order at all; but from the 11th to the 12th past midnight becomes a month, with everybody else in it.
    nights = [first + timedelta(days=number, hours=13) for number in range(110)]
    _csv(world, 26, "nights", sorted(nights, key=lambda night: (night.day, night.month)), is_exchanged=True,
         duration=timedelta(hours=2))  # fmt: skip
    # A week in order, of which each day becomes a month; four rows are too few to say so.
    _csv(world, 27, "week", [first + timedelta(days=number // 2, hours=number % 2) for number in range(12)],
         is_exchanged=True)  # fmt: skip
    _csv(world, 28, "week-right", [first + timedelta(days=number // 2, hours=number % 2) for number in range(12)])
    _csv(world, 29, "four", [first + timedelta(days=number) for number in range(4)], is_exchanged=True)
    world.cdr("OCPI", ocpi_version="2.2.1", started_at=at("05T10:00"), ended_at=at("05T11:00"))
    world.connection.close()
    invoke(["run", "--select", "group:ingest", "group:inspect"], path)
    connection = duckdb.connect(str(path))
    run_gate(connection, "inspect", suite_paths("inspect"))
    yield connection
    connection.close()


@pytest.mark.parametrize(
    ("name", "flag"),
    [
        ("exchanged", 0),
        ("right", 1),
        ("repaired", 1),
        ("unsorted", 1),
        ("late-row", 1),
        ("nights", 0),
        ("week", 0),
        ("week-right", 1),
        ("four", 1),
    ],
)
def test_a_file_is_suspect_when_exchanging_mends_it(warehouse: duckdb.DuckDBPyConnection, name: str, flag: int) -> None:
    row = warehouse.execute(
        "select time_day_month_swap, breaks_written, breaks_swapped, overlaps_written, overlaps_swapped"
        " from inspect.file_flags where subject_id = ?",
        [f"emo/cdrs/{name}.csv"],
    ).fetchone()
    assert row is not None
    assert row[0] == flag, row


def test_each_session_whose_dates_would_change_waits_for_the_files_root(warehouse: duckdb.DuckDBPyConnection) -> None:
    (root,) = warehouse.execute(
        "select finding_id from inspect.gate_findings where subject_kind = 'file' and subject_id like '%/exchanged.csv'"
    ).fetchall()[0]
    found = warehouse.execute(
        "select cdr_key, caused_by from inspect.gate_findings"
        " where subject_kind = 'cdr' and rule_id = 'TIME_DAY_MONTH_SWAP' and cdr_key like '%|exchanged-%'"
    ).fetchall()
    swappable = warehouse.execute(
        "select count(*) from ingest.date_readings where is_swappable and record_id >> 32 = 21"
    ).fetchall()[0][0]
    assert len(found) == swappable > 10
    assert {cause for _, cause in found} == {root}


def test_a_date_that_cannot_be_another_passes_even_in_a_suspect_file(warehouse: duckdb.DuckDBPyConnection) -> None:
    rows = warehouse.execute(
        "select flags.time_day_month_swap, count(*) from inspect.cdr_flags as flags"
        " inner join inspect.cdrs as cdrs on flags.cdr_key = cdrs.cdr_key"
        " inner join ingest.date_readings as readings on cdrs.record_id = readings.record_id"
        " where not readings.is_swappable and cdrs.file_seq = 21 group by all"
    ).fetchall()
    assert len(rows) == 1
    assert rows[0][0] == 1


def test_what_a_wrong_date_causes_names_the_file(warehouse: duckdb.DuckDBPyConnection) -> None:
    causes = warehouse.execute(
        "select distinct found.caused_by is not null, roots.subject_kind from inspect.gate_findings as found"
        " left join inspect.gate_findings as roots on found.caused_by = roots.finding_id"
        " where found.rule_id = 'OVERLAP_CONNECTOR'"
    ).fetchall()
    assert causes == [(True, "file")]


def test_a_source_without_such_dates_is_not_evaluated(warehouse: duckdb.DuckDBPyConnection) -> None:
    assert warehouse.execute(
        "select time_day_month_swap from inspect.cdr_flags where cdr_key = 'nl/emo|ocpi'"
    ).fetchall() == [(None,)]
