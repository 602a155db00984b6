"""A hard week in one small home: blank fields, a charger offline, new firmware; what is linked, flagged and at risk."""

import json
import re
import subprocess
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import duckdb
import pytest

Cli = Callable[..., subprocess.CompletedProcess[str]]

# Each part of what a CDR must tell, and the field of it that is blank.
BLANK = {
    "charger": "evse_uid",
    "connector": "connector_id",
    "start": "start_date_time",
    "end": "end_date_time",
    "authorization": "auth_method",
    "pricing": "currency",
    "energy": "total_energy",
    "periods": "charging_periods",
    "total": "total_cost",
    "party": "party_id",
}
SWITCHED = datetime(2026, 10, 16, tzinfo=UTC)
STOPS = 80


@pytest.fixture(scope="module")
def hard_week(cli_here: Cli, tmp_path_factory: pytest.TempPathFactory) -> duckdb.DuckDBPyConnection:
    home = tmp_path_factory.mktemp("hard") / "home"
    wanted = ("--sessions", 200, "--seed", 5, "--month", "2026-10")
    assert cli_here("demo", home, *wanted).returncode == 0
    own = home / "landing" / "own"
    # The first charger to speak goes offline while its session is being authorized.
    start = sorted((own / "charger_events").iterdir())[0].read_text().splitlines()[1].split(",")
    began, evse = datetime.fromisoformat(start[0]), start[4]
    offline = (began - timedelta(minutes=5), began + timedelta(minutes=5))
    lines = ["happened_at,recorded_at,event,value,evse_uid,connector_id,session_id"]
    lines += [_event(offline[0], "outage_start", "", evse), _event(offline[1], "outage_end", "", evse)]
    lines.append(_event(SWITCHED, "firmware", "9.1.0", "NL-EVS-E00099-1"))
    for number in range(1, STOPS + 1):
        hours = timedelta(hours=number)
        lines.append(_event(SWITCHED - hours, "stop", "EVDisconnected", "NL-EVS-E00099-1"))
        lines.append(_event(SWITCHED + hours, "stop", "PowerLoss", "NL-EVS-E00099-1"))
    (own / "charger_events" / "hard-week.csv").write_text("\n".join(lines) + "\n")
    sent = json.loads(sorted((own / "cdrs").glob("cdrs-*.ndjson"))[0].read_text().splitlines()[0])
    (own / "cdrs" / "blank.ndjson").write_text("\n".join(_without(sent, field) for field in BLANK.values()) + "\n")
    ran = cli_here("--home", home, "run", "--as-of", "2026-11-03T06:00:00Z")
    assert ran.returncode == 0, ran.stderr + ran.stdout
    connection = duckdb.connect()
    for path in sorted((home / "published").glob("*.parquet")):
        connection.read_parquet(str(path)).create_view(path.stem)
    connection.execute(f"create view pages as select filename, content from read_text('{home}/reports/quality/*.html')")
    return connection


def _event(happened_at: datetime, event: str, value: str, evse: str) -> str:
    at = happened_at.strftime("%Y-%m-%dT%H:%M:%SZ")
    return f"{at},{at},{event},{value},{evse},1,"


def _without(cdr: dict[str, object], field: str) -> str:
    """The CDR under another id, with one field blank wherever it stands."""
    body = json.loads(json.dumps(cdr))
    body["id"] = f"BLANK-{field}"
    body["session_id"] = f"blank-{field}"
    for part in (body, body["cdr_location"]):
        if field in part:
            part[field] = None
    return json.dumps(body)


@pytest.mark.parametrize(("position", "field"), enumerate(BLANK.values(), 1), ids=BLANK)
def test_a_blank_field_is_named(hard_week: duckdb.DuckDBPyConnection, position: int, field: str) -> None:
    found = hard_week.execute(
        "select severity, observed from findings where rule_id = 'SCHEMA_REQUIRED_MISSING' and subject_id = ?",
        [f"own/cdrs/blank.ndjson#{position}"],
    ).fetchall()
    assert [severity for severity, _ in found] == ["reject"]
    assert field in found[0][1]


def test_a_session_authorized_while_its_charger_was_offline_is_linked_to_it(
    hard_week: duckdb.DuckDBPyConnection,
) -> None:
    linked = hard_week.execute(
        "select event, is_started_within, state, statement_id is not null from charger_incidents where event = 'outage'"
    ).fetchall()
    assert ("outage", True, "valid", True) in linked


def test_firmware_after_which_sessions_end_otherwise_is_flagged(hard_week: duckdb.DuckDBPyConnection) -> None:
    told = hard_week.execute(
        "select stop_reason, times_given, times_given_before, standing from firmware_stops"
        " where firmware = '9.1.0' order by stop_reason"
    ).fetchall()
    assert told == [("EVDisconnected", 0, STOPS, "steady"), ("PowerLoss", STOPS, 0, "jumped")]


def test_the_week_s_money_at_risk_is_told_by_partner(hard_week: duckdb.DuckDBPyConnection) -> None:
    (partners,) = hard_week.execute(
        "select count(distinct partner) from quality_days where at_stake_excl_tax > 0"
    ).fetchall()[0]
    (pages,) = hard_week.execute("select count(*) from pages where content like '%at risk%'").fetchall()[0]
    assert partners > 1 and pages >= partners


def test_quality_is_told_by_field_and_partner(hard_week: duckdb.DuckDBPyConnection) -> None:
    ((page,),) = hard_week.execute("select content from pages where filename like '%/index.html'").fetchall()
    (row,) = re.findall(r"<tr>(?:(?!</tr>).)*form of the record.*?</tr>", page, re.DOTALL)
    assert sum(int(number) for number in re.findall(r">\s*(\d+)\s*<", row)) >= len(BLANK)
