"""A company of two legal entities sells to one partner and buys of it: one statement, a document for each of them.

Charging has two CPO parties (EVS, EVT), Fast one (EVF); both have drivers. What the partner sells them we bill in its
name. Every session is kWh × 0.30, with 21 % of tax.
"""

import json
import shutil
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
import snapshots
from defusedxml import ElementTree

from tests.conftest import evsettle_here
from tests.settle import story_home
from tests.settle.schematron import broken_rules
from tests.settle.story_home import arrive, session, write
from tests.settle.test_three_months import Story
from tests.small_home import TEMPLATE

pytestmark = pytest.mark.slow

NETWORK = """
parties:
  - {party: NL/EVS, roles: [CPO, EMSP], legal_name: Charging B.V., country: NL, vat_id: NL004495445B01,
     bank_account: NL91ABNA0417164300}
  - {party: NL/EVT, roles: [CPO], legal_name: Charging B.V., country: NL, vat_id: NL004495445B01}
  - {party: NL/EVF, roles: [CPO, EMSP], legal_name: Fast B.V., country: NL, vat_id: NL861334719B01,
     bank_account: NL02ABNA0123456789}
country: NL
currency: EUR
time_zone: Europe/Amsterdam
"""
EMO = """
    name: eMobility Operator B.V.
    parties: [NL/EMO]
    tax: {country: NL, regime: reseller, vat_id: NL861334719B01}
    payment: {iban: NL13TEST0123456789}
    self_billing: {agreement: SB-1, from: 2026-01-01}
    fees: [{name: roaming, per: session, rate: "0.25", on: receivable}]
    """
NOVEMBER, CLOSED = "2026-11-01T06:00:00Z", "2026-11-09T08:00:00Z"
RAM = "{urn:un:unece:uncefact:data:standard:ReusableAggregateBusinessInformationEntity:100}"


@pytest.fixture(scope="module")
def story(tmp_path_factory: pytest.TempPathFactory) -> Story:
    """October sealed; in November one correction on each side, sealed too, and a run that shows it."""
    home = tmp_path_factory.mktemp("entities")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(story_home, "PARTNERS", {"emo": EMO})
        patch.setattr(story_home, "NETWORK", NETWORK)
        (sha256,) = story_home.make_story_home(home, TEMPLATE).values()
    told = Story(home)
    told.by_two("decide", "terms", "partner:emo", "--set", f"version={sha256}", at="2026-11-01T05:00:00Z")
    arrive(
        home, "own", "october",
        session("S1", "NL/EVS", "NL/EMO", "2026-10-05", 10), session("S2", "NL/EVT", "NL/EMO", "2026-10-06", 20),
        session("F1", "NL/EVF", "NL/EMO", "2026-10-07", 40),
    )  # fmt: skip
    arrive(
        home, "emo", "october",
        session("B1", "NL/EMO", "NL/EVS", "2026-10-08", 20), session("B2", "NL/EMO", "NL/EVF", "2026-10-09", 30),
    )  # fmt: skip
    places(home)
    told.run(NOVEMBER)
    told.close("2026-10|emo", at=CLOSED)
    at = "2026-11-20T08:00:00Z"
    told.by_two("decide", "adjust", "nl/evf|f1", "--set", "amount=10", "--reason", "ADJ_TARIFF", at=at)
    told.by_two("decide", "adjust", "nl/emo|b1", "--set", "amount=5", "--reason", "ADJ_TARIFF", at=at)
    told.run("2026-12-01T06:00:00Z")
    told.close("2026-11|emo", at="2026-12-09T08:00:00Z")
    told.run("2026-12-10T06:00:00Z")
    return told


def places(home: Path) -> None:
    """Each operator's charger."""
    for source, parties in (("own", ("EVS", "EVT", "EVF")), ("emo", ("EMO",))):
        found = []
        for party in parties:
            evse = story_home.a_location()["evses"][0] | {"evse_id": f"NL*{party}*E1"}
            found.append(story_home.a_location(country_code="NL", party_id=party, country="NLD", evses=[evse]))
        write(home / f"landing/{source}/locations/all.json", json.dumps(found))


def issued(story: Story) -> list[dict[str, Any]]:
    answer: list[dict[str, Any]] = json.loads(evsettle_here("--home", story.home, "invoices", "--json").stdout)[
        "documents"
    ]
    return answer


def test_each_legal_entity_has_its_own_documents_under_one_statement(story: Story) -> None:
    assert story.statements("'2026-10', '2026-11'") == [
        ("2026-10-emo-P-EUR", 2, "15", "3.15"),  # 6.00 + 9.00
        ("2026-10-emo-R-EUR", 3, "21.75", "4.57"),  # 3.00 + 6.00 + 12.00 and three fees of 0.25
        ("2026-11-emo-P-EUR-A1", 0, "-1", "-0.21"),
        ("2026-11-emo-R-EUR-A1", 0, "-2", "-0.42"),
    ]
    shown = ("number", "type_code", "statement_id", "amount_excl_tax", "tax", "preceding")
    assert [tuple(one[name] for name in shown) for one in issued(story)] == [
        ("NLEVF-SB-NLEMO-2026-000001", "389", "2026-10-emo-P-EUR", "9.00", "1.89", []),
        ("NLEVS-SB-NLEMO-2026-000001", "389", "2026-10-emo-P-EUR", "6.00", "1.26", []),
        # 12.00 and a fee; 3.00, 6.00 and two fees. 21 % of 12.25 is 2.5725, of 9.50 it is 1.995.
        ("NLEVF-2026-000001", "380", "2026-10-emo-R-EUR", "12.25", "2.57", []),
        ("NLEVS-2026-000001", "380", "2026-10-emo-R-EUR", "9.50", "2.00", []),
        ("NLEVS-SBC-NLEMO-2026-000001", "261", "2026-11-emo-P-EUR-A1", "1.00", "0.21", ["NLEVS-SB-NLEMO-2026-000001"]),
        ("NLEVF-C-2026-000001", "381", "2026-11-emo-R-EUR-A1", "2.00", "0.42", ["NLEVF-2026-000001"]),
    ]


def test_a_document_names_its_own_seller_sessions_and_predecessor(story: Story) -> None:
    folder = story.home / "reports" / "2026-10" / "emo"
    assert json.loads((folder / "NLEVF-2026-000001.reconciliation.json").read_text())["cdrs"] == ["F1"]
    assert json.loads((folder / "NLEVS-2026-000001.reconciliation.json").read_text())["cdrs"] == ["S1", "S2"]
    names = {
        number: (said(folder / f"{number}.xml", "SellerTradeParty/Name"), said(folder / f"{number}.xml", "BuyerTradeParty/Name"))
        for number in ("NLEVF-2026-000001", "NLEVS-2026-000001", "NLEVF-SB-NLEMO-2026-000001")
    }  # fmt: skip
    assert names == {
        "NLEVF-2026-000001": (["Fast B.V."], ["eMobility Operator B.V."]),
        "NLEVS-2026-000001": (["Charging B.V."], ["eMobility Operator B.V."]),
        "NLEVF-SB-NLEMO-2026-000001": (["eMobility Operator B.V."], ["Fast B.V."]),
    }
    corrections = story.home / "reports" / "2026-11" / "emo"
    note = corrections / "NLEVS-SBC-NLEMO-2026-000001.xml"
    assert said(note, "InvoiceReferencedDocument/IssuerAssignedID") == ["NLEVS-SB-NLEMO-2026-000001"]
    assert b"<ram:TypeCode>261</ram:TypeCode>" in note.read_bytes()
    assert b">20261109</" in note.read_bytes()


def test_every_document_keeps_the_rules_of_the_standard(story: Story) -> None:
    documents = (story.home / "reports").glob("*/emo/NL*.xml")
    assert {path.stem: broken_rules(path.read_bytes()) for path in documents} == {
        one["number"]: [] for one in issued(story)
    }
    # BT-25 and BT-26 of the note in the partner's name: what it corrects, and of which day that is.
    note = story.home / "reports" / "2026-11" / "emo" / "NLEVS-SBC-NLEMO-2026-000001.xml"
    assert said(note, "InvoiceReferencedDocument/IssuerAssignedID") == ["NLEVS-SB-NLEMO-2026-000001"]
    day = ElementTree.fromstring(note.read_bytes()).find(
        f".//{RAM}InvoiceReferencedDocument/{RAM}FormattedIssueDateTime/*"
    )
    assert day is not None and day.text == "20261109"


def said(path: Path, names: str) -> list[str]:
    steps = "/".join(RAM + name for name in names.split("/"))
    return [one.text or "" for one in ElementTree.fromstring(path.read_bytes()).iterfind(f".//{steps}")]


def test_the_books_balance_for_each_legal_entity(story: Story) -> None:
    assert story.rows(
        "select party, account, sum(debit) - sum(credit) from journal_lines where entry_kind = 'statement'"
        " and period = '2026-10' group by party, account order by party, account"
    ) == [
        ("NL/EVF", "1300", "14.82"), ("NL/EVF", "1520", "-2.57"), ("NL/EVF", "1530", "1.89"), ("NL/EVF", "1600", "-10.89"),
        ("NL/EVF", "7000", "9"), ("NL/EVF", "8000", "-12"), ("NL/EVF", "8100", "-0.25"),
        ("NL/EVS", "1300", "11.5"), ("NL/EVS", "1520", "-2"), ("NL/EVS", "1530", "1.26"), ("NL/EVS", "1600", "-7.26"),
        ("NL/EVS", "7000", "6"), ("NL/EVS", "8000", "-9"), ("NL/EVS", "8100", "-0.5"),
    ]  # fmt: skip


def test_each_legal_entity_is_paid_and_pays_by_its_own_account(story: Story, tmp_path: Path) -> None:
    assert story.rows(
        "select due_id, party, due_amount from amounts_due where period = '2026-10' order by due_id"
    ) == [
        ("NLEVF-2026-000001", "NL/EVF", "14.82"), ("NLEVF-SB-NLEMO-2026-000001", "NL/EVF", "10.89"),
        ("NLEVS-2026-000001", "NL/EVS", "11.5"), ("NLEVS-SB-NLEMO-2026-000001", "NL/EVS", "7.26"),
    ]  # fmt: skip
    story.by_two("decide", "pay", "statement:2026-10-emo-P-EUR", at="2026-12-10T07:00:00Z")
    written = evsettle_here("--home", story.home, "payments", "file", "--out", tmp_path, "--json")
    files = json.loads(written.stdout)["files"]
    sums = {name.split("-")[-1]: (tmp_path / name).read_text() for name in files}
    assert {name: (text.count("<CdtTrfTxInf>"), "10.89" in text, "7.26" in text) for name, text in sums.items()} == {
        "NLEVF.xml": (1, True, False),
        "NLEVS.xml": (1, False, True),
    }
    assert "NL02ABNA0123456789" in sums["NLEVF.xml"]


def test_what_was_sealed_is_verified_and_built_again(story: Story) -> None:
    assert evsettle_here("--home", story.home, "verify").returncode == 0
    tables, reports = snapshots.tables(story.home), snapshots.reports(story.home)
    for folder in ("warehouse", "published", "reports"):
        shutil.rmtree(story.home / folder)
    story.run("2026-12-10T08:00:00Z")
    again = snapshots.tables(story.home)
    money = ("settle.statement_lines", "settle.statements", "settle.documents", "settle.journal_lines")
    assert {name: again[name] for name in money} == {name: tables[name] for name in money}
    assert snapshots.reports(story.home) == reports
    assert Decimal(story.rows("select sum(debit) - sum(credit) from journal_lines")[0][0]) == 0
