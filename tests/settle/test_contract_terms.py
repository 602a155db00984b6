"""Terms of a contract through a real run: a cap, the places it covers, and invoices that we issue in a supplier's name."""

import hashlib
import json
from pathlib import Path
from typing import Any

import duckdb
import pytest
from defusedxml import ElementTree

from tests.conftest import evsettle_here
from tests.settle.story_home import arrive, bought, make_story_home, places, sold
from tests.small_home import TEMPLATE

pytestmark = pytest.mark.slow

APPROVED, RUN, CLOSE = "2026-11-02T05:00:00Z", "2026-11-02T06:00:00Z", "2026-11-09T08:00:00Z"
TERMS = {
    # 20 kWh at 0.30 are 6.00.
    "emo": 'caps: {session: "6.00"}\n',
    "bel": "scope: {owners: [DE/DUO]}\n",
    "duo": "self_billing: {agreement: SB-2026-7, from: 2026-10-10}\n",
}
RAM = "{urn:un:unece:uncefact:data:standard:ReusableAggregateBusinessInformationEntity:100}"


def done(home: Path, *arguments: object, at: str) -> dict[str, Any]:
    result = evsettle_here("--home", home, *arguments, "--as-of", at, "--json")
    assert result.returncode == 0, result.stderr
    answer: dict[str, Any] = json.loads(result.stdout.splitlines()[-1] if "run" in arguments else result.stdout)
    return answer


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """October, sealed for duo."""
    home = tmp_path_factory.mktemp("terms") / "home"
    make_story_home(home, TEMPLATE)
    for name, terms in TERMS.items():
        contract = home / f"master/partners/{name}.yaml"
        contract.write_text(contract.read_text() + terms)
        sha256 = hashlib.sha256(contract.read_bytes()).hexdigest()
        terms_of = ("decide", "terms", f"partner:{name}", "--set", f"version={sha256}")
        seq = done(home, *terms_of, "--by", "Ada", at=APPROVED)["seq"]
        done(home, "decide", "approve", seq, "--by", "Bo", at=APPROVED)
    places(home)
    arrive(
        home, "own", "october", sold("AT-CAP", "NL/EMO", "2026-10-05", 20), sold("DEAR", "NL/EMO", "2026-10-06", 21),
        sold("OUTSIDE", "BE/BEL", "2026-10-09", 10), sold("SOLD", "DE/DUO", "2026-10-08", 10),
    )  # fmt: skip
    arrive(
        home,
        "duo",
        "october",
        bought("BOUGHT", "DE/DUO", "2026-10-10", 20),
        bought("BEFORE", "DE/DUO", "2026-10-09", 20),
    )
    done(home, "run", at=RUN)
    proposal = done(home, "decide", "period", "2026-10|duo", "--by", "Ada", at=CLOSE)["seq"]
    done(home, "decide", "approve", proposal, "--by", "Bo", at=CLOSE)
    done(home, "decide", "seal", "2026-10|duo", "--by", "Ada", at=CLOSE)
    return home


def test_what_the_terms_do_not_cover_waits_and_says_why(home: Path) -> None:
    with duckdb.connect() as connection:
        found = connection.execute(
            f"select cdr_key, rule_id, observed from '{home}/published/findings.parquet'"
            " where rule_id in ('CAP_EXCEEDED', 'AUTH_SITE_NOT_ALLOWED', 'DOC_SELF_BILL') order by 1"
        ).fetchall()
        held = connection.execute(
            f"select cdr_key from '{home}/published/cdrs.parquet' where state = 'held' order by 1"
        ).fetchall()
    assert found == [
        ("de/duo|before", "DOC_SELF_BILL", "agreement SB-2026-7 from 2026-10-10, supplied on 2026-10-09"),
        ("nl/evs|dear", "CAP_EXCEEDED", "6.30 EUR"),
        ("nl/evs|outside", "AUTH_SITE_NOT_ALLOWED", "owner NL/EVS"),
    ]
    assert held == [(key,) for key, *_ in found]


def test_what_we_bill_in_the_supplier_s_name_is_typed_so_and_counts_apart(home: Path) -> None:
    told = json.loads(evsettle_here("--home", home, "invoices", "--json").stdout)["documents"]
    assert [
        (one["number"], one["type_code"], one["party"], one["supplier"], one["amount_excl_tax"]) for one in told
    ] == [
        ("NLEVS-SB-DEDUO-2026-000001", "389", "NL/EVS", "DE/DUO", "6.00"),
        ("NLEVS-2026-000001", "380", "NL/EVS", None, "3.00"),
    ]
    folder = home / "reports/2026-10/duo"
    xml = ElementTree.fromstring((folder / "NLEVS-SB-DEDUO-2026-000001.xml").read_bytes())
    sides = [xml.find(f".//{RAM}{side}TradeParty/{RAM}Name") for side in ("Seller", "Buyer")]
    assert [side is not None and side.text for side in sides] == ["Duo GmbH", "EV Settle B.V."]
    assert (folder / "NLEVS-SB-DEDUO-2026-000001.pdf").is_file()
    # The tables know it with the next run, and the ledger makes it again.
    done(home, "run", at="2026-11-09T09:00:00Z")
    with duckdb.connect() as connection:
        owed = connection.execute(
            f"select number, supplier from '{home}/published/documents.parquet' order by number"
        ).fetchall()
    assert owed == [("NLEVS-2026-000001", None), ("NLEVS-SB-DEDUO-2026-000001", "DE/DUO")]
    assert evsettle_here("--home", home, "verify", "2026-10").returncode == 0
