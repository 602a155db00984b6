"""What starts a run by itself: checkpoints of the calendar and the inbox, as Dagster's ticks see them."""

from datetime import UTC, date, datetime
from pathlib import Path

import dagster as dg
import pytest
from small_home import START, land, make_home, write

from orchestration.close_state import missed_checkpoints
from orchestration.defs import checkpoints
from orchestration.defs.checkpoints import due_periods
from orchestration.defs.ingest.calendar import Calendar, Checkpoints
from orchestration.defs.ingest.landing import take_in
from orchestration.facts.home import Home

CALENDAR = """
country: NL
checkpoints: {monthly: {draft: 1, approval: 3, close: 5}, weekly: {draft: 1, approval: 2, close: 3}}
"""


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Home:
    home = make_home(tmp_path / "home")
    write(home.master / "calendar.yaml", CALENDAR)
    take_in(home, START)
    monkeypatch.setenv("EVSETTLE_HOME", str(home.root))
    return home


def test_a_checkpoint_is_due_so_many_working_days_after_the_end() -> None:
    # 1 April 2026 is a Wednesday; Good Friday and Easter Monday are off, so the working days are 1, 2, 7, 8 and 9 April.
    easter = Calendar(
        holidays=(date(2026, 4, 3), date(2026, 4, 6)),
        checkpoints={"monthly": Checkpoints(draft=1, approval=3, close=5)},
    )

    def due(checkpoint: str, day: int) -> list[str]:
        return due_periods(easter, "Europe/Amsterdam", checkpoint, date(2026, 4, day))

    assert due("draft", 1) == ["2026-03", "2026-03-H2"]
    assert due("approval", 3) == []
    assert due("approval", 7) == ["2026-03", "2026-03-H2"]
    # The third working day after week 14, which ended on Easter Monday's eve, is the fifth one of April.
    assert due("close", 9) == ["2026-03", "2026-03-H2"]
    assert due("approval", 9) == ["2026-W14"]
    assert due("draft", 7) == ["2026-W14"]
    assert due("draft", 4) == []


@pytest.mark.parametrize(
    ("name", "moment", "told"),
    [
        ("draft", "2026-11-02T04:00:00+00:00", {"evsettle/checkpoint": "draft", "evsettle/periods": "2026-10,2026-10-H2,2026-W44"}),
        ("approval", "2026-11-04T04:00:00+00:00", {"evsettle/checkpoint": "approval", "evsettle/periods": "2026-10,2026-10-H2"}),
        ("close", "2026-11-06T04:00:00+00:00", {"evsettle/checkpoint": "close", "evsettle/periods": "2026-10,2026-10-H2"}),
        ("close", "2026-11-02T04:00:00+00:00", "No period's close is due on 2026-11-02."),
    ],
)  # fmt: skip
def test_the_schedule_of_a_checkpoint_runs_on_its_day_alone(home: Home, name: str, moment: str, told: object) -> None:
    schedule = getattr(checkpoints, f"{name}_checkpoint")
    assert schedule.default_status == dg.DefaultScheduleStatus.STOPPED
    context = dg.build_schedule_context(scheduled_execution_time=datetime.fromisoformat(moment))
    tick = schedule.evaluate_tick(context)
    if isinstance(told, str):
        assert (tick.run_requests, tick.skip_message) == ([], told)
    else:
        (request,) = tick.run_requests
        assert request.run_key == f"{name}-{moment[:10]}"
        assert {key: value for key, value in request.tags.items() if key.startswith("evsettle/")} == told


def test_the_sensor_asks_for_a_run_once_for_what_is_new(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    sensor = checkpoints.landing
    assert sensor.default_status == dg.DefaultSensorStatus.STOPPED

    def tick(cursor: str | None) -> tuple[int, str | None, str | None]:
        with dg.DagsterInstance.ephemeral() as instance:
            found = sensor.evaluate_tick(dg.build_sensor_context(instance, cursor))
        return len(found.run_requests or []), found.cursor, found.skip_message

    requests, cursor, _ = tick(None)
    assert (requests, cursor is not None) == (1, True)
    assert tick(cursor) == (0, cursor, "Nothing new in landing/ and master/.")
    land(home, "emo/cdrs/new.ndjson", "{}")
    requests, later, _ = tick(cursor)
    assert (requests, later != cursor) == (1, True)
    (home.landing / "emo/cdrs/growing.ndjson").write_text("{")
    assert tick(later)[::2] == (0, "Something is still arriving: the next look waits for it.")
    monkeypatch.setenv("EVSETTLE_HOME", str(home.root / "nowhere"))
    assert "There is no home" in str(tick(later)[2])


def test_a_checkpoint_is_missed_by_who_has_not_done_what_it_asks_for() -> None:
    days = {
        "approval_due_at": datetime(2026, 11, 4, 23, tzinfo=UTC),
        "close_due_at": datetime(2026, 11, 6, 23, tzinfo=UTC),
    }
    periods = [
        {"period": "2026-10", "partner": partner, "act": act, **days}
        for partner, act in (("alp", None), ("bel", "propose"), ("duo", "seal"), ("emo", "approve"))
    ]

    def told(day: int) -> list[str]:
        return [one["sentence"] for one in missed_checkpoints(periods, datetime(2026, 11, day, 23, tzinfo=UTC))]

    approval = "the approval of 2026-10 was due by 2026-11-04 23:00 and is missed for bel, emo."
    assert told(3) == []
    assert told(4) == [approval]
    many = [{"period": "2026-10", "partner": f"p{number:02}", "act": "seal", **days} for number in range(12)]
    (one,) = missed_checkpoints(many, datetime(2026, 11, 7, tzinfo=UTC))
    assert one["sentence"].endswith("p08, p09 and 2 more.") and len(one["partners"]) == 12
    assert told(6) == [approval, "the close of 2026-10 was due by 2026-11-06 23:00 and is missed for bel, duo, emo."]


def test_without_master_data_in_the_ledger_a_schedule_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("EVSETTLE_HOME", str(make_home(tmp_path / "home").root))
    context = dg.build_schedule_context(scheduled_execution_time=datetime(2026, 11, 2, 4, tzinfo=UTC))
    tick = checkpoints.draft_checkpoint.evaluate_tick(context)
    assert (tick.run_requests, "network.yaml" in str(tick.skip_message)) == ([], True)
