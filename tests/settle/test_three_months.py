"""Three months of four partners, from files to seals, against amounts worked out by hand.

emo is billed monthly in euros with a fee, alp weekly in francs, duo both ways and netted, bel abroad with reverse charge.
Every session is kWh × 0.30. A smaller version that always runs: test_one_month.py.
"""

import json
import os
import shutil
import subprocess
import sys
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb
import pytest
import snapshots

from tests.conftest import ROOT, evsettle_here
from tests.settle.story_home import arrive, bank_says, bought, credit_of, make_story_home, places, sold, write
from tests.small_home import TEMPLATE

pytestmark = pytest.mark.slow

# How many partners are sealed of each month; the weeks come from the same runs.
SEALED = {"2026-10": 3, "2026-11": 3, "2026-12": 1}
OCTOBER, NOVEMBER, DECEMBER = "2026-11-01T06:00:00Z", "2026-12-01T06:00:00Z", "2027-01-02T06:00:00Z"


class Story:
    """A home and what is done to it, each act at its time."""

    def __init__(self, home: Path) -> None:
        self.home = home

    def done(self, *arguments: object, at: str) -> dict[str, Any]:
        result = evsettle_here("--home", self.home, *arguments, "--json", "--as-of", at)
        assert result.returncode == 0, result.stderr
        answer: dict[str, Any] = json.loads(result.stdout.splitlines()[-1] if "run" in arguments else result.stdout)
        return answer

    def run(self, at: str) -> None:
        result = evsettle_here("--home", self.home, "run", "--as-of", at)
        assert result.returncode == 0, result.stderr

    def by_two(self, *arguments: object, at: str) -> None:
        seq = self.done(*arguments, "--by", "Ada", at=at)["seq"]
        self.done("decide", "approve", seq, "--by", "Bo", at=at)

    def close(self, *subjects: str, at: str) -> None:
        for subject in subjects:
            self.by_two("decide", "period", subject, at=at)
            self.done("decide", "seal", subject, "--by", "Ada", at=at)

    def dispute(self, key: str, amount: str, at: str) -> str:
        values = ("--set", f"amount={amount}", "--by", "Ada", "--reason", "D_PRICE")
        subject = f"dispute:{self.done('decide', 'dispute', key, *values, at=at)['seq']}"
        self.done("decide", "acknowledge", subject, "--by", "Ada", at=at)
        self.done("decide", "assign", subject, "--set", "to=finance", "--by", "Ada", at=at)
        return subject

    def rows(self, sql: str) -> list[tuple[Any, ...]]:
        with duckdb.connect() as connection:
            connection.execute("set TimeZone = 'UTC'")
            for path in (self.home / "published").glob("*.parquet"):
                connection.read_parquet(str(path)).create_view(path.stem)
            found = connection.execute(sql).fetchall()
        return [tuple(str(cell.normalize()) if isinstance(cell, Decimal) else cell for cell in row) for row in found]

    def statements(self, month: str) -> list[tuple[Any, ...]]:
        return self.rows(
            "select statement_id, sessions, cast(amount_excl_tax as decimal(18, 2)), cast(tax as decimal(18, 2))"
            f" from statements where period in ({month}) order by statement_id"
        )


@pytest.fixture(scope="module")
def story(tmp_path_factory: pytest.TempPathFactory) -> Story:
    """Everything that happens, in order; October and November are looked at while they are the present."""
    home = tmp_path_factory.mktemp("story")
    approvals = make_story_home(home, TEMPLATE)
    places(home)
    told = Story(home)
    for partner, sha256 in approvals.items():
        told.by_two("decide", "terms", f"partner:{partner}", "--set", f"version={sha256}", at="2026-11-01T05:00:00Z")
    first = sold("O1", "NL/EMO", "2026-10-05", 10)
    arrive(
        home, "own", "october", first, sold("O2", "NL/EMO", "2026-10-06", 20), sold("O3", "NL/EMO", "2026-10-07", 40),
        sold("A1", "CH/ALP", "2026-10-29", 10, currency="CHF"), sold("D1", "DE/DUO", "2026-10-08", 30),
        sold("B1", "BE/BEL", "2026-10-09", 50),
    )  # fmt: skip
    arrive(home, "duo", "october", bought("P1", "DE/DUO", "2026-10-10", 20))
    told.run(OCTOBER)
    check_october(told)
    told.close("2026-10|emo", "2026-10|duo", "2026-10|bel", "2026-W44|alp", at="2026-11-09T08:00:00Z")

    at = "2026-11-20T08:00:00Z"
    won = told.dispute("nl/evs|o2", "2.00", at)
    lost = told.dispute("nl/evs|o3", "6.00", at)
    told.by_two("decide", "resolve", won, "--reason", "R_PARTIAL", "--set", "amount=4", at=at)
    # The tariff of the 9th of October was wrong: 50 kWh at 0.25.
    told.by_two("decide", "adjust", "nl/evs|b1", "--set", "amount=12.50", "--reason", "ADJ_TARIFF", at=at)
    arrive(
        home, "own", "november", sold("O4", "NL/EMO", "2026-11-10", 10), sold("L1", "NL/EMO", "2026-10-20", 5),
        credit_of(first), sold("A2", "CH/ALP", "2026-11-24", 20, currency="CHF"),
        sold("D2", "DE/DUO", "2026-11-13", 10),
    )  # fmt: skip
    # duo pays what October comes to, and names the settlement.
    bank_says(home, "november", "2026-11-25", "3.00", "settlement 2026-10-duo-N-EUR")
    arrive(home, "duo", "november", bought("P2", "DE/DUO", "2026-11-12", 20))
    told.run(NOVEMBER)
    check_november(told)
    check_accrued(told)
    told.close("2026-11|emo", "2026-11|duo", "2026-11|bel", "2026-W48|alp", at="2026-12-09T08:00:00Z")

    told.by_two("decide", "resolve", lost, "--reason", "R_REJECTED", at="2026-12-20T08:00:00Z")
    arrive(home, "own", "december", sold("O5", "NL/EMO", "2026-12-10", 30))
    # Without a calendar October's books closed with October; by this one they would be open to the end of the year.
    write(home / "master/calendar.yaml", "checkpoints: {monthly: {draft: 1, approval: 3, close: 41}}\n")
    told.run(DECEMBER)
    return told


def check_october(story: Story) -> None:
    assert story.statements("'2026-10', '2026-W44'") == [
        ("2026-10-bel-R-EUR", 1, "15", "0"),  # 50 kWh; reverse charge
        ("2026-10-duo-P-EUR", 1, "6", "0"),  # 20 kWh
        ("2026-10-duo-R-EUR", 1, "9", "0"),  # 30 kWh
        # 3.00 + 6.00 + 12.00, and three fees of 0.25; 21 % of 21.75 is 4.5675.
        ("2026-10-emo-R-EUR", 3, "21.75", "4.57"),
        ("2026-W44-alp-R-CHF", 1, "3", "0"),  # 10 kWh; outside the scope of our tax
    ]
    # What we sold duo less what we bought of it; the invoices stay 9.00 and 6.00.
    assert story.rows("select receivable, payable, due from settlements where partner = 'duo'") == [("9", "6", "3")]


def check_accrued(story: Story) -> None:
    # Nothing of October was billed in October; what came of it in November belongs to the months after it.
    assert story.rows("select partner, direction, currency, amount_excl_tax from accruals where period = '2026-10'"
                      " order by partner, direction") == [
        ("alp", "receivable", "CHF", "3"), ("bel", "receivable", "EUR", "15"), ("duo", "payable", "EUR", "6"),
        ("duo", "receivable", "EUR", "9"), ("emo", "receivable", "EUR", "21"),
    ]  # fmt: skip


def check_november(story: Story) -> None:
    assert story.statements("'2026-11', '2026-W48'") == [
        ("2026-11-bel-R-EUR-A1", 0, "-2.5", "0"),  # 12.50 less the 15.00 that were billed
        ("2026-11-duo-P-EUR", 1, "6", "0"),
        ("2026-11-duo-R-EUR", 1, "3", "0"),
        # 3.00, the late 1.50 and the credit of 3.00; the fee of two sessions less that of the credit. 21 % of 1.75.
        ("2026-11-emo-R-EUR", 3, "1.75", "0.37"),
        ("2026-11-emo-R-EUR-A1", 0, "-2", "-0.42"),  # the dispute that was won: 4.00 less 6.00
        ("2026-W48-alp-R-CHF", 1, "6", "0"),
    ]
    assert story.rows("select corrects, amount_excl_tax, tax from statement_lines where kind = 'adjustment'"
                      " order by corrects") == [
        ("2026-10-bel-R-EUR#1", "-2.5", "0"),
        ("2026-10-emo-R-EUR#2", "-2", "-0.42"),
    ]  # fmt: skip
    # The late record, and the credit: it has the times of the session that it takes back.
    assert story.rows("select cdr_key from findings where rule_id = 'PERIOD_LATE_CDR' order by cdr_key") == [
        ("nl/evs|l1",),
        ("nl/evs|o1-c",),
    ]
    # 6.00 of the third line are disputed, 7.26 with tax; of 21.75 + 4.57 = 26.32 are payable 19.06.
    assert story.rows("select disputes_open, disputed_excl_tax, payable_incl_tax from statement_balances"
                      " where statement_id = '2026-10-emo-R-EUR'") == [(1, "6", "19.06")]  # fmt: skip
    assert story.rows("select due from settlements where settlement_id = '2026-11-duo-N-EUR'") == [("-3",)]
    # Both sides of October are paid by it: the invoice of 9.00 and the 6.00 that it takes off.
    assert story.rows("select item_id, amount from payment_allocations order by item_id") == [
        ("2026-10-duo-P-EUR", "-6"),
        ("NLEVS-2026-000002", "9"),
    ]
    assert story.rows("select due_id, amount, paid, status from amounts_due where partner = 'duo'") == [
        ("2026-10-duo-N-EUR", "3", "3", "paid")
    ]


def test_december_bills_what_it_serves_and_a_lost_dispute_is_payable_again(story: Story) -> None:
    # 30 kWh and one fee; 21 % of 9.25 is 1.9425.
    assert story.statements("'2026-12'") == [("2026-12-emo-R-EUR", 1, "9.25", "1.94")]
    assert story.rows("select disputes_open, payable_incl_tax from statement_balances"
                      " where statement_id = '2026-10-emo-R-EUR'") == [(0, "26.32")]  # fmt: skip
    assert story.rows("select cdr_key, outcome from disputes order by cdr_key") == [
        ("nl/evs|o2", "R_PARTIAL"),
        ("nl/evs|o3", "R_REJECTED"),
    ]


def test_a_changed_calendar_changes_nothing_that_was_accrued(story: Story) -> None:
    check_accrued(story)


def test_a_netted_settlement_is_paid_as_one_sum(story: Story, tmp_path: Path) -> None:
    # Of November 6.00 are payable less the 3.00 of our own invoice.
    assert story.rows("select due_id, direction, amount, due_amount, documents from amounts_due"
                      " where partner = 'duo' and status <> 'paid'") == [
        ("2026-11-duo-N-EUR", "payable", "3", "3", "2026-11-duo-P-EUR NLEVS-2026-000006")
    ]  # fmt: skip
    at = "2027-01-02T06:30:00Z"
    for statement in ("2026-11-duo-P-EUR", "2026-11-duo-R-EUR"):
        story.by_two("decide", "pay", f"statement:{statement}", at=at)
    written = evsettle_here("--home", story.home, "payments", "file", "--out", tmp_path, "--json")
    answer = json.loads(written.stdout)
    assert len(answer["files"]) == 1
    assert [sentence.partition(":")[0] for sentence in answer["left_out"]] == ["2026-11-duo-R-EUR is left out"]
    order = (tmp_path / answer["files"][0]).read_text()
    assert '<InstdAmt Ccy="EUR">3.00</InstdAmt>' in order
    assert "<EndToEndId>2026-11-duo-N-EUR</EndToEndId>" in order


def test_what_was_sealed_did_not_change(story: Story) -> None:
    assert story.rows("select statement_id, cast(amount_excl_tax as decimal(18, 2)) from statements"
                      " where status = 'sealed' order by statement_id") == [
        ("2026-10-bel-R-EUR", "15"), ("2026-10-duo-P-EUR", "6"), ("2026-10-duo-R-EUR", "9"),
        ("2026-10-emo-R-EUR", "21.75"), ("2026-11-bel-R-EUR-A1", "-2.5"), ("2026-11-duo-P-EUR", "6"),
        ("2026-11-duo-R-EUR", "3"), ("2026-11-emo-R-EUR", "1.75"), ("2026-11-emo-R-EUR-A1", "-2"), ("2026-W44-alp-R-CHF", "3"),
        ("2026-W48-alp-R-CHF", "6"),
    ]  # fmt: skip
    assert evsettle_here("--home", story.home, "verify").returncode == 0


def test_from_the_ledger_alone_the_same_comes_out_again(story: Story) -> None:
    tables, reports = snapshots.tables(story.home), snapshots.reports(story.home)
    for folder in ("warehouse", "published", "reports"):
        shutil.rmtree(story.home / folder)
    story.run("2027-01-02T07:00:00Z")
    money = (
        "settle.statement_lines", "settle.statements", "settle.settlements", "settle.waterfall", "settle.cdr_outcomes",
        "settle.computed_outcomes", "settle.cdr_taxes_due",
    )  # fmt: skip
    again = snapshots.tables(story.home)
    assert {name: again[name] for name in money} == {name: tables[name] for name in money}
    assert snapshots.reports(story.home) == reports


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """The sources at another path, set up anew."""
    sources = tmp_path / "checkout"
    for folder in ("orchestration", "dbt_project"):
        shutil.copytree(ROOT / folder, sources / folder, ignore=shutil.ignore_patterns("target", "logs", "__pycache__"))
    shutil.copy(ROOT / "dagster.yaml", sources)
    subprocess.run([sys.executable, "-m", "orchestration.dbt", "parse"], check=True, capture_output=True, cwd=sources)
    return sources


def test_the_closed_quarter_replays_from_an_export_elsewhere(story: Story, checkout: Path, tmp_path: Path) -> None:
    """By another checkout, another person, in another time zone, without the key of the pseudonyms."""
    home, person = tmp_path / "there", tmp_path / "person"
    person.mkdir()
    # The tests before look at December as a draft, so a copy is closed.
    closed = Story(Path(shutil.copytree(story.home, tmp_path / "closed")))
    closed.close("2026-12|emo", at="2027-01-09T08:00:00Z")
    assert evsettle_here("--home", closed.home, "export", tmp_path / "quarter.zip").returncode == 0
    kept = {name: value for name, value in os.environ.items() if not name.startswith("EVSETTLE_")}
    elsewhere = kept | {"HOME": str(person), "TZ": "Asia/Tokyo", "PYTHONPATH": str(checkout)}

    def answered(*arguments: object) -> dict[str, Any]:
        program = "import orchestration; print(orchestration.__file__); from orchestration.cli.main import main; main()"
        command = [sys.executable, "-c", program, "--home", str(home), *map(str, arguments), "--json"]
        result = subprocess.run(command, capture_output=True, text=True, check=False, cwd=person, env=elsewhere)
        assert result.returncode == 0, result.stdout + result.stderr
        engine, _, answer = result.stdout.partition("\n")
        assert engine == str(checkout / "orchestration" / "__init__.py")
        parsed: dict[str, Any] = json.loads(answer)
        return parsed

    assert answered("import", tmp_path / "quarter.zip")["verification"]["problems"] == []
    whole = answered("verify")
    assert (whole["problems"], whole["notes"]) == ([], [])
    for period, partners in SEALED.items():
        replays = answered("verify", period)["replays"]
        assert len(replays) == partners
        for each in replays:
            assert each["is_equal"] and each["is_same_engine"], each
    # A replay leaves nothing behind, and what was sealed has the bytes that it has where it was sealed.
    assert answered("verify") == whole
    assert snapshots.reports(home) == snapshots.reports(closed.home)
