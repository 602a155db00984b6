"""`evsettle parallel` on the finished demo home: theirs plus each difference is ours, and each has a cause."""

import json
import re
import shutil
import subprocess
from collections.abc import Callable
from decimal import ROUND_HALF_UP, Decimal
from pathlib import Path
from typing import Any

import duckdb
import openpyxl
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


def exported(home: Path) -> Path:
    """The month's CDRs out of the inbox, a folder for each source, as another platform would hand them over."""
    export = home.parent / "export"
    for folder in sorted((home / "landing").glob("*/cdrs")):
        shutil.move(folder, export / folder.parent.name)
    return export


def billed(home: Path, export: Path) -> dict[tuple[str, str, str, str], Decimal]:
    """What it billed of our chargers: each claim to the cent, by partner, month, direction and currency."""
    partners = {
        party: path.stem
        for path in (home / "master/partners").glob("*.yaml")
        for party in re.findall(r"[A-Z]{2}/[A-Z0-9]{3}", path.read_text().split("parties:")[1].splitlines()[0])
        # One of them bills twice a month.
        if path.stem != "voltreis"
    }
    sums: dict[tuple[str, str, str, str], Decimal] = {}
    for path in sorted(export.glob("own/*.ndjson")):
        for cdr in map(json.loads, path.read_text().splitlines()):
            token = cdr["cdr_token"]
            partner = partners.get(f"{token['country_code']}/{token['party_id']}")
            if partner:
                key = (partner, "2026-10", "receivable", cdr["currency"])
                amount = Decimal(str(cdr["total_cost"]["excl_vat"])).quantize(Decimal("0.01"), ROUND_HALF_UP)
                sums[key] = sums.get(key, Decimal(0)) + amount
    return sums


def test_a_closed_month_of_another_platform_is_rebuilt_from_its_export(cli_here: Cli, tmp_path: Path) -> None:
    home = tmp_path / "home"
    written = cli_here("demo", home, "--sessions", 100, "--seed", 11, "--month", "2026-10", "--faults", 0)
    assert written.returncode == 0, written.stderr
    export = exported(home)
    # Of one session it billed 37 cents too much.
    path = export / "own/cdrs-2026-10-01.ndjson"
    first, *others = path.read_text().splitlines()
    cdr = json.loads(first)
    price = Decimal(str(cdr["total_cost"]["excl_vat"]))
    cdr["total_cost"]["excl_vat"] = float(price + Decimal("0.37"))
    path.write_text("\n".join([json.dumps(cdr), *others]) + "\n")
    stated = [
        dict(zip(("partner", "period", "direction", "currency"), key, strict=True)) | {"amount_excl_tax": float(amount)}
        for key, amount in billed(home, export).items()
    ]
    totals = tmp_path / "totals.json"
    totals.write_text(json.dumps(stated))
    sources = [f"--cdrs={folder.name}={folder}" for folder in sorted(export.iterdir())]
    result = cli_here("--home", home, "parallel", totals, *sources, "--json")
    assert result.returncode == 0, result.stderr
    statements = json.loads(result.stdout)["statements"]
    assert len(statements) == len(stated) > 2
    # The one is named with its cause and its cents, everything else is equal, CDR by CDR.
    (row,) = [row for one in statements for row in one["differing"]]
    assert row["line"].endswith(cdr["id"].lower()) and row["cause"] == "held: PRICE_TOTAL_DIFF"
    assert abs(Decimal(row["claimed_excl_tax"]) - Decimal(row["expected_excl_tax"]) - Decimal("0.37")) < Decimal("0.01")
    assert sum(one["equal_sessions"] for one in statements) == sum(one["sessions"] for one in statements) - 1 > 40
    # The same call again lands nothing and answers the same; totals of a sheet are read as well.
    book = openpyxl.Workbook()
    names = list(stated[0])
    for cells in [names, *([one[name] for name in names] for one in stated)]:
        book.active.append(cells)
    book.save(tmp_path / "totals.xlsx")
    again = cli_here("--home", home, "parallel", tmp_path / "totals.xlsx", *sources, "--json")
    assert json.loads(again.stdout) == json.loads(result.stdout)
    # A home with other CDRs would mix two months.
    (tmp_path / "more").mkdir()
    (tmp_path / "more/other.ndjson").write_text(first)
    refused = cli_here("--home", home, "parallel", totals, "--cdrs", f"own={tmp_path / 'more'}")
    assert refused.returncode == 2 and "This home has other CDRs (landing/" in refused.stderr


def test_an_export_needs_a_home_that_bills_it_in_its_month(cli_here: Cli, home_copy: Path, tmp_path: Path) -> None:
    totals = tmp_path / "totals.csv"
    totals.write_text(f"{HEADER}emo,2026-11,receivable,EUR,1.00,1\n")
    (tmp_path / "cdrs.ndjson").write_text("{}")
    result = cli_here("--home", home_copy, "parallel", totals, "--cdrs", f"own={tmp_path / 'cdrs.ndjson'}")
    assert result.returncode == 2 and "needs history_before: 2026-12-01" in result.stderr
    result = cli_here("--home", home_copy, "parallel", totals, "--cdrs", "own")
    assert result.returncode == 2 and "'own' is not SOURCE=PATH" in result.stderr
