"""Gate 1 on real DuckDB, dbt and Great Expectations: each rule rejects what just breaks it and accepts the rest."""

from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb
import pytest

from orchestration.dbt import invoke
from orchestration.gate import GateResult, run_gate
from orchestration.gate_asset import suite_paths
from orchestration.suite import read_suite
from tests.inspect.evidence_cases import EVIDENCE_CASES, MASTER, MASTER_TABLES, TOLD_FEEDS, ids_of, merged
from tests.inspect.gate_cases import CASES as CDR_CASES
from tests.inspect.gate_cases import TARIFFS, Bend, period
from tests.inspect.meter_cases import METER_CASES
from tests.raw_rows import World, at, new_world

SUITES = suite_paths("inspect")
CASES = merged(CDR_CASES, EVIDENCE_CASES, METER_CASES)
# Of a whole file, or of one record among several of a key: test_swapped_dates.py, test_counting_revision.py.
ELSEWHERE = {"BATCH_COUNT_MISMATCH", "BATCH_REPLAYED", "TIME_DAY_MONTH_SWAP", "ID_REUSED_CHANGED", "DUP_EXACT"}

Judged = tuple[duckdb.DuckDBPyConnection, GateResult, dict[tuple[str, str, int], str]]


def _add(world: World, name: str, bend: Bend) -> str:
    """The session of a case with its master data, and what stands beside it."""
    bend = dict(bend)
    bend.pop("unevaluated", None)
    # Of sessions that arrive together the first by key stands, so what is first has a key that says so.
    beside = [
        (f"{'0-' if 'first' in other else ''}{name}-{number}", dict(other))
        for number, other in enumerate(bend.pop("beside", []))
    ]
    connector, token = bend.pop("connector", {}), bend.pop("token", {})
    token_change = bend.pop("token_change", None)
    told = {feed: bend.pop(feed) for feed in TOLD_FEEDS if feed in bend}
    master = {table: bend.pop(table) for table in MASTER_TABLES if table in bend}
    cdr_id = bend.setdefault("cdr_id", name)
    fields = {"evse_uid": f"EV-{cdr_id}", "token_uid": f"TOK-{cdr_id}", "connector_id": "1", **bend}
    if connector is not None and fields["evse_uid"]:
        world.connector(fields["evse_uid"], **{"connector_id": fields["connector_id"], **connector})
    if changed_at := fields.pop("hardware_change", None):
        change = {"standard": "CHADEMO", "power_type": "DC", "last_updated": changed_at, "sighting_seq": 2}
        world.connector(fields["evse_uid"], **{"connector_id": fields["connector_id"], **change})
    if token is not None and fields["token_uid"]:
        world.token(fields["token_uid"], **token)
    if token_change:
        world.token(fields["token_uid"], is_valid=False, last_updated=token_change, sighting_seq=2)
    first = [other for other in beside if other[1].pop("first", False)]
    for other_name, other in first:
        _beside(world, other_name, other)
    for feed, row in told.items():
        for record in row if isinstance(row, list) else [row]:
            world.told(feed, **(ids_of(feed, fields, name) | record))
    for table, row in master.items():
        world.insert(f"raw_{table}", **({"evse_uid": fields["evse_uid"]} | row))
    key = world.cdr(**fields)
    for other_name, other in beside:
        if (other_name, other) not in first:
            _beside(world, other_name, other)
    return key


def _beside(world: World, name: str, bend: Bend) -> None:
    credited = bend.pop("credited", False)
    world.cdr(name, **bend)
    if credited:
        world.cdr(f"{name}-c", is_credit=True, credit_reference_id=name)


@pytest.fixture(scope="module")
def judged(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Judged]:
    """Every case in one warehouse, built and judged once; the keys by rule, side and number."""
    path, world = new_world(tmp_path_factory.mktemp("gate"))
    for known in ("EV-KNOWN", "EV-NEW", "EV-FORM", "EV-LOWER"):
        world.connector(known)
    world.alias("evse", "EV-OLD", "NL/EMO|EV-NEW", valid_to="2026-10-10T08:00:00Z")
    for table, rows in MASTER.items():
        for row in rows:
            world.insert(f"raw_{table}", **row)
    for tariff in TARIFFS:
        world.tariff(**tariff)
    signed = {"SIGNED": ("2026-09-01T08:00:00Z", None), "TOO-LATE": ("2026-10-11T08:00:00Z", None),
              "RETRO": ("2026-10-21T08:00:00Z", "T_RETRO")}  # fmt: skip
    for seq, (tariff_id, (moment, reason)) in enumerate(signed.items(), start=20):
        world.decide(seq, "tariff", "tariff", f"NL/CAR:{tariff_id}", value="body2", effective_at=moment,
                     reason_code=reason)  # fmt: skip
    keys = {}
    for rule_id, breaking, passing in CASES:
        for side, bends in (("breaks", breaking), ("passes", passing)):
            for number, bend in enumerate(bends):
                keys[rule_id, side, number] = _add(world, f"{rule_id[:20]}-{side[0]}{number}", bend)
    # A larger tolerance from the 20th on.
    world.contract("emo", "NL/EMO", contract_version="emo-2", valid_from="2026-10-20", tolerance_energy_kwh="1")
    apart = {"energy_kwh": Decimal("10.5"), "periods": [period("10T09:00")]}
    later = {"started_at": at("21T09:00"), "ended_at": at("21T10:00"), "periods": [period("21T09:00")]}
    keys["ENERGY_PERIOD_SUM", "breaks", 9] = _add(world, "sum-before", apart)
    keys["ENERGY_PERIOD_SUM", "passes", 9] = _add(world, "sum-after", apart | later)
    # From the 20th on that contract covers chargers of NL/EMO alone.
    world.insert("raw_contract_scope", partner="emo", contract_version="emo-2", kind="owner", place="nl/emo")
    sold = {"assets": {"owner_party": "NL/EM2", "commissioned_on": "2026-10-01"}}
    keys["AUTH_SITE_NOT_ALLOWED", "breaks", 9] = _add(world, "scope-after", later | sold)
    keys["AUTH_SITE_NOT_ALLOWED", "passes", 9] = keys["ENERGY_PERIOD_SUM", "passes", 9]
    world.finish()
    world.connection.close()
    invoke(["build", "--select", "group:ingest", "group:inspect"], path)
    connection = duckdb.connect(str(path))
    connection.execute("set TimeZone = 'UTC'")
    yield connection, run_gate(connection, "inspect", SUITES), keys
    connection.close()


def _is_on_record(rule_id: str) -> bool:
    return any(rule.rule_id == rule_id for rule in read_suite(_suite("records")).rules)


def _suite(name: str) -> Path:
    return next(path for path in SUITES if path.stem == name)


def _flag(connection: duckdb.DuckDBPyConnection, rule_id: str, key: str) -> int | None:
    model = "record_flags" if _is_on_record(rule_id) else "cdr_flags"
    if rule_id == "EVIDENCE_REQUIRED":
        # The gate works it out from the contract's words.
        row = connection.execute("select evidence_required from gate_cdrs where cdr_key = ?", [key]).fetchone()
    else:
        row = connection.execute(f"select {rule_id} from inspect.{model} where cdr_key = ?", [key]).fetchone()
    assert row is not None, f"{key} has no flags"
    return row[0]


def _findings(connection: duckdb.DuckDBPyConnection, rule_id: str, key: str) -> list[tuple[Any, ...]]:
    return connection.execute(
        "select severity, observed, expected from inspect.gate_findings where rule_id = ? and work_key = ?",
        [rule_id, key],
    ).fetchall()


@pytest.mark.parametrize(
    ("rule_id", "number"), [(rule_id, number) for rule_id, breaks, _ in CASES for number in range(len(breaks))]
)
def test_the_rule_rejects(judged: Judged, rule_id: str, number: int) -> None:
    connection, _, keys = judged
    key = keys[rule_id, "breaks", number]
    assert _flag(connection, rule_id, key) == 0
    (finding,) = _findings(connection, rule_id, key)
    assert all(finding), "severity, observed and expected are all said"


@pytest.mark.parametrize(
    ("rule_id", "number"), [(rule_id, number) for rule_id, _, passes in CASES for number in range(len(passes))]
)
def test_the_rule_accepts(judged: Judged, rule_id: str, number: int) -> None:
    connection, _, keys = judged
    key = keys[rule_id, "passes", number]
    bend = next(passes for case, _, passes in CASES if case == rule_id)[number]
    assert _flag(connection, rule_id, key) == (None if "unevaluated" in bend else 1)
    assert not _findings(connection, rule_id, key)


def test_a_place_that_the_contract_does_not_cover_is_not_allowed(judged: Judged) -> None:
    connection, _, keys = judged
    assert _findings(connection, "AUTH_SITE_NOT_ALLOWED", keys["AUTH_SITE_NOT_ALLOWED", "breaks", 9]) == [
        ("hold", "owner NL/EM2", "a place that the contract covers")
    ]
    assert _flag(connection, "AUTH_SITE_NOT_ALLOWED", keys["AUTH_SITE_NOT_ALLOWED", "passes", 9]) == 1


def test_every_rule_has_a_breaking_and_a_passing_case() -> None:
    declared = {rule.rule_id for path in SUITES for rule in read_suite(path).rules}
    assert {rule_id for rule_id, breaks, passes in CASES if breaks and passes} == declared - ELSEWHERE


def test_a_milder_case_of_a_rule_is_less_severe(judged: Judged) -> None:
    connection, _, keys = judged
    outside, over_start = keys["TIME_PERIOD_ORDER", "breaks", 0], keys["TIME_PERIOD_ORDER", "breaks", 1]
    assert _findings(connection, "TIME_PERIOD_ORDER", outside)[0][0] == "reject"
    assert _findings(connection, "TIME_PERIOD_ORDER", over_start)[0][0] == "warn"


def test_verdicts_follow_the_worst_finding(judged: Judged) -> None:
    connection, result, keys = judged
    verdicts = dict(connection.execute("select cdr_key, verdict from inspect.gate_verdicts").fetchall())
    assert verdicts[keys["SCHEMA_TYPE_INVALID", "passes", 0]] == "pass"
    assert verdicts[keys["NUM_PRECISION_EXCESS", "breaks", 0]] == "pass"
    assert verdicts[keys["TIME_DST_AMBIGUOUS", "breaks", 0]] == "hold"
    assert verdicts[keys["ENERGY_NEGATIVE", "breaks", 0]] == "reject"
    assert verdicts[keys["SCHEMA_REQUIRED_MISSING", "breaks", 0]] == "reject"
    assert result.verdicts == {
        verdict: list(verdicts.values()).count(verdict) for verdict in ("pass", "hold", "reject")
    }


def test_a_quarantined_record_is_no_cdr(judged: Judged) -> None:
    connection, _, keys = judged
    key = keys["ID_PARTY_UNKNOWN", "breaks", 0]
    assert not connection.execute("select 1 from inspect.cdrs where cdr_key = ?", [key]).fetchall()
    (finding,) = connection.execute(
        "select subject_kind, cdr_key, subject_id from inspect.gate_findings where work_key = ?", [key]
    ).fetchall()
    assert finding[:2] == ("record", None)
    assert finding[2].startswith("emo/cdrs/1.json#")


def test_what_was_not_evaluated_is_counted(judged: Judged) -> None:
    connection, _, keys = judged
    evaluated, not_evaluated = connection.execute(
        "select rules_evaluated, rules_not_evaluated from inspect.gate_verdicts where cdr_key = ?",
        [keys["OUTCOME_TEST", "passes", 1]],
    ).fetchall()[0]
    rules = sum(len(read_suite(_suite(name)).rules) for name in ("cdrs", "records"))
    assert evaluated + not_evaluated == rules
    assert not_evaluated >= 1


@pytest.mark.parametrize(
    ("root", "bend", "consequence"),
    [
        ("LOC_UNKNOWN", 0, "TIME_ZONE_MISSING"),
        ("TIME_TOTAL_MISMATCH", 2, "ENERGY_NO_CHARGE_TIME"),
        ("TIME_DST_CROSSING", 3, "ENERGY_NO_CHARGE_TIME"),
    ],
)
def test_a_finding_that_another_explains_names_its_root(judged: Judged, root: str, bend: int, consequence: str) -> None:
    connection, _, keys = judged
    key = keys[root, "breaks", bend]
    found = {
        rule: (finding_id, root)
        for rule, finding_id, root in connection.execute(
            "select rule_id, finding_id, caused_by from inspect.gate_findings where cdr_key = ?", [key]
        ).fetchall()
    }
    assert found[consequence][1] == found[root][0]
    assert found[root][1] is None


def test_sessions_before_and_after_a_migration_are_at_one_connector_and_both_pass(judged: Judged) -> None:
    connection, _, keys = judged
    found = connection.execute(
        "select cdrs.evse_uid, cdrs.canonical_connector_id, verdicts.verdict from inspect.cdrs as cdrs"
        " inner join inspect.gate_verdicts as verdicts on cdrs.cdr_key = verdicts.cdr_key"
        " where cdrs.cdr_key in (?, ?) order by cdrs.started_at",
        [keys["LOC_ALIAS_USED", "breaks", 0], keys["LOC_ALIAS_USED", "passes", 0]],
    ).fetchall()
    assert found == [("EV-OLD", "nl/emo|ev-new|1", "pass"), ("EV-NEW", "nl/emo|ev-new|1", "pass")]


def test_a_tolerance_changed_from_a_day_leaves_earlier_sessions_as_they_were(judged: Judged) -> None:
    connection, _, keys = judged
    early, late = keys["ENERGY_PERIOD_SUM", "breaks", 9], keys["ENERGY_PERIOD_SUM", "passes", 9]
    assert (_flag(connection, "ENERGY_PERIOD_SUM", early), _flag(connection, "ENERGY_PERIOD_SUM", late)) == (0, 1)
