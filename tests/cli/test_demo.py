"""`evsettle demo`: what is written is believable, repeatable, and says truly what is wrong with it."""

import csv
import gzip
import hashlib
import json
from collections import defaultdict
from datetime import datetime, timedelta
from decimal import Decimal
from itertools import pairwise
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from click.testing import CliRunner, Result

from orchestration.cli.demo import command
from orchestration.demo.faults import FAULTS
from orchestration.demo.invoices import INVOICE_FAULTS
from orchestration.facts import ledger
from orchestration.facts.decisions import standing
from orchestration.facts.home import Home

MONTH = "2026-10"  # the clocks change in it
SESSIONS = 800
AMSTERDAM = ZoneInfo("Europe/Amsterdam")
AREAS = {"NL": "EU", "DE": "EU", "CH": "CH", "GB": "GB"}


def write(folder: Path, *arguments: str) -> Result:
    return CliRunner().invoke(command, [str(folder), "--month", MONTH, "--sessions", str(SESSIONS), *arguments])


@pytest.fixture(scope="module")
def clean(tmp_path_factory: pytest.TempPathFactory) -> Path:
    home = tmp_path_factory.mktemp("clean") / "home"
    result = write(home, "--faults", "0")
    assert result.exit_code == 0, result.output
    return home


@pytest.fixture(scope="module")
def faulty(tmp_path_factory: pytest.TempPathFactory) -> Path:
    home = tmp_path_factory.mktemp("faulty") / "home"
    result = write(home, "--faults", "0.2")
    assert result.exit_code == 0, result.output
    return home


def digests(home: Path) -> dict[str, str]:
    return {
        path.relative_to(home).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(home.rglob("*"))
        if path.is_file()
    }


def texts_of(path: Path) -> list[str]:
    """The records of a file as text, in order, read with nothing of the product's own reader."""
    text = (gzip.decompress(path.read_bytes()) if path.suffix == ".gz" else path.read_bytes()).decode()
    if ".ndjson" in path.name:
        return text.splitlines()
    lines = text.splitlines()
    if path.suffix == ".csv":
        return lines[1:]
    return [line.removesuffix(",") for line in lines[1:-1]]


def cdrs_of(home: Path) -> list[dict[str, Any]]:
    return [
        json.loads(text, parse_float=Decimal)
        for path in sorted(home.glob("landing/*/cdrs/*json*"))
        for text in texts_of(path)
    ]


def rows_of(home: Path) -> list[dict[str, str]]:
    return [
        row
        for path in sorted(home.glob("landing/*/cdrs/*.csv"))
        for row in csv.DictReader(path.read_text(encoding="utf-8").splitlines(), delimiter=";")
    ]


def truth_of(home: Path) -> list[dict[str, str]]:
    with (home / "truth.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def instant(text: str) -> datetime:
    return datetime.fromisoformat(text)


def test_one_seed_and_month_give_the_same_bytes(faulty: Path, tmp_path: Path) -> None:
    assert write(tmp_path / "again", "--faults", "0.2").exit_code == 0
    assert digests(tmp_path / "again") == digests(faulty)
    assert write(tmp_path / "other", "--faults", "0.2", "--seed", "2").exit_code == 0
    assert digests(tmp_path / "other") != digests(faulty)


def test_there_are_six_partners_three_tax_areas_and_two_currencies(clean: Path) -> None:
    contracts = [path.read_text() for path in sorted(clean.glob("master/partners/*.yaml"))]
    values = [dict(line.split(": ", 1) for line in text.splitlines()) for text in contracts]
    assert len(values) >= 6
    assert len({value["currency"] for value in values}) >= 2
    countries = {value["tax"].removeprefix("{country: ").split(",")[0] for value in values}
    assert len({AREAS[country] for country in countries}) >= 3


def test_both_directions_are_there(clean: Path) -> None:
    pairs = {(cdr["party_id"], cdr["cdr_token"]["party_id"]) for cdr in cdrs_of(clean)}
    assert {emsp for cpo, emsp in pairs if cpo == "EVS"} == {"EMO", "VTR", "ALD", "FST"}
    assert {cpo for cpo, emsp in pairs if emsp == "EVM"} == {"FST", "NDL", "ALP", "ISC"}
    assert {row["Kenmerk"][:3] for row in rows_of(clean)} == {"PLD"}


def test_no_faults_leave_an_empty_truth_and_as_many_records_as_sessions(clean: Path) -> None:
    assert truth_of(clean) == []
    ids = [cdr["id"] for cdr in cdrs_of(clean)] + [row["Kenmerk"] for row in rows_of(clean)]
    assert len(ids) == len(set(ids)) == SESSIONS


def test_every_whole_file_is_valid_json(clean: Path) -> None:
    for path in sorted(clean.glob("landing/*/*/*")):
        if path.suffix == ".json":
            value = json.loads(path.read_bytes())
            records = value["data"] if isinstance(value, dict) else value
            assert records and all(isinstance(record, dict) for record in records)


def test_sessions_end_in_the_month_and_their_parts_add_up(clean: Path) -> None:
    for cdr in cdrs_of(clean):
        start, end = instant(cdr["start_date_time"]), instant(cdr["end_date_time"])
        assert end.astimezone(AMSTERDAM).strftime("%Y-%m") == MONTH
        assert cdr["total_time"] * 3600 == (end - start).total_seconds()
        stamps = [instant(period["start_date_time"]) for period in cdr["charging_periods"]]
        assert stamps == sorted(set(stamps)) and stamps[0] == start and stamps[-1] < end
        volumes: dict[str, Decimal] = defaultdict(Decimal)
        for period, until in zip(cdr["charging_periods"], [*stamps[1:], end], strict=True):
            for dimension in period["dimensions"]:
                volumes[dimension["type"]] += dimension["volume"]
                if dimension["type"] != "ENERGY":
                    lasted = (until - instant(period["start_date_time"])).total_seconds()
                    assert dimension["volume"] * 3600 == lasted
        assert volumes["ENERGY"] == cdr["total_energy"] > 0
        assert volumes["PARKING_TIME"] == cdr["total_parking_time"]


def test_nobody_charges_twice_at_once_and_power_stays_within_the_rating(clean: Path) -> None:
    rating = {
        evse["uid"]: evse["connectors"][0]["max_electric_power"]
        for path in clean.glob("landing/*/locations/*")
        for location in _objects(path)
        for evse in location["evses"]
    }
    spans: dict[str, list[tuple[datetime, datetime]]] = defaultdict(list)
    for cdr in cdrs_of(clean):
        span = instant(cdr["start_date_time"]), instant(cdr["end_date_time"])
        spans[cdr["cdr_location"]["evse_uid"]].append(span)
        spans[cdr["cdr_token"]["uid"]].append(span)
        charged = cdr["total_time"] - cdr["total_parking_time"]
        assert cdr["total_energy"] * 1000 <= rating[cdr["cdr_location"]["evse_uid"]] * charged
    for taken in spans.values():
        taken.sort()
        assert all(one[1] + timedelta(minutes=5) <= other[0] for one, other in pairwise(taken))


def _objects(path: Path) -> list[dict[str, Any]]:
    value = json.loads(path.read_bytes())
    return value["data"] if isinstance(value, dict) else value


def test_tokens_and_chargers_of_every_session_are_in_the_feeds(clean: Path) -> None:
    tokens = {json.loads(line)["uid"] for path in clean.glob("landing/*/tokens/*") for line in texts_of(path)}
    evses = {
        evse["uid"]
        for path in clean.glob("landing/*/locations/*")
        for location in _objects(path)
        for evse in location["evses"]
    }
    for cdr in cdrs_of(clean):
        assert cdr["cdr_token"]["uid"] in tokens
        assert cdr["cdr_location"]["evse_uid"] in evses


def test_every_kind_of_fault_is_planted_and_each_row_of_truth_names_a_real_record(faulty: Path) -> None:
    truth = truth_of(faulty)
    of_invoices = dict(INVOICE_FAULTS.values())
    kinds = {fault.name: fault.rule_id for fault in FAULTS.values()} | of_invoices
    assert {row["fault"] for row in truth} == set(kinds)
    assert {row["rule_id"] for row in truth} - {""} == set(kinds.values()) - {""}
    for row in truth:
        # An invoice and a session without its CDR lie in no file of CDRs; a file that is at fault has no key.
        if not row["file"] or (not row["cdr_key"] and FAULTS[row["fault"]].series):
            assert row["fault"] in of_invoices or FAULTS[row["fault"]].series or FAULTS[row["fault"]].is_unsent
            continue
        name, _, position = row["file"].partition("#")
        texts = texts_of(faulty / "landing" / name)
        named = [texts[int(position) - 1]] if position else texts
        cdr_id = row["cdr_key"].rpartition("|")[2]
        assert (cdr_id == "") == (row["fault"] == "broken_json"), row
        # A row of CSV names its id without a key.
        written = cdr_id if name.endswith(".csv") else f'"id": "{cdr_id}'
        assert any(written in text.lower() for text in named), row
        assert bool(position) == FAULTS[row["fault"]].is_record


def test_a_credit_names_its_original_and_takes_its_amount_back(faulty: Path) -> None:
    cdrs = {cdr["id"]: cdr for path in faulty.glob("landing/*/cdrs/*json*")
            if not path.name.endswith(".manifest.json") for cdr in _readable(path)}  # fmt: skip
    keys = [row["cdr_key"] for row in truth_of(faulty) if row["fault"] == "credited"]
    credits = [cdrs[key.rpartition("|")[2].upper()] for key in keys if key.endswith("-c")]
    assert credits and len(keys) == 2 * len(credits)
    for credit in credits:
        original = cdrs[credit["credit_reference_id"]]
        assert credit["credit"] is True
        assert credit["total_cost"]["excl_vat"] == -original["total_cost"]["excl_vat"]
        assert credit["total_energy"] == original["total_energy"] > 0


def _readable(path: Path) -> list[dict[str, Any]]:
    found = []
    for text in texts_of(path):
        try:
            found.append(json.loads(text, parse_float=Decimal))
        except json.JSONDecodeError:
            continue
    return found


def test_the_opening_ledger_approves_contracts_and_tariffs_by_two_people_before_the_month(clean: Path) -> None:
    home = Home(clean)
    entries = ledger.read_all(home)
    assert entries[0].kind == "master"
    assert {entry.kind for entry in entries[1:]} == {"decision"}
    assert {entry.at for entry in entries} == {"2026-09-30T00:00:00Z"}
    assert ledger.check_chain(home) == []
    decided = standing(entries)
    assert len([row for row in decided if row.kind == "terms"]) == len(list(clean.glob("master/partners/*.yaml")))
    assert len([row for row in decided if row.kind == "tariff"]) == len(list(clean.glob("master/tariffs/*.json")))
    assert all(row.approved_by not in (None, row.decided_by) for row in decided)


def test_a_home_with_a_ledger_is_never_overwritten(clean: Path) -> None:
    before = digests(clean)
    result = write(clean)
    assert result.exit_code == 1
    assert "already holds a ledger" in result.output and "name another folder" in result.output
    assert digests(clean) == before


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["--month", "2026-13"], "not a month"),
        (["--month", "October"], "not a month"),
        (["--faults", "much"], "not a number"),
        (["--faults", "0.9"], "not between"),
        (["--sessions", "3"], "range"),
    ],
)
def test_a_wrong_call_says_what_was_expected(tmp_path: Path, arguments: list[str], says: str) -> None:
    result = CliRunner().invoke(command, [str(tmp_path / "home"), *arguments])
    assert result.exit_code == 2
    assert says in result.output
    assert not (tmp_path / "home").exists()


def test_the_closing_words_say_what_was_written_and_what_to_type_next(tmp_path: Path) -> None:
    result = write(tmp_path / "home")
    assert f"evsettle --home {tmp_path / 'home'} run" in result.output
    assert "truth.csv" in result.output
