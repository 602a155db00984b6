"""`evsettle parallel` on the finished demo home: theirs plus each difference is ours, and each has a cause."""

import json
import subprocess
from collections.abc import Callable
from decimal import ROUND_HALF_UP, Decimal
from pathlib import Path
from typing import Any

import duckdb
import pytest

Cli = Callable[..., subprocess.CompletedProcess[str]]
HEADER = "partner,period,direction,currency,amount_excl_tax,sessions\n"


def compared(cli_here: Cli, home: Path, totals: Path) -> list[dict[str, Any]]:
    result = cli_here("--home", home, "parallel", totals, "--json")
    assert result.returncode == 0, result.stderr
    found: list[dict[str, Any]] = json.loads(result.stdout)["statements"]
    return found


def claims(published: duckdb.DuckDBPyConnection, partner: str) -> tuple[int, Decimal]:
    """What another platform that billed each claim, to the cent, would have on its statement."""
    rows = published.execute(
        "select claimed_excl_tax from cdrs where partner = ? and service_period = '2026-10' and direction = 'payable'"
        " and currency = 'EUR'",
        [partner],
    ).fetchall()
    known = [amount for (amount,) in rows if amount is not None]
    return len(rows), sum((one.quantize(Decimal("0.01"), ROUND_HALF_UP) for one in known), Decimal(0))


def test_each_difference_has_its_cause_and_they_add_up(
    cli_here: Cli, finished_home: Path, published: duckdb.DuckDBPyConnection, tmp_path: Path
) -> None:
    totals = tmp_path / "totals.csv"
    sessions, claimed = claims(published, "nordlade")
    totals.write_text(f"{HEADER}nordlade,2026-10,payable,EUR,{claimed + Decimal('0.07')},{sessions}\n")
    (one,) = compared(cli_here, finished_home, totals)
    ours = published.execute(
        "select amount_excl_tax from statements where statement_id = '2026-10-nordlade-P-EUR'"
    ).fetchall()
    assert [(Decimal(one["our_excl_tax"]),)] == ours
    differences = sum((Decimal(row["difference"]) for row in one["differing"]), Decimal(0))
    assert Decimal(one["their_excl_tax"]) + differences == Decimal(one["our_excl_tax"])
    assert differences == Decimal(one["difference"]) < 0
    # Seven cents of theirs are of no CDR; each held one names its rule, and its whole claim is the difference.
    (beyond,) = [row for row in one["differing"] if row["line"] == "total"]
    assert beyond["difference"] == "-0.07"
    held = [row for row in one["differing"] if row["cause"].startswith("held: ")]
    assert held and all(Decimal(row["difference"]) == -Decimal(row["their_excl_tax"]) for row in held)


def test_a_session_that_both_bill_the_same_is_equal(
    cli_here: Cli, finished_home: Path, published: duckdb.DuckDBPyConnection, tmp_path: Path
) -> None:
    totals = tmp_path / "totals.csv"
    sessions, claimed = claims(published, "polderlaad")
    totals.write_text(f"{HEADER}polderlaad,2026-10,payable,EUR,{claimed},{sessions}\n")
    (one,) = compared(cli_here, finished_home, totals)
    ((same,),) = published.execute(
        "select count(*) from cdrs where partner = 'polderlaad' and direction = 'payable' and state = 'valid'"
        " and round(claimed_excl_tax, 2) = round(settled_excl_tax, 2)"
    ).fetchall()
    assert one["equal_sessions"] == same > 0
    assert one["equal_sessions"] + len(one["differing"]) == sessions


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("partner,period\n", "no column direction, currency, amount_excl_tax"),
        (HEADER, "states no total"),
        (HEADER + "emo,2026-10,receivable,EUR,12,5\n", "line 2: amount_excl_tax is 1e"),
        (HEADER + "emo,2026-10,out,EUR,12.50,5\n", "line 2: direction is out"),
        (HEADER + "emo,2026-10,payable,EUR,1,1\nemo,2026-10,payable,EUR,1,1\n", "line 3: emo 2026-10 payable EUR is"),
        (HEADER + "nobody,2026-10,payable,EUR,1,1\n", "No partner is named nobody"),
        (HEADER + "emo,2026-10,payable,EUR,1,many\n", "line 2: sessions is many"),
        ("\xff", "no column partner"),
    ],
)
def test_a_bad_file_is_told_in_a_sentence(
    cli_here: Cli, finished_home: Path, tmp_path: Path, text: str, told: str
) -> None:
    totals = tmp_path / "totals.csv"
    totals.write_text(text.replace("EUR,12,5", "EUR,1e99,5"))
    result = cli_here("--home", finished_home, "parallel", totals)
    assert result.returncode == 2 and told in result.stderr and "Traceback" not in result.stderr
