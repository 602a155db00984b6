"""`evsettle reconcile` on the finished demo home: what is wrong with the partners' invoices is told to the cent."""

import io
import json
import subprocess
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Any
from zipfile import ZipFile

import pytest
from defusedxml import ElementTree

Cli = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture(scope="module")
def told(cli_here: Cli, finished_home: Path) -> dict[str, list[dict[str, Any]]]:
    result = cli_here("--home", finished_home, "reconcile", "--json")
    assert result.returncode == 0, result.stderr
    found: dict[str, list[dict[str, Any]]] = json.loads(result.stdout)
    return found


def net(rows: list[dict[str, Any]], column: str) -> Decimal:
    return sum((Decimal(row[column] or 0) for row in rows), Decimal(0))


def of(rows: list[dict[str, Any]], partner: str, standing: str) -> list[dict[str, Any]]:
    return [row for row in rows if (row["partner"], row["standing"]) == (partner, standing)]


def test_both_columns_add_up_to_their_documents(told: dict[str, list[dict[str, Any]]]) -> None:
    assert len(told["sides"]) == 5
    for side in told["sides"]:
        lines = [row for row in told["lines"] if row["partner"] == side["partner"]]
        assert net(lines, "our_excl_tax") == Decimal(side["our_excl_tax"])
        assert net(lines, "their_excl_tax") == Decimal(side["their_excl_tax"])
        difference = Decimal(side["their_excl_tax"]) - Decimal(side["our_excl_tax"])
        assert net(lines, "difference_excl_tax") == difference == Decimal(side["difference_excl_tax"])


def test_each_planted_fault_of_an_invoice_has_its_class(told: dict[str, list[dict[str, Any]]]) -> None:
    # A total that is 10 beyond its lines; one session left out; one billed by a second invoice.
    (total,) = of(told["lines"], "fahrstrom", "other")
    assert (total["line"], total["difference_excl_tax"]) == ("total", "10")
    (left_out,) = of(told["lines"], "nordlade", "unlisted")
    assert Decimal(left_out["difference_excl_tax"]) == -Decimal(left_out["our_excl_tax"]) < 0
    (twice,) = of(told["lines"], "islecharge", "doubled")
    assert twice["invoice_id"] == "ISL-2026-10-2"
    # What we hold is on their invoice and not on our statement, and says so.
    held = [row for row in told["lines"] if row["standing"] == "missing"]
    assert held and {row["stands_elsewhere"] for row in held} >= {"held"}


def test_a_record_is_compared_in_one_sum(told: dict[str, list[dict[str, Any]]]) -> None:
    matched = of(told["lines"], "alpenstrom", "matched")
    assert matched and all(row["their_excl_tax"] is None for row in matched)
    (total,) = of(told["lines"], "alpenstrom", "other")
    assert Decimal(total["difference_excl_tax"]) == Decimal(total["their_excl_tax"]) - net(matched, "our_excl_tax")


def test_page_and_workbook_hold_the_same(cli_here: Cli, finished_home: Path, tmp_path: Path) -> None:
    page, book = tmp_path / "page.html", tmp_path / "book.xlsx"
    result = cli_here("--home", finished_home, "reconcile", "2026-10", "nordlade", "--html", page, "--xlsx", book)
    assert result.returncode == 0, result.stderr
    text = page.read_text()
    assert "missing there (1)" in text and "<script" not in text and "://" not in text
    with ZipFile(io.BytesIO(book.read_bytes())) as archive:
        names = [sheet.get("name") for sheet in ElementTree.fromstring(archive.read("xl/workbook.xml")).iter()
                 if sheet.tag.endswith("}sheet")]  # fmt: skip
    assert names == ["Totals", "From ours to theirs", "Lines", "Charts"]


def test_a_slip_is_told(cli_here: Cli, finished_home: Path) -> None:
    for arguments, told in ((["2026-1"], "No period is named 2026-1"), (["2026-10", "nord"], "No partner is named")):
        result = cli_here("--home", finished_home, "reconcile", *arguments)
        assert result.returncode == 2 and told in result.stderr and "Traceback" not in result.stderr
