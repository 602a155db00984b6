"""`evsettle channels` on the finished demo home: channels add up to all sessions, and late hand-offs are named."""

import json
import subprocess
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path

import duckdb

Cli = Callable[..., subprocess.CompletedProcess[str]]


def test_channels_and_sites_add_up_to_every_session(
    cli_here: Cli, finished_home: Path, published: duckdb.DuckDBPyConnection
) -> None:
    found = json.loads(cli_here("--home", finished_home, "channels", "2026-10", "emo", "--json").stdout)
    whole = published.execute(
        "select count(*), sum(claimed_excl_tax), sum(settled_excl_tax) from cdrs"
        " where partner = 'emo' and period = '2026-10' and direction = 'receivable' and currency = 'EUR'"
    ).fetchall()
    for rows in (
        [row for row in found["channels"] if row["channel"] and row["direction"] == "receivable"],
        [row for row in found["channels"] if not row["channel"] and row["direction"] == "receivable"],
        [row for row in found["sites"] if row["direction"] == "receivable"],
    ):
        mine = [row for row in rows if row["currency"] == "EUR"]
        sums = (
            sum(row["sessions"] for row in mine),
            sum((Decimal(row["claimed_excl_tax"]) for row in mine), Decimal(0)),
            sum((Decimal(row["settled_excl_tax"]) for row in mine), Decimal(0)),
        )
        assert [sums] == whole


def test_late_and_broken_hand_offs_are_named_with_their_lag(
    cli_here: Cli, finished_home: Path, published: duckdb.DuckDBPyConnection
) -> None:
    found = json.loads(cli_here("--home", finished_home, "channels", "--json").stdout)["hand_offs"]
    assert {row["channel"] for row in found if row["hop"] == "delivery"} >= {"app", "hub", "direct"}
    held = published.execute("select count(*) from cdrs where state = 'held'").fetchall()
    broken = sum(row["broken"] for row in found if row["hop"] == "clearing")
    assert [(broken,)] == held
    # All came on 3 November, when every source delivered for the first time: old, but nobody was late with it.
    delivered = [row for row in found if row["hop"] == "delivery" and row["source"] != "-"]
    assert any(Decimal(row["longest_hours"]) > 700 for row in delivered)
    assert sum(row["history"] for row in delivered) > 250 and not any(row["late"] for row in delivered)
    # A hub's records wait for its file first.
    assert {row["channel"] for row in found if row["hop"] == "hub"} == {"hub"}
    status = cli_here("--home", finished_home, "status").stdout
    assert f"Hand-off clearing: {broken} broken, 0 late" in status
    never_came = sum(row["broken"] for row in found if row["hop"] == "delivery")
    assert never_came and f"Hand-off delivery: {never_came} broken, 0 late, the longest" in status


def test_each_planted_euro_is_attributed(finished_home: Path, published: duckdb.DuckDBPyConnection) -> None:
    """Every session with a planted fault that a gate holds or rejects is a piece of leakage with one cause."""
    truth = str(finished_home / "truth.csv")
    lost = published.execute(
        "select distinct truth.cdr_key, truth.rule_id from read_csv(?, all_varchar = true) as truth"
        " inner join cdrs on truth.cdr_key = cdrs.cdr_key"
        " left join leakage on truth.cdr_key = leakage.cdr_key"
        " where cdrs.state in ('held', 'excluded', 'credited', 'adjusted') and leakage.cdr_key is null order by all",
        [truth],
    ).fetchall()
    assert lost == []
    # Where the rule of the one planted fault holds the session, it is the cause.
    causes = published.execute(
        "with one as (select cdr_key, min(rule_id) as rule_id from read_csv(?, all_varchar = true)"
        " where cdr_key is not null and rule_id is not null group by cdr_key having count(*) = 1)"
        " select count(*), count(*) filter (leakage.cause = one.rule_id) from one"
        " inner join (select distinct cdr_key, rule_id from findings where severity <> 'warn' and status = 'open')"
        " as holds on one.cdr_key = holds.cdr_key and one.rule_id = holds.rule_id"
        " inner join leakage on one.cdr_key = leakage.cdr_key and leakage.step = 'held'",
        [truth],
    ).fetchall()
    ((pieces, attributed),) = causes
    assert pieces > 30 and attributed == pieces
