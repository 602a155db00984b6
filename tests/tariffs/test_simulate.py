"""`tariff simulate` prices with the models that settle: what it shows as now is what the run gave, to the last digit."""

import csv
import io
import json
import re
import subprocess
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb
import pytest

from orchestration.tariffs.repricing_page import sessions_csv
from tests.snapshots import tables

Cli = Callable[..., subprocess.CompletedProcess[str]]
TARIFF = "AC-DAYNIGHT"


def _draft(home: Path, folder: Path, change: Callable[[dict[str, Any]], None], tariff: str = TARIFF) -> Path:
    fields = json.loads((home / "master" / "tariffs" / f"{tariff}.json").read_text(), parse_float=str)
    change(fields)
    path = folder / "draft.json"
    path.write_text(json.dumps(fields))
    return path


def _all_prices(fields: dict[str, Any], change: Callable[[Decimal], Decimal]) -> None:
    for element in fields["elements"]:
        for component in element["price_components"]:
            component["price"] = str(change(Decimal(str(component["price"]))))


def _simulated(cli_here: Cli, home: Path, *arguments: object) -> dict[str, Any]:
    result = cli_here("--home", home, "tariff", "simulate", *arguments, "--json")
    assert result.returncode == 0, result.stderr
    answer: dict[str, Any] = json.loads(result.stdout)
    return answer


def _euros(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The demo also plants a session of a currency that is none: it has rows of its own, and no price."""
    assert all(row["currency"] == "EUR" or Decimal(row["draft_excl_tax"] or 0) == 0 for row in rows)
    return [row for row in rows if row["currency"] == "EUR"]


def test_the_tariff_itself_changes_no_session_and_gives_what_the_run_gave(
    cli_here: Cli, finished_home: Path, published: duckdb.DuckDBPyConnection
) -> None:
    answer = _simulated(cli_here, finished_home, TARIFF)
    (total,) = _euros(answer["totals"])
    expected = published.execute(
        "select count(*), sum(expected_excl_tax) from cdrs where tariff_id = ? and cpo_party = 'NL/EVS'"
        " and currency = 'EUR'",
        [TARIFF],
    ).fetchone()
    assert expected is not None and expected[0] > 0
    assert (total["sessions"], Decimal(total["now_excl_tax"])) == expected
    assert (total["changed"], Decimal(total["difference"]), answer["changes"]) == (0, 0, [])
    assert answer["sessions_other_than_in_last_run"] == 0


def test_three_cents_more_by_day_are_three_cents_a_kwh_of_the_day(
    cli_here: Cli, finished_home: Path, published: duckdb.DuckDBPyConnection, tmp_path: Path
) -> None:
    def dearer(fields: dict[str, Any]) -> None:
        fields["elements"][1]["price_components"][0]["price"] = "0.45"

    answer = _simulated(cli_here, finished_home, _draft(finished_home, tmp_path, dearer), "--period", "2026-10",
                        "--out", tmp_path / "out")  # fmt: skip
    assert answer["changes"] == [f"{TARIFF}: Energy every day 07:00-23:00: 0.42 -> 0.45 EUR/kWh (+7.1 %)"]
    by_day = dict(published.execute(
        "select cdr_key, sum(volume * 0.03) from price_lines inner join cdrs using (cdr_key) where reading = 'base'"
        " and price_lines.tariff_id = ? and element_no = 2 and not is_credit and starts_with(service_period, '2026-10')"
        " group by cdr_key", [TARIFF]
    ).fetchall())  # fmt: skip
    rows = list(csv.DictReader(io.StringIO((tmp_path / "out" / "sessions.csv").read_text())))
    priced = [row for row in rows if row["difference"] and Decimal(row["now_excl_tax"]) >= 0]
    assert len(priced) > 10
    for row in priced:
        assert Decimal(row["difference"]) == by_day.get(row["cdr_key"], Decimal(0))
    # Every view adds up to the total.
    (total,) = _euros(answer["totals"])
    for view in ("by_partner", "by_site", "by_hour"):
        assert sum(Decimal(row["difference"]) for row in _euros(answer[view])) == Decimal(total["difference"])
        assert sum(row["sessions"] for row in _euros(answer[view])) == total["sessions"] == len(_euros(rows))


def test_twice_the_prices_are_twice_the_money(cli_here: Cli, finished_home: Path, tmp_path: Path) -> None:
    draft = _draft(finished_home, tmp_path, lambda fields: _all_prices(fields, lambda price: price * 2))
    (total,) = _euros(_simulated(cli_here, finished_home, draft)["totals"])
    assert Decimal(total["draft_excl_tax"]) == 2 * Decimal(total["now_excl_tax"]) != 0


def test_another_tariff_may_take_its_place_and_a_partner_may_be_picked(
    cli_here: Cli, finished_home: Path, tmp_path: Path
) -> None:
    draft = _draft(finished_home, tmp_path, lambda fields: fields.update(id="NEW"))
    whole = _simulated(cli_here, finished_home, draft, "--replaces", "DC-FAST")
    partner = whole["by_partner"][0]["partner"]
    part = _simulated(cli_here, finished_home, draft, "--replaces", "NL/EVS:DC-FAST", "--partner", partner)
    assert part["by_partner"] == whole["by_partner"][:1]
    refused = cli_here("--home", finished_home, "tariff", "simulate", draft)
    assert refused.returncode == 1
    assert "No session of that time used NEW" in refused.stderr


def test_nothing_of_the_home_is_changed(cli_here: Cli, finished_home: Path, tmp_path: Path) -> None:
    def state() -> tuple[dict[str, str], list[tuple[str, int]]]:
        files = [(str(p), p.stat().st_mtime_ns) for p in sorted(finished_home.rglob("*")) if p.is_file()]
        return tables(finished_home), files

    before = state()
    _simulated(cli_here, finished_home, TARIFF, "--out", tmp_path)
    assert state() == before


def test_the_page_needs_nothing_but_itself_and_is_the_same_again(
    cli_here: Cli, finished_home: Path, tmp_path: Path
) -> None:
    draft = _draft(finished_home, tmp_path, lambda fields: _all_prices(fields, lambda price: price + 1))
    for name in ("one", "two"):
        answer = _simulated(cli_here, finished_home, draft, "--out", tmp_path / name)
    page = (tmp_path / "one" / "simulation.html").read_text()
    assert page.count("<svg") == 3 * len(answer["totals"])
    links = set(re.findall(r"https?://[^\"'\s<)]+", page))
    assert links <= {"http://www.w3.org/2000/svg", "http://www.w3.org/1999/xlink"}
    assert "<script" not in page and "src=" not in page
    for name in ("simulation.html", "differences.csv", "sessions.csv"):
        assert (tmp_path / "one" / name).read_bytes() == (tmp_path / "two" / name).read_bytes()


def test_an_id_that_a_spreadsheet_would_run_is_written_as_text() -> None:
    names = (
        "cdr_key", "partner", "direction", "state", "service_period", "statement_id", "statement_status", "site",
        "local_hour", "started_at", "currency", "energy_kwh", "claimed_excl_tax", "now_excl_tax", "draft_excl_tax",
    )  # fmt: skip
    session = dict.fromkeys(names) | {"cdr_id": "=1+1", "difference": Decimal("-0.50")}
    (row,) = csv.DictReader(io.StringIO(sessions_csv([session]).decode()))
    assert (row["cdr_id"], row["difference"], row["partner"]) == ("'=1+1", "-0.5", "")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("{}", "elements is null"),
        ("[1, 2]", "the tariff is 1, expected an object"),
        ('{"id": "AC-BASIC", "currency": "EUR", "elements": [{"price_components": []}]}', "price_components is []"),
    ],
)
def test_a_draft_that_cannot_be_priced_is_refused_in_words(
    cli_here: Cli, finished_home: Path, tmp_path: Path, text: str, said: str
) -> None:
    path = tmp_path / "draft.json"
    path.write_text(text)
    result = cli_here("--home", finished_home, "tariff", "simulate", path)
    assert result.returncode == 2
    assert said in result.stderr


def test_without_a_warehouse_it_says_what_to_do(cli_here: Cli, home_copy: Path) -> None:
    (home_copy / "warehouse" / "evsettle.duckdb").unlink()
    result = cli_here("--home", home_copy, "tariff", "simulate", TARIFF)
    assert result.returncode == 1
    assert "evsettle run" in result.stderr
