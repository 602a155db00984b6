"""`evsettle waterfall` on the finished demo home: each view has the same totals, and nothing is unexplained."""

import json
import subprocess
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb
import pytest

from orchestration.cli.waterfall import VIEWS

Cli = Callable[..., subprocess.CompletedProcess[str]]


def steps(cli_here: Cli, home: Path, *arguments: object) -> list[dict[str, Any]]:
    result = cli_here("--home", home, "waterfall", "--json", *arguments)
    assert result.returncode == 0, result.stderr
    found: list[dict[str, Any]] = json.loads(result.stdout)["steps"]
    return found


def totals(rows: list[dict[str, Any]]) -> dict[tuple[str, str, str], tuple[int, Decimal, Decimal]]:
    sums: dict[tuple[str, str, str], tuple[int, Decimal, Decimal]] = {}
    for row in rows:
        key = (row["direction"], row["currency"], row["step"])
        sessions, kwh, amount = sums.get(key, (0, Decimal(0), Decimal(0)))
        sums[key] = (
            sessions + row["sessions"], kwh + Decimal(row["energy_kwh"]), amount + Decimal(row["amount"]),
        )  # fmt: skip
    return {key: value for key, value in sums.items() if any(value)}


@pytest.mark.parametrize("by", VIEWS)
def test_nothing_is_unexplained_in_any_view(cli_here: Cli, finished_home: Path, by: str) -> None:
    rows = steps(cli_here, finished_home, "--by", by)
    assert {Decimal(row["unexplained"]) for row in rows if row["is_level"]} == {Decimal(0)}
    assert totals(rows) == totals(steps(cli_here, finished_home))


def test_the_levels_are_those_of_their_sources(
    cli_here: Cli, finished_home: Path, published: duckdb.DuckDBPyConnection
) -> None:
    told = steps(cli_here, finished_home, "2026-10", "nordlade")
    rows = [row for row in told if (row["direction"], row["currency"]) == ("payable", "EUR")]
    levels = {
        row["step"]: (row["sessions"], Decimal(row["amount"]))
        for row in rows
        if row["is_level"] and row["currency"] == "EUR"
    }
    where = "partner = 'nordlade' and period = '2026-10' and direction = 'payable' and currency = 'EUR'"
    claimed = published.sql(f"select count(*), sum(coalesce(claimed_excl_tax, 0)) from cdrs where {where}").fetchall()
    billed = published.sql(f"select sum(sessions), sum(amount_excl_tax) from statements where {where}").fetchall()
    assert [levels["claimed"]] == claimed
    assert [levels["billed"]] == billed
    invoiced = published.sql(f"select sum(their_excl_tax) from invoice_reconciliation where {where}").fetchall()
    assert [(levels["invoiced"][1],)] == invoiced
