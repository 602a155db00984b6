"""A tariff that nobody approved prices nothing; once two people approve it, it does, backdated ones too."""

import shutil
from collections.abc import Iterator
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

import duckdb
import pytest

from orchestration.dbt import invoke
from tests.raw_rows import OTHER, TAXED, World, new_world

START, END = datetime(2026, 10, 10, 9, tzinfo=UTC), datetime(2026, 10, 10, 10, tzinfo=UTC)


def _session(world: World, key: str, tariff_id: str) -> None:
    world.cdr(key, file_seq=2, cpo_party="NL/CAR", started_at=START, ended_at=END, tariffs=[],
              periods=[{"started_at": START, "tariff_id": tariff_id, "energy_kwh": Decimal(10)}])  # fmt: skip
    # NL/CAR's contract leaves approval to people. OTHER costs 0.50 a kWh, TAXED 0.30.
    world.tariff(tariff_id, OTHER, cpo_party="NL/CAR", source="careful", is_opening=False)


def _approve(world: World, seq: int, tariff_id: str, **row: str) -> None:
    world.decide(seq, "tariff", "tariff", f"NL/CAR:{tariff_id}", value=f"body{OTHER}", approved_by="ben", **row)


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path, world = new_world(tmp_path_factory.mktemp("unapproved"))
    _session(world, "nobody", "T-NOBODY")
    _session(world, "approved", "T-APPROVED")
    _approve(world, 1, "T-APPROVED", effective_at="2026-10-02T00:00:00Z")
    _session(world, "backdated", "T-BACKDATED")
    _approve(world, 2, "T-BACKDATED", reason_code="T_RETRO", effective_at="2026-11-01T22:00:00Z")
    # A draft beside an approved version: the approved one goes on.
    _session(world, "draft", "T-DRAFT")
    world.tariff("T-DRAFT", TAXED, cpo_party="NL/CAR", source="careful", valid_from="2026-01-01T00:00:00Z")
    world.decide(3, "tariff", "tariff", "NL/CAR:T-DRAFT", value=f"body{TAXED}", effective_at="2026-10-02T00:00:00Z")
    world.connection.close()
    invoke(["run", "--select", "group:ingest", "group:inspect", "group:rate"], Path(path))
    return Path(path)


@pytest.fixture(scope="module")
def warehouse(built: Path) -> Iterator[duckdb.DuckDBPyConnection]:
    connection = duckdb.connect(str(built), read_only=True)
    yield connection
    connection.close()


@pytest.mark.parametrize(
    ("key", "price", "failed"),
    [
        ("nobody", None, {"tariff_not_approved"}),
        ("approved", Decimal("5.00"), set()),
        ("backdated", Decimal("5.00"), set()),
        ("draft", Decimal("3.00"), set()),
    ],
)
def test_only_what_two_people_approved_prices_a_session(
    warehouse: duckdb.DuckDBPyConnection, key: str, price: Decimal | None, failed: set[str]
) -> None:
    found = warehouse.execute(
        "select total_excl_tax from rate.price_totals where cdr_key = 'nl/car|' || ? and reading = 'base'", [key]
    ).fetchall()
    assert found == [(price,)]
    flags = warehouse.execute(
        "select tariff_not_approved, tariff_unknown, tariff_not_in_force from inspect.tariff_flags"
        " where cdr_key = 'nl/car|' || ?", [key]
    )  # fmt: skip
    names = [column[0] for column in flags.description]
    (row,) = flags.fetchall()
    assert {name for name, flag in zip(names, row, strict=True) if flag == 0} == failed


def test_the_refusal_says_why(warehouse: duckdb.DuckDBPyConnection) -> None:
    assert warehouse.execute(
        "select rule_id, is_blocking, message from rate.price_problems where cdr_key = 'nl/car|nobody'"
        " and reading = 'base'"
    ).fetchall() == [
        ("TARIFF_NOT_APPROVED", True, "Tariff T-NOBODY is not approved by two people, so it prices nothing.")
    ]


def test_the_dbt_unit_tests_of_rate_pass(built: Path, tmp_path: Path) -> None:
    """Here, since dbt needs the tables that a unit test stands in for, and this warehouse has those of rate."""
    copy = tmp_path / built.name
    shutil.copy2(built, copy)
    assert invoke(["test", "--select", "group:rate,test_type:unit"], copy), "there are some"
