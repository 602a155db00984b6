"""A connector is renamed by a migration: held, then billable by an approved alias, the record unedited (row 29, 72)."""

import json
import os
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path
from subprocess import CompletedProcess
from typing import Any

import duckdb
import pytest

Cli = Callable[..., CompletedProcess[str]]

pytestmark = pytest.mark.slow


def a_session(home: Path) -> tuple[str, dict[str, Any]]:
    """The source and record of a valid session whose connector was free in the same hours two weeks before."""
    with duckdb.connect(str(home / "warehouse/evsettle.duckdb"), read_only=True) as connection:
        found = connection.execute(
            "select cdrs.source, records.raw_text from ingest.raw_records as records"
            " inner join inspect.cdrs as cdrs on records.record_id = cdrs.record_id"
            " inner join settle.cdr_outcomes as outcomes on cdrs.cdr_key = outcomes.cdr_key"
            " where outcomes.state = 'valid' and cdrs.ocpi_version = '2.2.1' and cdrs.source = cdrs.partner"
            " and cdrs.started_at > timestamptz '2026-10-16 00:00:00+00' and not exists ("
            "  from inspect.cdrs as others where others.canonical_connector_id = cdrs.canonical_connector_id"
            "  and others.started_at < cdrs.ended_at - interval 14 day"
            "  and others.ended_at > cdrs.started_at - interval 14 day)"
            " order by cdrs.cdr_key limit 1"
        ).fetchall()
    return found[0][0], json.loads(found[0][1])


def two_weeks_before(stamp: str) -> str:
    return (datetime.fromisoformat(stamp) - timedelta(days=14)).isoformat().replace("+00:00", "Z")


def state_of(home: Path, cdr_id: str) -> list[tuple[Any, ...]]:
    folder = home / "published"
    with duckdb.connect() as connection:
        for name in ("cdrs", "findings"):
            connection.read_parquet(str(folder / f"{name}.parquet")).create_view(name)
        return connection.execute(
            "select cdrs.state, findings.rule_id, findings.status from cdrs left join findings"
            " on cdrs.cdr_key = findings.cdr_key and findings.rule_id like 'LOC_%' where cdrs.cdr_id = ? order by 2",
            [cdr_id],
        ).fetchall()


def canonical(home: Path) -> dict[str, str]:
    with duckdb.connect(str(home / "warehouse/evsettle.duckdb"), read_only=True) as connection:
        return dict(connection.execute("select cdr_id, canonical_connector_id from inspect.cdrs").fetchall())


def test_a_renamed_connector_is_held_until_an_alias_is_approved(home_copy: Path, cli_here: Cli) -> None:
    source, before = a_session(home_copy)
    renamed = json.loads(json.dumps(before)) | {"id": "AFTER-MIGRATION", "session_id": "AFTER-MIGRATION"}
    renamed.pop("authorization_reference", None)
    for name in ("start_date_time", "end_date_time"):
        renamed[name] = two_weeks_before(renamed[name])
    for period in renamed["charging_periods"]:
        period["start_date_time"] = two_weeks_before(period["start_date_time"])
    renamed["cdr_location"]["connector_id"] = "9"
    landed = home_copy / "landing" / source / "cdrs/after-migration.json"
    landed.write_text(json.dumps(renamed))
    os.utime(landed, (1_700_000_000, 1_700_000_000))
    assert cli_here("--home", home_copy, "run", "--as-of", "2026-11-04T06:00:00Z").returncode == 0
    assert ("held", "LOC_CONNECTOR_DRIFT", "open") in state_of(home_copy, "AFTER-MIGRATION")
    uid, connector = before["cdr_location"]["evse_uid"], before["cdr_location"]["connector_id"]
    proposed = cli_here(
        "--home", home_copy, "decide", "alias", f"connector:{uid}|9", "--set", f"canonical={uid}|{connector}",
        "--reason", "ADJ_ALIAS", "--by", "Lotte Visser", "--json",
    )  # fmt: skip
    assert proposed.returncode == 0, proposed.stderr
    seq = json.loads(proposed.stdout)["seq"]
    approved = cli_here("--home", home_copy, "decide", "approve", seq, "--by", "Daan Mulder")
    assert approved.returncode == 0, approved.stderr
    assert cli_here("--home", home_copy, "run").returncode == 0
    found = state_of(home_copy, "AFTER-MIGRATION")
    assert ("valid", "LOC_ALIAS_USED", "open") in found
    # Explain says who decided that it is the same connector.
    told = json.loads(cli_here("--home", home_copy, "explain", "AFTER-MIGRATION", "--json").stdout)
    assert [(row["actor"], row["event"]) for row in told["events"] if row["subject"].startswith("connector:")] == [
        ("Lotte Visser", "propose alias"),
        ("Daan Mulder", "approve"),
    ]
    ids = canonical(home_copy)
    assert ids["AFTER-MIGRATION"] == ids[before["id"]]
