"""From the ledger to the raw tables: whole or not at all, again and again the same."""

import gzip
import json
import random
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import duckdb
import pytest

from orchestration.dbt import build_stage
from orchestration.defs.ingest import load
from orchestration.defs.ingest.landing import take_in
from orchestration.defs.ingest.load import LoadError, MasterError, load_from_ledger
from orchestration.facts.decisions import Decision, record
from orchestration.facts.home import Home
from orchestration.warehouse import open_warehouse
from tests.small_home import CSV_HEADER, MAPPING, PARTNER, at, contents, land, make_home, rows, write

CSV = CSV_HEADER + "A,2026-01-09 10:00,2026-01-09 11:00,7\nB,2026-10-13 10:00,2026-10-13 11:00,8\n"
TOKEN = {"country_code": "NL", "party_id": "EVS", "uid": "T", "type": "RFID", "contract_id": "C", "issuer": "x",
         "valid": True, "whitelist": "ALWAYS", "last_updated": "2026-01-01T00:00:00Z"}  # fmt: skip
LOCATION = {
    "country_code": "NL", "party_id": "EVS", "id": "L1", "country": "NLD", "time_zone": "Europe/Berlin",
    "last_updated": "2026-01-01T00:00:00Z",
    "evses": [{"uid": "E1", "evse_id": "NL*EVS*E1", "status": "AVAILABLE", "connectors": [
        {"id": "1", "standard": "IEC_62196_T2", "power_type": "AC_3_PHASE", "max_voltage": 230, "max_amperage": 16},
        {"id": "2", "standard": "CHADEMO", "power_type": "DC", "max_electric_power": 50000},
    ]}],
}  # fmt: skip
TARIFF = {
    "country_code": "NL", "party_id": "EVS", "id": "T1", "currency": "EUR", "last_updated": "2026-01-01T00:00:00Z",
    "elements": [{"price_components": [{"type": "ENERGY", "price": 0.25, "step_size": 1}]}],
}  # fmt: skip


@pytest.fixture
def home(tmp_path: Path) -> Home:
    return make_home(tmp_path / "home")


@pytest.fixture
def warehouse(home: Home) -> Iterator[duckdb.DuckDBPyConnection]:
    with open_warehouse(home.warehouse) as connection:
        yield connection


def cdr(cdr_id: str, **changed: Any) -> dict[str, Any]:
    """A CDR with enough in it for the loader."""
    return {
        "country_code": "NL", "party_id": "EMO", "id": cdr_id, "currency": "EUR", "total_energy": 7.5,
        "start_date_time": "2026-10-01T10:00:00Z", "end_date_time": "2026-10-01T11:00:00Z",
        "last_updated": "2026-10-01T12:00:00Z",
    } | changed  # fmt: skip


def test_loading_again_changes_nothing(home: Home, warehouse: duckdb.DuckDBPyConnection) -> None:
    land(home, "council/cdrs/a.csv", CSV)
    land(home, "own/locations/l.json", json.dumps(LOCATION))
    take_in(home, at(0))
    first = load_from_ledger(home, warehouse)
    before = contents(warehouse)
    again = load_from_ledger(home, warehouse)
    assert (first.files_read, first.records, first.quarantined) == (2, 3, 0)
    assert again.files_read == 0
    assert contents(warehouse) == before
    assert rows(warehouse, "select zone from ingest.raw_zone_offsets group by 1 order by 1") == [
        ("Europe/Amsterdam",), ("Europe/Berlin",),
    ]  # fmt: skip


def test_a_new_warehouse_touches_everything_and_a_new_file_its_records(
    home: Home, warehouse: duckdb.DuckDBPyConnection
) -> None:
    take_in(home, at(0))
    load_from_ledger(home, warehouse)
    assert rows(warehouse, "select kind from ingest.raw_touched") == [("everything",)]
    warehouse.execute("delete from ingest.raw_touched")
    land(home, "council/cdrs/a.csv", CSV)
    land(home, "own/tokens/t.json", json.dumps(TOKEN))
    take_in(home, at(1))
    load_from_ledger(home, warehouse)
    assert rows(warehouse, "select kind, id from ingest.raw_touched order by all") == [
        ("cdr", "nl/emo|a-2026-01-09_10:00"), ("cdr", "nl/emo|b-2026-10-13_10:00"), ("file", "1"), ("file", "2"),
        ("token", "C"), ("token", "T"),
    ]  # fmt: skip


def test_a_load_that_dies_between_two_arrivals_goes_on(
    home: Home, warehouse: duckdb.DuckDBPyConnection, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in range(3):
        land(home, f"council/cdrs/{number}.csv", CSV.replace("8\n", f"{number}\n"))
        take_in(home, at(number))
    real, calls = load.load_files, []

    def dies(*arguments: Any) -> None:
        calls.append(arguments)
        real(*arguments)
        if len(calls) == 2:
            raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(load, "load_files", dies)
        with pytest.raises(KeyboardInterrupt):
            load_from_ledger(home, warehouse)
    assert rows(warehouse, "select file_seq from ingest.raw_files") == [(1,)]
    assert rows(warehouse, "select distinct file_seq from ingest.raw_cdrs") == [(1,)]
    load_from_ledger(home, warehouse)
    with open_warehouse(home.root / "fresh" / "evsettle.duckdb") as fresh:
        load_from_ledger(home, fresh)
        assert contents(fresh) == contents(warehouse)


def test_a_mapping_that_is_mended_reads_the_file_again(home: Home, warehouse: duckdb.DuckDBPyConnection) -> None:
    write(home.master / "mappings/council.cdrs.yaml", MAPPING.replace("energy_kwh: kwh", "energy_kwh: energy"))
    land(home, "council/cdrs/a.csv", CSV)
    take_in(home, at(0))
    load_from_ledger(home, warehouse)
    assert rows(warehouse, "select position, is_typed, problem_rule_id, problem from ingest.raw_records") == [
        (0, False, "SCHEMA_TYPE_INVALID",
         "council/cdrs/a.csv: master/mappings/council.cdrs.yaml: the column 'energy' of the mapping is not in the "
         "file, which has cp, start, end, kwh; correct the mapping, or ask for the file again."),
    ]  # fmt: skip
    warehouse.execute("delete from ingest.raw_touched")
    write(home.master / "mappings/council.cdrs.yaml", MAPPING)
    take_in(home, at(1))
    load_from_ledger(home, warehouse)
    assert rows(warehouse, "select position, is_typed from ingest.raw_records order by 1") == [(2, True), (3, True)]
    assert ("everything",) in rows(warehouse, "select kind from ingest.raw_touched order by 1")


def test_a_broken_mapping_leaves_the_one_before_in_force(home: Home, warehouse: duckdb.DuckDBPyConnection) -> None:
    land(home, "council/cdrs/a.csv", CSV)
    take_in(home, at(0))
    write(home.master / "mappings/council.cdrs.yaml", MAPPING.replace("energy_kwh: kwh", "energi_kwh: kwh"))
    take_in(home, at(1))
    load_from_ledger(home, warehouse)
    assert rows(warehouse, "select count(*) from ingest.raw_cdrs") == [(2,)]
    assert rows(warehouse, "select path, problem, since_seq from ingest.raw_master_problems") == [
        ("master/mappings/council.cdrs.yaml",
         "master/mappings/council.cdrs.yaml: columns.energi_kwh is not known; did you mean energy_kwh?", 3),
    ]  # fmt: skip


def test_files_that_cannot_be_read_are_one_record_each(home: Home, warehouse: duckdb.DuckDBPyConnection) -> None:
    land(home, "emo/cdrs/broken.json.gz", gzip.compress(b"[]")[:-4])
    land(home, "emo/cdrs/unmapped.csv", CSV)
    land(home, "emo/tokens/t.csv", "uid\n1\n")
    land(home, "emo/tokens/t.json", json.dumps([TOKEN, {"type": "RFID"}, 7]))
    take_in(home, at(0))
    load_from_ledger(home, warehouse)
    found = dict(rows(
        warehouse,
        "select file_name || '#' || position, problem from ingest.raw_records join ingest.raw_files using (file_seq)"
        " where not is_typed order by 1",
    ))  # fmt: skip
    assert found.pop("broken.json.gz#0").startswith("broken.json.gz is not a whole gzip archive")
    assert found == {
        "unmapped.csv#0": "emo/cdrs/unmapped.csv: there is no master/mappings/emo.cdrs.yaml; "
        "write it to say how its columns are read.",
        "t.csv#0": "emo/tokens/t.csv: the column 'token_uid' is not in the file, which has uid; name its columns "
        "so, or write master/mappings/emo.tokens.yaml to say how they are read.",
        "t.json#2": "the token has no uid; ask the sender for it.",
        "t.json#3": "the record is 7, expected an object; ask the sender for it.",
    }
    assert rows(warehouse, "select token_uid, is_valid, is_opening from ingest.raw_tokens") == [("T", True, True)]


def test_content_of_a_repeated_key_tells_a_repetition_from_a_change(
    home: Home, warehouse: duckdb.DuckDBPyConnection
) -> None:
    again = cdr("a", last_updated="2026-10-05T00:00:00Z", total_energy="X") | {"total_energy": 7.50, "party_id": "emo"}
    land(home, "emo/cdrs/1.json", json.dumps([cdr("A"), cdr("B")]))
    land(home, "emo/cdrs/2.json", json.dumps([again, cdr("A", total_energy=8)]))
    take_in(home, at(0))
    load_from_ledger(home, warehouse)
    hashes = rows(
        warehouse,
        "select file_seq, position, content_sha256 from ingest.raw_content_hashes join ingest.raw_records"
        " using (record_id) order by 1, 2",
    )
    assert [(file_seq, position) for file_seq, position, _ in hashes] == [(1, 1), (2, 1), (2, 2)]
    assert hashes[0][2] == hashes[1][2] != hashes[2][2]


def test_connectors_have_their_power(home: Home, warehouse: duckdb.DuckDBPyConnection) -> None:
    land(home, "own/locations/l.json", json.dumps([LOCATION, {"id": "L2", "evses": []}]))
    take_in(home, at(0))
    load_from_ledger(home, warehouse)
    assert rows(
        warehouse,
        "select cpo_party, location_id, evse_uid, connector_id, cast(max_power_w as integer) from ingest.raw_connectors"
        " order by all",
    ) == [("NL/EVS", "L1", "E1", "1", 11040), ("NL/EVS", "L1", "E1", "2", 50000), ("NL/EVS", "L2", None, None, None)]


def test_a_broken_contract_leaves_the_approved_one_and_says_so(
    home: Home, warehouse: duckdb.DuckDBPyConnection
) -> None:
    take_in(home, at(0))
    proposal = record(home, Decision("terms", "Ada", ["partner:emo"]), at(0))
    record(home, Decision("approve", "Bo", answers=proposal.entry.seq), at(0))
    write(home.master / "partners/emo.yaml", PARTNER + "tolerances: {amont: 1}\n")
    take_in(home, at(1))
    summary = load_from_ledger(home, warehouse)
    assert rows(warehouse, "select partner, is_approved, known_seq from ingest.raw_contracts") == [("emo", True, 1)]
    assert summary.problems == [
        "master/partners/emo.yaml: tolerances.amont is not known; did you mean amount? Until then the terms known"
        " before stand."
    ]
    write(home.master / "partners/emo.yaml", PARTNER + "tolerances: {amount: 1}\n")
    take_in(home, at(2))
    assert load_from_ledger(home, warehouse).problems == []
    assert rows(warehouse, "select is_approved from ingest.raw_contracts order by known_seq") == [(True,), (False,)]


def test_one_party_belongs_to_one_partner(home: Home, warehouse: duckdb.DuckDBPyConnection) -> None:
    write(home.master / "partners/zeta.yaml", PARTNER.replace("partner: emo", "partner: zeta"))
    take_in(home, at(0))
    summary = load_from_ledger(home, warehouse)
    assert rows(warehouse, "select partner, party from ingest.raw_contract_parties") == [("emo", "NL/EMO")]
    assert summary.problems == [
        "master/partners/zeta.yaml: party NL/EMO is already that of partner emo (master/partners/emo.yaml); "
        "take it out of one of them."
    ]


def test_our_tariffs_are_sighted_once_a_content_and_touched_when_they_change(
    home: Home, warehouse: duckdb.DuckDBPyConnection
) -> None:
    write(home.master / "tariffs/T1.json", json.dumps(TARIFF))
    take_in(home, at(0))
    load_from_ledger(home, warehouse)
    warehouse.execute("delete from ingest.raw_touched")
    changed = json.dumps(TARIFF).replace("0.25", "0.30")
    write(home.master / "tariffs/T1.json", changed)
    write(home.master / "tariffs/bad.json", '{"currency": "EUR"}')
    take_in(home, at(1))
    load_from_ledger(home, warehouse)
    sightings = "select tariff_id, sighting_seq, is_opening from ingest.raw_tariff_sightings order by 2"
    assert rows(warehouse, sightings) == [
        ("T1", 1, True), ("T1", 2, False),
    ]  # fmt: skip
    assert rows(warehouse, "select kind, id from ingest.raw_touched") == [("tariff", "NL/EVS|T1")]
    assert rows(warehouse, "select problem from ingest.raw_master_problems") == [
        ("master/tariffs/bad.json: the tariff has no id; ask the sender for it.",)
    ]


def test_the_warehouse_of_another_ledger_is_refused(home: Home, tmp_path: Path) -> None:
    take_in(home, at(0))
    other = make_home(tmp_path / "other")
    take_in(other, at(5))
    with open_warehouse(home.warehouse) as connection:
        load_from_ledger(home, connection)
        with pytest.raises(LoadError, match="delete the folder warehouse and run again"):
            load_from_ledger(other, connection)


def test_without_a_readable_network_there_is_one_sentence(home: Home, warehouse: duckdb.DuckDBPyConnection) -> None:
    write(home.master / "network.yaml", "parties: []\ncurrencies: EUR\n")
    take_in(home, at(0))
    with pytest.raises(MasterError, match=r"master/network.yaml: currencies is not known; did you mean currency\?"):
        load_from_ledger(home, warehouse)


@pytest.mark.parametrize("seed", range(3))
def test_arrivals_in_any_batches_give_the_tables_of_one_load(tmp_path: Path, seed: int) -> None:
    chance = random.Random(seed)
    home = make_home(tmp_path / "home")
    files = [
        ("council/cdrs/a.csv", CSV),
        ("council/cdrs/b.csv", CSV.replace("A,", "C,")),
        ("emo/cdrs/1.json", json.dumps([cdr("A"), cdr("B")])),
        ("emo/cdrs/2.json", json.dumps([cdr("A", total_energy=9), {"id": 3}])),
        ("emo/cdrs/copy.json", json.dumps([cdr("A"), cdr("B")])),
        ("own/tokens/t.json", json.dumps(TOKEN)),
        ("own/locations/l.json", json.dumps(LOCATION)),
    ]
    chance.shuffle(files)
    with open_warehouse(home.warehouse) as connection:
        for hour, (name, text) in enumerate(files):
            land(home, name, text)
            if chance.random() < 0.6:
                take_in(home, at(hour))
            if chance.random() < 0.5 and hour:
                take_in(home, at(hour))
                load_from_ledger(home, connection)
        take_in(home, at(len(files)))
        load_from_ledger(home, connection)
        with open_warehouse(home.root / "fresh" / "evsettle.duckdb") as fresh:
            load_from_ledger(home, fresh)
            assert contents(fresh) == contents(connection)


def test_the_models_of_ingest_build_on_a_loaded_home(home: Home) -> None:
    changed = cdr("A", total_energy=9, last_updated="2026-10-02T00:00:00Z")
    land(home, "council/cdrs/a.csv", CSV)
    land(home, "emo/cdrs/1.json", json.dumps([cdr("A"), cdr("A"), changed]))
    land(home, "emo/cdrs/cut.json", json.dumps([cdr("C")])[:-9])
    write(home.master / "tariffs/T1.json", json.dumps(TARIFF))
    land(home, "own/locations/l.json", json.dumps(LOCATION))
    land(home, "own/tokens/t.json", json.dumps(TOKEN))
    take_in(home, at(0))
    with open_warehouse(home.warehouse) as connection:
        load_from_ledger(home, connection)
    build_stage("ingest", home.warehouse)
    with duckdb.connect(str(home.warehouse)) as connection:
        revisions = "select revision, is_repetition from ingest.cdr_revisions where cdr_id = 'A' order by record_id"
        assert rows(connection, revisions) == [(1, False), (1, True), (2, False)]
        assert rows(connection, "select count(*) from ingest.records") == [(8,)]
        assert rows(connection, "select partner, valid_to from ingest.contracts") == [("emo", None)]
