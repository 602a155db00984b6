"""master/*.csv: typed, wrong ones named by line and column, and both clocks kept."""

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import duckdb
import pytest

from orchestration.defs.ingest.declared import DeclaredError
from orchestration.defs.ingest.landing import take_in
from orchestration.defs.ingest.load import load_from_ledger
from orchestration.defs.ingest.master_csv import read_table
from orchestration.defs.ingest.master_tables import TABLES, table_of
from orchestration.facts.decisions import Decision, DecisionError, record
from orchestration.facts.home import Home
from orchestration.facts.subjects import SubjectError
from orchestration.warehouse import open_warehouse
from tests.small_home import at, make_home, rows, write

METERS = "meter_id,evse_uid,public_key,valid_from,valid_to\nM1,E1,,2026-01-01,2026-06-01\n"


@pytest.fixture
def home(tmp_path: Path) -> Home:
    return make_home(tmp_path / "home")


@pytest.fixture
def warehouse(home: Home) -> Iterator[duckdb.DuckDBPyConnection]:
    with open_warehouse(home.warehouse) as connection:
        yield connection


@pytest.mark.parametrize(
    ("name", "text", "sentence"),
    [
        ("meters", "meter_id,evse_id\nM,E\n", "column 'evse_id' is not known; did you mean evse_uid?"),
        ("meters", "meter_id\nM\n", "column evse_uid is missing; the columns are meter_id, evse_uid, public_key"),
        ("meters", "meter_id;evse_uid\nM;E\n", "its cells are separated by `;`; save it with commas."),
        ("meters", "meter_id,evse_uid\nM,E\nN,\n", "line 3: evse_uid is blank; fill it."),
        ("meters", "meter_id,evse_uid\nM\n", "line 2 has 1 cells, its header 2; mend it"),
        ("meters", "meter_id,evse_uid,valid_from\nM,E,soon\n", "line 2: valid_from is 'soon'; write a day (2026-01-31),"),
        ("meters", "meter_id,evse_uid,valid_from\nM,E,2026-01-01T10:00\n", "or an instant with its zone"),
        ("meters", METERS + "M1,E2,,2026-05-31,\n", "line 3 has the same meter_id as line 2 at the same time; end one"),
        ("meters", METERS + "M2,E2,,2026-06-01,2026-06-01\n", "line 3: valid_to is not after valid_from;"),
        ("meters", b"meter_id,evse_uid\n\xff,E\n", "is not UTF-8 text; save it as CSV UTF-8."),
        ("meters", 'meter_id,evse_uid\n"M,E\n', "is not CSV (unexpected end of data); mend that line."),
        ("aliases", "kind,old_id,canonical_id\nevs,A,B\n", "line 2: kind is 'evs'; use one of party, location, evse,"),
        ("aliases", "kind,old_id,canonical_id\nevse,A,a\n", "line 2: A is an alias of itself; take the line out."),
        ("fx_rates", "rate_on,base,quote,rate,source\n2026-01-02,EUR,CHF,0,ECB\n", "line 2: rate is 0; use a number"),
        ("fx_rates", "rate_on,base,quote,rate,source\n2026-01-02,EUR,CHF,\"0,9\",ECB\n", "line 2: rate is '0,9'; write a"),
        ("accounts", "role,account\ndebtors,1300\n", "line 2: role is 'debtors'; use one of receivable, payable,"),
        ("accounts", "role,account\nbank,1100\nbank,1101\n", "line 3 has the same role as line 2"),
        ("raci", "activity,responsible,accountable,consulted,informed\nSeal,finance,,ops,partner\n", "accountable is blank"),
        ("tax_rules", "valid_from,category,rate_percent\n2026-01-01,S,121\n", "rate_percent is 121; use 0 to 100."),
    ],
)  # fmt: skip
def test_a_wrong_file_is_one_sentence_with_line_and_column(name: str, text: str | bytes, sentence: str) -> None:
    data = text if isinstance(text, bytes) else text.encode()
    with pytest.raises(DeclaredError) as caught:
        read_table(f"master/{name}.csv", data, TABLES[name])
    assert str(caught.value).startswith(f"master/{name}.csv: ")
    assert sentence in str(caught.value)


def test_one_meter_may_move_and_blank_lines_are_nothing() -> None:
    read = read_table("master/meters.csv", (METERS + "\nM1,E2,,2026-06-01T00:00:00Z,\n").encode(), TABLES["meters"])
    assert [row.evse_uid for row in read] == ["E1", "E2"]  # type: ignore[attr-defined]


def test_only_files_of_the_contract_are_tables() -> None:
    assert table_of("master/meters.csv") is TABLES["meters"]
    assert table_of("master/partners/meters.csv") is None
    assert table_of("master/meter.csv") is None


def test_rows_carry_when_they_held_and_when_we_knew(home: Home, warehouse: duckdb.DuckDBPyConnection) -> None:
    path = home.master / "meters.csv"
    write(path, METERS)
    take_in(home, at(0))
    write(path, METERS + "M2,E2,,,\n")
    take_in(home, at(1))
    # One broken line: the version before stands, and the problem is told.
    write(path, METERS + "M2,,,,\n")
    take_in(home, at(2))
    write(path, "meter_id,evse_uid\nM2,E2\n")
    take_in(home, at(3))
    path.unlink()
    take_in(home, at(4))
    load_from_ledger(home, warehouse)
    found = "meter_id, valid_from, known_from, known_to, is_opening from ingest.raw_meters order by 1"
    # A day is its midnight in the network's zone, which is Amsterdam's.
    assert rows(warehouse, f"select {found}") == [
        ("M1", at(0).replace(2025, 12, 31, 23), at(0), at(3), True), ("M2", None, at(1), at(4), False),
    ]  # fmt: skip
    assert rows(warehouse, "select path from ingest.raw_master_problems") == []


def test_a_broken_file_leaves_its_last_good_version(home: Home, warehouse: duckdb.DuckDBPyConnection) -> None:
    write(home.master / "aliases.csv", "kind,old_id,canonical_id\nevse,OLD,NEW\n")
    take_in(home, at(0))
    write(home.master / "aliases.csv", "kind,old_id,canonical_id\nevse,OLD,\n")
    take_in(home, at(1))
    summary = load_from_ledger(home, warehouse)
    assert rows(warehouse, "select canonical_id, known_to from ingest.raw_aliases") == [("NEW", None)]
    assert summary.problems == ["master/aliases.csv: line 2: canonical_id is blank; fill it."]
    assert rows(warehouse, "select kind, reason from ingest.raw_touched") == [("everything", "a new warehouse")]


def test_decided_aliases_stand_beside_the_file_and_can_be_taken_back(
    home: Home, warehouse: duckdb.DuckDBPyConnection
) -> None:
    def decide(hour: int, canonical: str, **values: str) -> None:
        said = {"canonical": canonical, **values}
        decision = Decision("alias", "Ada", ["connector:NL/EMO|E1|9"], "ADJ_ALIAS", said)
        proposal = record(home, decision, at(hour)).entry
        record(home, Decision("approve", "Bo", answers=proposal.seq), at(hour))

    write(home.master / "aliases.csv", "kind,old_id,canonical_id\nevse,OLD,NEW\n")
    take_in(home, at(0))
    decide(1, "E1|1", to="2026-10-11")
    decide(2, "E1|2")
    load_from_ledger(home, warehouse)
    found = "select old_id, canonical_id, valid_to, known_from, known_to from ingest.raw_aliases order by known_from"
    # A day is its midnight in Amsterdam.
    assert rows(warehouse, found) == [
        ("OLD", "NEW", None, at(0), None),
        ("NL/EMO|E1|9", "E1|1", datetime(2026, 10, 10, 22, tzinfo=UTC), at(1), at(2)),
        ("NL/EMO|E1|9", "E1|2", None, at(2), None),
    ]
    # A new warehouse touches everything, which covers the rest: that is done with.
    warehouse.execute("delete from ingest.raw_touched")
    decide(3, "NL/EMO|E1|9")
    load_from_ledger(home, warehouse)
    assert rows(warehouse, found)[-1] == ("NL/EMO|E1|9", "E1|2", None, at(2), at(3))
    # The alias that is taken back touches what it was about.
    assert rows(warehouse, "select kind, id from ingest.raw_touched order by all") == [("evse", "e1")]


def test_a_decided_alias_is_refused_when_it_cannot_be_read(home: Home) -> None:
    with pytest.raises(SubjectError, match="is not a connector: write its EVSE too"):
        record(home, Decision("alias", "Ada", ["connector:E1"], "ADJ_ALIAS", {"canonical": "E2"}), at(1))
    with pytest.raises(DecisionError, match="from=soon is not a moment: write 2026-01-31"):
        record(home, Decision("alias", "Ada", ["evse:E1"], "ADJ_ALIAS", {"canonical": "E2", "from": "soon"}), at(1))
