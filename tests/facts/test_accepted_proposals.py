"""Accepting what a run proposes, decisions that end, and the words for those that cannot stand."""

from datetime import UTC, datetime
from decimal import Decimal

import duckdb
import pytest
from click.testing import CliRunner, Result

from orchestration.cli.main import evsettle
from orchestration.facts import ledger
from orchestration.facts.home import Home
from orchestration.facts.standing import in_force, standing

AT = ("--as-of", "2026-11-01T12:00:00Z")
ADA = ("--by", "Ada Jansen")


def called(home: Home, *arguments: str) -> Result:
    return CliRunner().invoke(evsettle, ["--home", str(home.root), "decide", *arguments])


@pytest.fixture
def proposing(home: Home) -> Home:
    """A home whose last run proposes amounts for two sessions, and leaves one to a person."""
    home.published.mkdir()
    with duckdb.connect() as connection:
        connection.execute("create table cdrs as select * from (values ('nl/emo|a1', 'A1'), ('nl/emo|b1', 'B1'),"
                           " ('nl/emo|c1', 'C1'), ('nl/emo|d1', 'D1')) as v (cdr_key, cdr_id)")  # fmt: skip
        connection.table("cdrs").write_parquet(str(home.published / "cdrs.parquet"))
        connection.execute(
            "create table proposals (cdr_key varchar, rule_id varchar, reason_code varchar, after_excl_tax decimal(18, 8),"
            " before_energy_kwh decimal(18, 8), after_energy_kwh decimal(18, 8))"
        )
        connection.executemany("insert into proposals values (?, ?, ?, ?, ?, ?)", [
            ("nl/emo|a1", "PRICE_STEP_PER_PERIOD", "ADJ_STEP", "7.85", "20", "20"),
            ("nl/emo|b1", "ENERGY_UNIT_WH", "ADJ_UNIT", "9.1", "22341", "22.341"),
            ("nl/emo|c1", "ENERGY_UNIT_WH", "ADJ_UNIT", None, "22341", "22.341"),
        ])  # fmt: skip
        connection.table("proposals").write_parquet(str(home.published / "proposals.parquet"))
    return home


def test_what_is_proposed_is_accepted_by_two_people(proposing: Home) -> None:
    result = called(proposing, "adjust", "A1", "b1", *ADA, *AT)
    assert result.exit_code == 0, result.output
    bodies = [entry.body for entry in ledger.read_all(proposing)]
    assert [(body["reason"], body["values"]) for body in bodies] == [
        ("ADJ_STEP", {"what": "adjust", "rule": "PRICE_STEP_PER_PERIOD", "amount": "7.85"}),
        ("ADJ_UNIT", {"what": "adjust", "rule": "ENERGY_UNIT_WH", "amount": "9.1", "kwh": "22.341"}),
    ]
    assert called(proposing, "approve", "2", "--by", "Cem Aydin", *AT).exit_code == 0
    (row,) = standing(ledger.read_all(proposing))
    assert (row.amount_excl_tax, row.energy_kwh, row.approved_by) == (Decimal("9.1"), Decimal("22.341"), "Cem Aydin")


@pytest.mark.parametrize(
    ("subject", "said"),
    [
        ("C1", "only a person can say the amount (ENERGY_UNIT_WH)"),
        ("D1", "The last run proposes nothing for cdr:nl/emo|d1"),
    ],
)
def test_without_a_proposed_amount_somebody_must_name_it(proposing: Home, subject: str, said: str) -> None:
    result = called(proposing, "adjust", subject, "--reason", "ADJ_UNIT", *ADA, *AT)
    assert result.exit_code == 2
    assert said in result.stderr
    assert "--set amount=12.34" in result.stderr
    assert not ledger.read_all(proposing)


@pytest.mark.parametrize(
    ("values", "said"),
    [
        (["amount=5", "kwh=two"], "'two' is not an energy in kWh"),
        (["amount=5", "started_at=2026-10-01T10:00:00Z", "ended_at=2026-10-01T09:00:00Z"], "is before started_at="),
        (["amount=5", "started_at=yesterday"], "'yesterday' is not a moment"),
    ],
)
def test_quantities_that_cannot_be_are_refused(home: Home, values: list[str], said: str) -> None:
    pairs = [part for value in values for part in ("--set", value)]
    result = called(home, "adjust", "nl/emo|A1", *pairs, "--reason", "ADJ_UNIT", *ADA, *AT)
    assert result.exit_code == 2
    assert said in result.stderr


WAIVE = ("waive", "nl/emo|A1", "--set", "rule=ENERGY_ABS_LIMIT", "--reason", "WAIVED", *ADA)


def test_a_waiver_ends(home: Home) -> None:
    called(home, *WAIVE, "--set", "until=2026-11-15T00:00:00Z", *AT)
    called(home, "approve", "1", "--by", "Cem Aydin", *AT)
    called(home, "waive", "nl/emo|B1", "--set", "rule=ENERGY_ABS_LIMIT", "--reason", "WAIVED", *ADA, *AT)
    called(home, "approve", "3", "--by", "Cem Aydin", *AT)
    rows = standing(ledger.read_all(home))
    assert [row.expires_at for row in rows] == [
        datetime(2026, 11, 15, tzinfo=UTC), datetime(2027, 1, 30, 12, tzinfo=UTC),
    ]  # fmt: skip
    assert [len(in_force(rows, datetime(2026, 11, day, tzinfo=UTC))) for day in (14, 15)] == [2, 1]


def test_a_waiver_that_has_ended_can_be_given_again(home: Home) -> None:
    called(home, *WAIVE, *AT)
    called(home, "approve", "1", "--by", "Cem Aydin", *AT)
    assert "Nothing written" in called(home, *WAIVE, "--as-of", "2026-12-01T00:00:00Z").stdout
    assert "Entry 3: propose waive" in called(home, *WAIVE, "--as-of", "2027-03-01T00:00:00Z").stdout


def test_a_waiver_cannot_end_before_it_begins(home: Home) -> None:
    result = called(home, *WAIVE, "--set", "until=2026-11-01T11:00:00Z", *AT)
    assert result.exit_code == 2
    assert "is not after the decision itself" in result.stderr
