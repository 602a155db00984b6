"""Data quality on the demo month: counts that add up, the alarm in a real run, pages that are safe to open."""

import json
import subprocess
from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path

import dagster as dg
import duckdb
import pytest

from orchestration.cli.dev import prepare_instance
from orchestration.defs.resources import Settlement
from orchestration.defs.settle.quality_pages import drift_alarms, page
from orchestration.facts.home import Home
from orchestration.gate import GateResult, RuleCount
from orchestration.gate_page import RUNS_KEPT, write_page
from orchestration.pages import chart
from orchestration.published import Snapshot
from orchestration.quality import Scope, percent, report
from orchestration.suite import read_suite
from orchestration.version import suites
from orchestration.warehouse import open_warehouse

Cli = Callable[..., subprocess.CompletedProcess[str]]
CHECKS = ("no_partner_jumped", "no_rule_of_a_partner_jumped")
HOSTILE = "<script>alert('x')</script>\"&"


def test_every_record_is_counted_once(published: duckdb.DuckDBPyConnection) -> None:
    counted = published.execute(
        "select sum(records), sum(superseded), sum(quarantined), sum(held), sum(valid), sum(adjusted), sum(credited),"
        " sum(excluded) from quality_days"
    ).fetchall()[0]
    records = "select count(*) from records where feed = 'cdrs'"
    states = {
        state: published.execute(f"select count(*) from cdrs where state = '{state}'").fetchall()[0][0]
        for state in ("held", "valid", "adjusted", "credited", "excluded")
    }
    aside = [
        published.execute(f"{records} and disposition = '{disposition}'").fetchall()[0][0]
        for disposition in ("superseded", "quarantined")
    ]
    assert list(counted) == [published.execute(records).fetchall()[0][0], *aside, *states.values()]
    assert counted[0] == sum(counted[1:])


def test_every_finding_is_counted_once(published: duckdb.DuckDBPyConnection) -> None:
    by_rule = "select rule_id, {} from {} group by rule_id order by rule_id"
    assert (
        published.execute(by_rule.format("sum(findings)", "quality_findings")).fetchall()
        == published.execute(by_rule.format("count(*)", "findings")).fetchall()
    )


def test_sessions_stand_on_the_days_of_their_month(published: duckdb.DuckDBPyConnection) -> None:
    """A demo session may end on the first of November; a clock that is wrong moves none elsewhere."""
    [(first, last, received)] = published.execute(
        "select min(charged_on), max(charged_on), max(received_on) from quality_days where partner <> 'unknown'"
    ).fetchall()
    assert date(2026, 10, 1) <= first and last <= date(2026, 11, 3)
    assert received == date(2026, 11, 3)


def checks_of(home: Path) -> Iterator[dg.AssetCheckEvaluation]:
    """The last evaluations of the alarm in the home's own Dagster instance."""
    with dg.DagsterInstance.from_config(str(home / "warehouse" / "dagster")) as instance:
        for name in CHECKS:
            key = dg.AssetCheckKey(dg.AssetKey(["settle", "quality_drifts"]), name)
            [record] = instance.event_log_storage.get_asset_check_execution_history(key, limit=1)
            assert record.event is not None and record.event.dagster_event is not None
            yield record.event.dagster_event.asset_check_evaluation_data


def test_a_run_asks_whether_anything_jumped(home_copy: Path) -> None:
    prepare_instance(home_copy / "warehouse" / "dagster")
    for evaluation in checks_of(home_copy):
        assert evaluation.severity == dg.AssetCheckSeverity.WARN
        assert {"jumped", "compared", "too_few_records", "page"} <= set(evaluation.metadata)


def test_a_jump_is_a_warning_with_what_was_seen_and_expected(home_copy: Path) -> None:
    with open_warehouse(home_copy / "warehouse" / "evsettle.duckdb") as connection:
        connection.execute("update settle.quality_drifts set standing = 'steady'")
        connection.execute(
            "insert into settle.quality_drifts values ('emo', 'LOC_UNKNOWN', 'received', '2026-09-30', '2026-10-28',"
            " '2026-11-03', 120, 31, 400, 10, 3.00, 'jumped'),"
            " ('emo', 'LOC_UNKNOWN', 'charged', '2026-09-29', '2026-10-27', '2026-11-02', 90, 31, 430, 10, 2.09, 'jumped')"
        )
        connection.execute(
            "insert into settle.firmware_stops values ('NL/EVS', '2.1', 'Reboot', '2026-10-20 00:00:00+00', 3, 20, 9, 30,"
            " 1, 0.67, 'jumped')"
        )
    stops, whole, rule = drift_alarms(Settlement(home_path=str(home_copy)))
    assert whole.passed
    assert not stops.passed
    assert stops.description == (
        "NL/EVS: with firmware 2.1 9 of 20 sessions ended with Reboot at 3 chargers; before it 1 of 30 did, so 0.67 were"
        " expected."
    )
    assert not rule.passed
    assert rule.severity == dg.AssetCheckSeverity.WARN
    assert rule.description == (
        "emo: LOC_UNKNOWN was found 31 times in 120 records received from 2026-10-28 to 2026-11-03; its history (10 in"
        " 400 since 2026-09-30) let expect 3.00."
    )
    [alarm] = rule.metadata["alarms"].records
    assert (alarm.data["observed"], alarm.data["of records"], alarm.data["expected"]) == (31, 120, "3.00")


def test_the_pages_stand_beside_the_reports_and_a_partner_sees_only_its_own(finished_home: Path) -> None:
    folder = finished_home / "reports" / "quality"
    index = (folder / "index.html").read_text()
    assert "Internal: this page names several partners." in index
    partners = sorted(path.stem for path in folder.glob("*.html") if path.stem != "index")
    assert len(partners) >= 6
    for partner in partners:
        text = (folder / f"{partner}.html").read_text()
        assert partner in text and "Internal" not in text
        assert not [other for other in partners if other != partner and f">{other}<" in text]
    for path in folder.glob("*.html"):
        assert "<script" not in path.read_text() and "http" not in path.read_text().replace("http-equiv", "").replace(
            'xmlns="http://www.w3.org/2000/svg"', ""
        ), f"{path.name} asks for nothing from elsewhere"


def test_a_gate_leaves_a_page_of_its_results(finished_home: Path) -> None:
    [run] = (finished_home / "reports" / "gates").iterdir()
    assert sorted(path.stem for path in run.iterdir()) == ["inspect", "reconcile", "settle"]
    text = (run / "inspect.html").read_text()
    for words in (
        "Internal:",
        "ENERGY_NEGATIVE",
        "Rules that failed:",
        "Rules that held on everything checked:",
        "SHA-256",
    ):
        assert words in text


def test_text_of_a_partner_is_text_on_every_page(finished_home: Path, tmp_path: Path) -> None:
    found = report(Snapshot(Home(finished_home)).named, Scope())
    for row in (*found["partners"], *found["sites"], *found["rules"]):
        row.update({name: HOSTILE for name in ("partner", "location_id", "text") if name in row})
    found["incidents"] = [
        {"sessions": 2, "likely_cause": HOSTILE, "action": HOSTILE, "rule_id": HOSTILE, "owner": HOSTILE,
         "due_at": None, "currency": HOSTILE, "amount_at_stake": Decimal(1)}
    ]  # fmt: skip
    found["alarms"] = found["firmware"] = [{"sentence": HOSTILE}]
    found["chargers"] = [
        {"event": HOSTILE, "value": HOSTILE, "location_id": HOSTILE, "evse_uid": HOSTILE, "from_at": datetime.now(UTC),
         "to_at": None, "sessions": 1, "authorised_offline": 1, "unbilled": 1, "currency": HOSTILE,
         "at_stake_excl_tax": Decimal(1)}
    ]  # fmt: skip
    found["at_stake"] = [
        {"week": date(2026, 10, 5), "partner": HOSTILE, "currency": HOSTILE, "records": 1, "unknown_amounts": 0,
         "at_stake_excl_tax": Decimal(1)}
    ]  # fmt: skip
    whole = page(found).decode()
    assert "<script" not in whole
    assert whole.count("&lt;script&gt;") > len(found["partners"])
    assert "<script" not in page(found, HOSTILE).decode()
    assert page(found) == page(found), "the same content gives the same bytes"

    [path] = [path for path in suites() if path.parts[-3:] == ("settle", "suites", "cdrs.yml")]
    suite = read_suite(path)
    with open_warehouse(tmp_path / "evsettle.duckdb") as connection:
        connection.execute("create table inspect.work as select 'nl/evs|a' as cdr_key")
        connection.execute(
            "create table inspect.cdrs as select 'nl/evs|a' as cdr_key, 'TOKEN-1' as token_uid, 'C-1' as contract_id"
        )
        connection.execute("insert into ingest.raw_run values (7, '2026-11-03 06:00:00+00', '0', 'r')")
        connection.execute(
            "insert into settle.gate_findings (finding_id, subject_kind, subject_id, cdr_key, work_key, gate, rule_id, severity,"
            " owner, status, observed, expected) values ('f', 'cdr', ?, 'nl/evs|a', 'nl/evs|a', 'settle', ?, 'hold', 'finance',"
            " 'open', ?, ?)",
            [HOSTILE, suite.rules[0].rule_id, f"{HOSTILE} of TOKEN-1", HOSTILE],
        )
        counts = tuple(RuleCount(rule.rule_id, rule.severity, 1, 2, 0) for rule in suite.rules)
        result = GateResult("settle", 2, counts, 1, {"pass": 1}, "abc")
        for old in range(RUNS_KEPT + 3):
            (tmp_path / "reports" / "gates" / f"{old:09d}").mkdir(parents=True)
        written = write_page(connection, Home(tmp_path), "settle", [suite], result)
        broken = write_page(connection, Home(tmp_path), "inspect", [suite], HOSTILE)
    text = written.read_text()
    assert "<script" not in text and text.count("&lt;script&gt;") == 3
    assert "TOKEN-1" not in text, "no driver is named"
    assert "The gate broke" in broken.read_text() and "<script" not in broken.read_text()
    assert len(list((tmp_path / "reports" / "gates").iterdir())) == RUNS_KEPT


def test_the_chart_is_as_high_as_the_share() -> None:
    """5 of 50 are 10 %: the scale is 10 %, so that bar is whole; 1 of 40 is 2.5 %: a quarter of 140 is 35."""
    day = {"records": 50, "faulty": 5}
    picture = chart(
        [{"day": date(2026, 10, 1), **day}, {"day": date(2026, 10, 3), "records": 40, "faulty": 1}], "faulty"
    )
    assert picture is not None
    assert (picture["scale"], [(bar["y"], bar["height"]) for bar in picture["bars"]]) == (10, [(0, 140), (105, 35)])
    assert chart([], "faulty") is None
    assert [percent(*one) for one in ((0, 0), (0, 5), (1, 9999), (1, 3), (9999, 10000), (5, 5))] == [
        "-", "0.0 %", "< 0.1 %", "33.3 %", "> 99.9 %", "100.0 %",
    ]  # fmt: skip


@pytest.mark.parametrize("wrong", [("--partner", "nobody"), ("--rule", "NO_RULE"), ("--since", "yesterday")])
def test_a_wrong_question_is_told_so(cli_here: Cli, finished_home: Path, wrong: tuple[str, str]) -> None:
    result = cli_here("--home", finished_home, "quality", *wrong)
    assert result.returncode == 2
    assert wrong[1] in result.stderr


def test_the_command_says_what_the_tables_say(cli_here: Cli, finished_home: Path) -> None:
    told = json.loads(cli_here("--home", finished_home, "quality", "--json", "--partner", "emo").stdout)
    assert [row["partner"] for row in told["partners"]] == ["emo"]
    assert told["total"]["records"] == sum(row["records"] for row in told["days"])
    shown = cli_here("--home", finished_home, "quality").stdout
    for words in ("decided without a person", "By partner", "By rule", "Pages:"):
        assert words in shown
    assert "Quality: " in cli_here("--home", finished_home, "status").stdout
