"""Claims that a wrong reading of the tariff explains are told by its name, on both sides of the tolerance."""

from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import duckdb
import pytest

from tests.raw_rows import TAXED, World, at
from tests.reconcile.priced_world import (
    BANDS,
    CHEAPER,
    DEAR,
    NEARLY,
    NEARLY_APART,
    SAME_BANDS,
    STEPPED,
    WITH_MAX,
    WITH_MIN,
    build,
    session,
)

TOTAL = "PRICE_TOTAL_DIFF"


def periods(*started: tuple[str, str]) -> dict[str, Any]:
    return {"periods": [{"started_at": at(start), "energy_kwh": Decimal(kwh)} for start, kwh in started]}


def in_registry(name: str, tariffs: list[dict[str, Any]]) -> dict[str, Any]:
    """A session of the party whose contract prices by the registry; DEAR is in force there."""
    return {"cpo_party": "NL/REG", "file_seq": 2, "tariffs": tariffs,
            "periods": [{"started_at": at("10T09:00"), "energy_kwh": 10, "tariff_id": "OUT"}]}  # fmt: skip


def cites(number: int) -> list[dict[str, Any]]:
    return [{"tariff_id": "OUT", "tariff_no": number}]


EIGHTHS = periods(*((f"10T09:{7 * number:02}", "1.25") for number in range(8)))
TWO = periods(("10T09:00", "4.3"), ("10T09:30", "5.2"))
BEFORE_TEN = {"started_at": at("10T08:30"), "ended_at": at("10T09:30")}
# name: claim, tariff, bends, what gate 2 finds.
CASES: dict[str, tuple[str | None, int, dict[str, Any], list[str]]] = {
    "right": ("5.00", BANDS, {}, []),
    "in-utc": ("2.02", BANDS, {}, ["PRICE_BAND_IN_UTC", TOTAL]),
    "not-in-utc": ("2.0201", BANDS, {}, [TOTAL]),
    "later": ("4.02", BANDS, {}, ["PRICE_ELEMENT_ORDER", TOTAL]),
    "not-later": ("4.0201", BANDS, {}, [TOTAL]),
    "steps": ("3.32", STEPPED, {**TWO, "energy_kwh": Decimal("9.5")}, ["PRICE_STEP_PER_PERIOD", TOTAL]),
    "not-steps": ("3.3201", STEPPED, {**TWO, "energy_kwh": Decimal("9.5")}, [TOTAL]),
    "line-up": ("3.04", TAXED, EIGHTHS, ["PRICE_IN_RANGE", "PRICE_ROUNDING_STAGE"]),
    "line-down": ("2.9649", TAXED, EIGHTHS, ["PRICE_ROUNDING_STAGE", TOTAL]),
    "not-down": ("2.9651", TAXED, EIGHTHS, [TOTAL]),
    "outdated": ("4.00", DEAR, in_registry("outdated", cites(CHEAPER)), ["TARIFF_CLAIMED_VS_FORCE", TOTAL]),
    "old-price": ("4.00", DEAR, in_registry("old-price", []), ["TARIFF_CLAIMED_VS_FORCE", TOTAL]),
    "cited-only": ("5.00", DEAR, in_registry("cited-only", cites(CHEAPER)), ["TARIFF_CLAIMED_VS_FORCE"]),
    "cited-same": ("5.00", DEAR, in_registry("cited-same", cites(NEARLY)), []),
    "cited-apart": ("5.00", DEAR, in_registry("cited-apart", cites(NEARLY_APART)), ["TARIFF_CLAIMED_VS_FORCE"]),
    "uncut": ("2.00", BANDS, {**BEFORE_TEN, **periods(("10T08:30", "10"))}, ["PERIOD_TOU_MISSING"]),
    "cut": ("3.50", BANDS, {**BEFORE_TEN, **periods(("10T08:30", "5"), ("10T09:00", "5"))}, []),
    "uncut-even": ("3.00", SAME_BANDS, {**BEFORE_TEN, **periods(("10T08:30", "10"))}, ["PERIOD_TOU_MISSING"]),
    "no-min-net": ("3.01", WITH_MIN, {}, ["PRICE_MIN_MISAPPLIED", TOTAL]),
    "not-min-net": ("3.0101", WITH_MIN, {}, [TOTAL]),
    "no-min-gross": ("5.00", WITH_MIN, {"claimed_incl_tax": Decimal("3.64")}, ["PRICE_MIN_MISAPPLIED"]),
    "not-min-gross": ("5.00", WITH_MIN, {"claimed_incl_tax": Decimal("3.6401")}, []),
    "no-max-gross": ("2.00", WITH_MAX, {"claimed_incl_tax": Decimal("3.62")}, ["PRICE_MAX_MISAPPLIED"]),
    "not-max-gross": ("2.00", WITH_MAX, {"claimed_incl_tax": Decimal("3.6199")}, []),
    "no-claim": (None, BANDS, {}, []),
}


def fill(world: World) -> None:
    for number, window in ((CHEAPER, {"valid_to": at("10T00:00")}), (DEAR, {"valid_from": at("10T00:00")})):
        world.tariff("OUT", number, **window)
    for name, (claim, tariff_no, bend, _) in CASES.items():
        session(world, name, claim, tariff_no, **bend)
    world.insert("raw_contract_rules", partner="emo", contract_version="emo-1", rule_id="SEQ_GAP", severity="hold")
    for file_seq, (source, number) in enumerate(
        [(s, n) for s in ("emo", "strict", "hub") for n in (1, 2, 4)], start=50
    ):
        world.file(file_seq, source, file_name=f"batch-{number}.json")


@pytest.fixture(scope="module")
def judged(tmp_path_factory: pytest.TempPathFactory) -> Iterator[duckdb.DuckDBPyConnection]:
    connection = build(tmp_path_factory.mktemp("claims"), fill)
    yield connection
    connection.close()


@pytest.mark.parametrize("name", CASES)
def test_a_claim_is_told_by_its_mistake(judged: duckdb.DuckDBPyConnection, name: str) -> None:
    found = judged.execute(
        "select rule_id from reconcile.gate_findings where cdr_key like '%|' || ? order by all", [name]
    ).fetchall()
    assert [rule_id for (rule_id,) in found] == sorted(CASES[name][3])


def test_the_mistake_is_the_root_and_the_difference_its_consequence(judged: duckdb.DuckDBPyConnection) -> None:
    unrooted = judged.execute(
        "select cdr_key, rule_id from reconcile.gate_findings as found where rule_id in ('PRICE_TOTAL_DIFF',"
        " 'PRICE_IN_RANGE') and caused_by is null and exists (select 1 from reconcile.gate_findings as other"
        " where other.cdr_key = found.cdr_key and other.rule_id <> found.rule_id)"
    ).fetchall()
    assert unrooted == []


def test_a_cut_that_moves_the_price_holds_and_one_that_does_not_warns(judged: duckdb.DuckDBPyConnection) -> None:
    severities = judged.execute(
        "select split_part(cdr_key, '|', 2), severity from reconcile.gate_findings"
        " where rule_id = 'PERIOD_TOU_MISSING' order by all"
    ).fetchall()
    assert severities == [("uncut", "hold"), ("uncut-even", "warn")]


def test_both_prices_are_shown_and_the_one_in_force_is_expected(judged: duckdb.DuckDBPyConnection) -> None:
    assert judged.execute(
        "select observed, expected from reconcile.gate_findings where cdr_key = 'nl/reg|outdated'"
        " and rule_id = 'TARIFF_CLAIMED_VS_FORCE'"
    ).fetchall() == [("4.0000 EUR under the version cited", "5.0000 EUR under the version in force")]
    assert judged.execute(
        "select expected_excl_tax from reconcile.expected_prices where cdr_key = 'nl/reg|outdated'"
    ).fetchall() == [(Decimal(5),)]


def test_a_gap_in_a_series_is_as_grave_as_the_contract_of_its_sender_says(judged: duckdb.DuckDBPyConnection) -> None:
    assert judged.execute(
        "select subject_id, severity from reconcile.gate_findings where rule_id = 'SEQ_GAP' order by all"
    ).fetchall() == [("emo/cdrs/batch-4.json", "hold"), ("hub/cdrs/batch-4.json", "warn"),
                     ("strict/cdrs/batch-4.json", "warn")]  # fmt: skip


def test_only_doubted_sessions_are_priced_again(judged: duckdb.DuckDBPyConnection) -> None:
    again = {key.split("|")[1] for (key,) in judged.execute("select cdr_key from reconcile.repriced_claims").fetchall()}
    assert again & {"right", "no-claim", "cut", "uncut-even"} == set()
    assert "cited-same" in again
