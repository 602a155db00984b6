"""Onboarding a partner is one file: written, checked with line and key, its versions taking effect by date."""

import json
from collections.abc import Callable
from datetime import date
from pathlib import Path
from subprocess import CompletedProcess

import jsonschema
import pytest
import yaml

from orchestration import schema_files
from orchestration.defs.ingest.contract_changes import contract_versions, differences, in_force, unapproved_terms
from orchestration.defs.ingest.contract_files import resolve_contracts
from orchestration.defs.ingest.declared import DeclaredError
from orchestration.defs.ingest.landing import take_in
from orchestration.defs.ingest.load import load_from_ledger
from orchestration.defs.ingest.master_data import fold_master
from orchestration.defs.ingest.partner_check import check_partner, line_of
from orchestration.defs.ingest.partner_file import PartnerFileError, write_partner
from orchestration.facts import ledger
from orchestration.facts.decisions import Decision, record
from orchestration.facts.home import Home
from orchestration.warehouse import open_warehouse
from tests.small_home import PARTNER, TEMPLATE, at, make_home, rows, write

ROOT = Path(__file__).resolve().parent.parent.parent
PATH = "master/partners/emo.yaml"
CONTACTS = (
    "contacts: {operations: o@emo.example, platform: p@emo.example, finance: f@emo.example}\ntax: {country: NL}\n"
)
VERSIONS = "versions:\n  - valid_from: 2026-07-01\n    tolerances: {amount: '0.05'}\n"
Cli = Callable[..., CompletedProcess[str]]


@pytest.fixture
def home(tmp_path: Path) -> Home:
    return make_home(tmp_path / "home")


def resolve(extra: str) -> list[tuple[date, str, int]]:
    template = "master/templates/eu-roaming.yaml"
    found = resolve_contracts(PATH, (PARTNER + extra).encode(), template, TEMPLATE.read_bytes(), {})
    return [
        (terms.contract.valid_from, str(terms.contract.tolerances.amount), terms.contract.tolerances.duration_seconds)
        for terms in found
    ]


def test_a_version_changes_what_it_says_and_keeps_the_rest() -> None:
    extra = "tolerances: {duration_seconds: 90}\n" + VERSIONS
    assert resolve(extra) == [(date(2026, 1, 1), "0.02", 90), (date(2026, 7, 1), "0.05", 90)]


@pytest.mark.parametrize(
    ("versions", "sentence"),
    [
        ("versions: 1", "versions is not a list; write each version as"),
        ("versions: [{tolerances: {amount: 1}}]", "versions.1.valid_from is missing; write the day"),
        ("versions: [{valid_from: 2026-01-01}]", "versions.1.valid_from is 2026-01-01, not after the version before it"),
        ("versions: [{valid_from: 2026-07-01, partner: x}]", "versions.1.partner is the same in all versions"),
        ("versions: [{valid_from: 2026-07-01, currenzy: EUR}]", "versions.1.currenzy is not known; did you mean currency?"),
        ("versions: [{valid_from: 2026-07-01, tolerances: {amount: -1}}]", "versions.1.tolerances.amount is -1; use 0"),
        ("versions: [{valid_from: 2026-07-01, currency: null}]", "versions.1.currency is blank; fill it."),
    ],
)  # fmt: skip
def test_a_wrong_version_names_its_number_and_key(versions: str, sentence: str) -> None:
    with pytest.raises(DeclaredError) as caught:
        resolve(versions)
    assert f"{PATH}: {sentence}" in str(caught.value)


def test_every_problem_is_told_with_its_line(home: Home) -> None:
    text = PARTNER.replace("name: eMobility Operator B.V.", "name:") + CONTACTS.replace("f@emo.example", '""')
    path = write(home.master / "partners/emo.yaml", text)
    problems = check_partner(path, home.master).problems
    assert problems == [
        "master/partners/emo.yaml, line 2: name is blank; fill it.",
        "master/partners/emo.yaml, line 6: contacts.finance is blank; fill it.",
    ]
    elsewhere = write(path.parent.parent.parent / "draft.yaml", text)
    assert check_partner(elsewhere, home.master).problems[0] == f"{elsewhere}, line 2: name is blank; fill it."


def test_a_party_of_another_partner_and_a_code_that_is_none_are_told(home: Home) -> None:
    write(home.master / "partners/emo.yaml", PARTNER + CONTACTS)
    text = PARTNER.replace("partner: emo", "partner: two").replace("[NL/EMO]", "[NL/EMO, NL/EVS]")
    path = write(home.master / "partners/two.yaml", text + CONTACTS + "currency: EUX\n")
    assert [problem.split(": ", 1)[1] for problem in check_partner(path, home.master).problems] == [
        "currency is EUX, which is no currency in use; write an ISO 4217 code, as EUR.",
        "parties has NL/EMO, which is that of partner emo already; take it out of one of them.",
        "parties has NL/EVS, which is ours (master/network.yaml) already; take it out of one of them.",
    ]
    path.unlink()
    assert check_partner(home.master / "partners/emo.yaml", home.master).problems == []


def test_what_may_be_meant_and_would_cost_the_first_sessions_is_doubted(home: Home) -> None:
    text = PARTNER + CONTACTS.replace("{country: NL}", "{country: NL, vat_id: NL12, regime: resseler}")
    path = write(home.master / "partners/emo.yaml", text)
    write(home.master / "tax_rules.csv", "valid_from,customer_regime,category,rate_percent\n2026-01-01,reseller,AE,0\n")
    write(home.master / "agreements.csv", "cpo_party,emsp_party,route,valid_from,valid_to\nNL/EVS,NL/VTR,,,\n")
    checked = check_partner(path, home.master)
    assert checked.problems == []
    assert [doubt.split(": ", 1)[1].split(", ")[0] for doubt in checked.doubts] == [
        "tax.vat_id is 'NL12'", "tax.regime is 'resseler'", "parties has NL/EMO",
    ]  # fmt: skip
    write(path, text.replace("NL12", "NL000000036B01").replace("resseler", "consumer"))
    write(home.master / "agreements.csv", "cpo_party,emsp_party,route,valid_from,valid_to\nNL/EVS,NL/EMO,,,\n")
    assert check_partner(path, home.master).doubts == []


def test_no_partner_has_the_name_of_our_own_folder(home: Home) -> None:
    path = write(home.master / "partners/own.yaml", PARTNER.replace("partner: emo", "partner: own") + CONTACTS)
    assert "give the file another name" in check_partner(path, home.master).problems[0]
    with pytest.raises(PartnerFileError, match="landing/own"):
        write_partner(home, "own", "eu-roaming", [], "", date(2026, 1, 1))


def test_lines_are_found_in_lists_too() -> None:
    assert line_of(b"a:\n  - x: 1\n  - x: 1\n    y: {z: 2}\n", "a.2.y.z") == 4
    assert line_of(b"a: 1\n", "b") is None


def test_a_partner_is_added_without_touching_code(home: Home, cli_here: Cli) -> None:
    """Row 77: the second partner of a template; row 32: a blank field refuses, and is named."""
    made = cli_here("--home", home.root, "partner", "new", "neu", "--party", "DE/NEU", "--valid-from", "2026-02-01")
    assert made.returncode == 0, made.stderr
    refused = cli_here("--home", home.root, "partner", "check", "neu")
    assert (refused.returncode, "name is blank; fill it." in refused.stderr) == (2, True)
    unsigned = cli_here("--home", home.root, "decide", "terms", "partner:neu", "--by", "Ada")
    assert (unsigned.returncode, "line 3: name is blank; fill it." in unsigned.stderr) == (2, True)
    path = home.master / "partners/neu.yaml"
    filled = path.read_text().replace("name: ", "name: Neu GmbH").replace('""', "a@neu.example")
    write(path, filled)
    checked = cli_here("--home", home.root, "partner", "check", "neu", "--json")
    assert json.loads(checked.stdout) == {
        "partner": "neu", "is_complete": True, "problems": [], "doubts": [], "versions": ["2026-02-01"],
    }  # fmt: skip
    take_in(home, at(0))
    with open_warehouse(home.warehouse) as connection:
        load_from_ledger(home, connection)
        assert rows(connection, "select party from ingest.raw_contract_parties where partner = 'neu'") == [("DE/NEU",)]
    # What two people would approve is what was taken in, and that is another file now.
    write(path, filled.replace("Neu GmbH", "Neu AG"))
    changed = cli_here("--home", home.root, "decide", "terms", "partner:neu", "--by", "Ada")
    assert changed.returncode == 2
    assert "master/partners/neu.yaml has changed since it was taken in" in changed.stderr
    write(path, filled)
    assert cli_here("--home", home.root, "decide", "terms", "partner:neu", "--by", "Ada").returncode == 0


def test_terms_and_their_change_are_told_from_the_ledger(home: Home, cli_here: Cli) -> None:
    """Rows 5, 33 and 60: what holds on a day, where each field comes from, who brought and who approved it."""
    path = home.master / "partners/emo.yaml"
    write(path, PARTNER + CONTACTS)
    take_in(home, at(0), actor="Ada")
    proposal = record(home, Decision("terms", "Ada", ["partner:emo"]), at(1)).entry
    record(home, Decision("approve", "Bo", answers=proposal.seq), at(2))
    write(path, PARTNER + CONTACTS + VERSIONS)
    take_in(home, at(3), actor="Ada")
    before, after = contract_versions(home, "emo")
    assert (before.approval is not None, after.approval) == (True, None)
    # What nobody approved does not hold yet.
    assert in_force([before, after], date(2026, 8, 1)) is before
    assert [(change.key, change.before, change.after) for change in differences(before, after)] == [
        ("valid_from", "2026-01-01", "2026-07-01"), ("tolerances.amount", "0.02", "0.05"),
    ]  # fmt: skip
    proposal = record(home, Decision("terms", "Ada", ["partner:emo"]), at(4)).entry
    record(home, Decision("approve", "Bo", answers=proposal.seq), at(5))
    told = json.loads(cli_here("--home", home.root, "partner", "diff", "emo", "--json").stdout)
    assert [version["approved_by"] for version in told["versions"]] == ["Bo", "Bo"]
    assert (told["to"]["taken_in_by"], told["to"]["proposed_by"], told["to"]["valid_from"]) == (
        "Ada",
        "Ada",
        "2026-07-01",
    )
    sheet = json.loads(cli_here("--home", home.root, "partner", "terms", "emo", "--on", "2026-08-01", "--json").stdout)
    assert sheet["terms"]["tolerances.amount"] == {"value": "0.05", "from": "version 2026-07-01"}
    assert sheet["terms"]["tolerances.energy_kwh"] == {"value": "0.01", "from": "template eu-roaming"}
    assert sheet["terms"]["name"]["from"] == "contract" and sheet["terms"]["tax.vat_id"]["from"] == "default"
    unknown = cli_here("--home", home.root, "partner", "diff", "emo", "--from", "abcd")
    assert (unknown.returncode, "neither a day" in unknown.stderr) == (2, True)


def test_terms_that_wait_for_two_people_are_told_with_what_to_type(home: Home) -> None:
    def waiting() -> list[str]:
        entries = ledger.read_all(home)
        return unapproved_terms(fold_master(home, entries, {}).contracts, entries)

    def decide(kind: str, by: str, number: int, answers: int | None = None) -> int:
        named = [] if answers else ["partner:emo"]
        return record(home, Decision(kind, by, named, answers=answers), at(number)).entry.seq

    take_in(home, at(1))
    (told,) = waiting()
    assert "the terms of emo from 2026-01-01 (version " in told
    assert told.endswith("until then its sessions are held (`evsettle decide terms partner:emo --by NAME`).")
    seq = decide("terms", "Ada", 2)
    assert waiting()[0].endswith(f"(`evsettle decide approve {seq} --by NAME`).")
    decide("approve", "Bo", 3, seq)
    assert waiting() == []
    # A version is added; that of the file itself was approved with it and stands.
    write(home.root / PATH, PARTNER + VERSIONS)
    take_in(home, at(4))
    (told,) = waiting()
    assert "from 2026-07-01 (version " in told and "2026-01-01" not in told
    assert told.endswith("until then the approved ones go on (`evsettle decide terms partner:emo --by NAME`).")


def test_schemas_are_those_of_the_models() -> None:
    for name, schema in schema_files.schemas().items():
        assert (schema_files.FOLDER / name).read_text() == schema_files.text(schema), (
            "python -m orchestration.schema_files"
        )


def test_an_editor_accepts_what_is_read_and_marks_what_is_not() -> None:
    validator = jsonschema.Draft202012Validator(schema_files.partner_schema())
    partner = yaml.safe_load(PARTNER + CONTACTS + VERSIONS)
    dates = json.loads(json.dumps(partner, default=str))
    assert list(validator.iter_errors(dates)) == []
    assert list(validator.iter_errors(dates | {"tolerances": {"amont": 1}}))
    assert list(validator.iter_errors(dates | {"settlement": {"frequency": "daily"}}))
    assert list(validator.iter_errors({key: value for key, value in dates.items() if key != "parties"}))
    for example in sorted((ROOT / "examples").glob("*/master/partners/*.yaml")):
        content = json.loads(json.dumps(yaml.safe_load(example.read_text()), default=str))
        assert list(validator.iter_errors(content)) == [], example


def test_the_schema_of_a_mapping_knows_the_fields_of_its_feed() -> None:
    validator = jsonschema.Draft202012Validator(schema_files.mapping_schema("invoices"))
    mapping = {
        "format": {"delimiter": ";"},
        "columns": {"invoice_id": "Factuur", "amount_excl_tax": {"column": "Bedrag", "decimal": ","}},
        "constants": {"seller_party": "NL/PLD"},
    }
    assert list(validator.iter_errors(mapping)) == []
    wrong = mapping | {"columns": {"invoice": "Factuur", "issued_on": {"column": "Datum", "decimal": ","}}}
    assert {error.json_path for error in validator.iter_errors(wrong)} == {"$.columns", "$.columns.issued_on"}
