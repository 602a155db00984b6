"""`evsettle waterfall` on the finished demo home: each view has the same totals, and nothing is unexplained."""

import io
import json
import subprocess
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb
import openpyxl
import pytest

from orchestration.cli.waterfall import VIEWS
from orchestration.pages.views import Picture, Step, View
from orchestration.pages.workbook import to_workbook

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


def test_the_workbook_has_a_chart_of_each_way(cli_here: Cli, finished_home: Path, tmp_path: Path) -> None:
    book = tmp_path / "book.xlsx"
    assert cli_here("--home", finished_home, "waterfall", "2026-10", "--by", "partner", "--xlsx", book).returncode == 0
    rows = steps(cli_here, finished_home, "2026-10", "--by", "partner")
    ways: dict[str, list[float]] = {}
    for row in rows:
        caption = f"{row['direction']}, {row['currency']}, {row['partner']}"
        ways.setdefault(caption, []).append(float(row["amount"]))
    sheet = openpyxl.load_workbook(book)["Charts"]
    charts = {chart.anchor._from.row: chart for chart in sheet._charts}
    assert len(charts) == len(ways) > 5
    for top, chart in charts.items():
        amounts = ways.pop(sheet.cell(top + 1, 1).value)
        for series, column in zip(chart.series, "CDE", strict=True):
            assert series.cat.strRef.f == f"Charts!$A${top + 2}:$A${top + 1 + len(amounts)}"
            assert series.val.numRef.f == f"Charts!${column}${top + 2}:${column}${top + 1 + len(amounts)}"
        told = [[cell.value for cell in line] for line in sheet[f"B{top + 2}:E{top + 1 + len(amounts)}"]]
        assert [line[0] for line in told] == amounts
        # Each bar is as long as its amount is large, and begins where the one before ended.
        assert [line[2] - line[3] for line in told] == pytest.approx([abs(amount) for amount in amounts])


def test_a_bar_across_zero_has_a_part_on_each_side() -> None:
    steps = [Step("claimed", Decimal(5), is_level=True), Step("held", Decimal(-8), is_level=False),
             Step("fees", Decimal(-2), is_level=False), Step("billed", Decimal(-5), is_level=True)]  # fmt: skip
    book = to_workbook(View("t", "l", [Picture("way", steps)], []))
    sheet = openpyxl.load_workbook(io.BytesIO(book))["Charts"]
    assert [[cell.value for cell in line] for line in sheet["C2:E5"]] == [
        [0, 5, 0],
        [0, 5, -3],
        [-3, 0, -2],
        [0, 0, -5],
    ]
