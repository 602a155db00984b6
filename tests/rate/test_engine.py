"""The SQL that `evsettle price` ships is the dbt project's own, and its totals are the sums of its lines."""

from decimal import Decimal

from orchestration.engine.compile import ENGINE_DIR, MODELS_DIR, compiled_engine
from tests.rate.sessions import answers
from tests.rate.test_oracle import batch_of

PARTS = ("total_fixed_cost", "total_energy_cost", "total_time_cost", "total_parking_cost", "total_reservation_cost")


def test_the_shipped_sql_is_what_the_project_compiles_to() -> None:
    expected = compiled_engine()
    stale = [name for name, content in expected.items()
             if not (ENGINE_DIR / name).exists() or (ENGINE_DIR / name).read_text() != content]  # fmt: skip
    assert not stale, "Run `make engine` and commit what it writes."
    assert {f"models/{path.name}" for path in MODELS_DIR.glob("*.sql")} == set(expected) - {"order.json"}


def test_parts_and_limits_add_up_to_the_total_and_lines_to_both() -> None:
    cdrs, zone = batch_of(7, 200)
    cent = Decimal("0.0006")  # 5 parts and a limit, each shown with 4 decimals
    for answer in answers(cdrs, time_zone=zone):
        if answer["total_cost"] is None:
            continue
        for side in ("excl_vat", "incl_vat"):
            total = answer["total_cost"][side]
            amounts = [line[side] for line in answer["lines"]]
            assert (total is None) == (None in amounts)
            if total is None:
                continue
            assert round(sum(map(Decimal, amounts)), 4) == Decimal(total) or abs(
                sum(map(Decimal, amounts)) - Decimal(total)
            ) <= Decimal("0.00005")
            limits = sum(Decimal(line[side]) for line in answer["lines"] if line["dimension"] == "LIMIT")
            assert abs(sum(Decimal(answer[part][side]) for part in PARTS) + limits - Decimal(total)) <= cent
