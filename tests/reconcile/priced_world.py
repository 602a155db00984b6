"""Sessions from raw rows through gate 1, the pricing models and gate 2, with the claims that each test gives them."""

from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb

from orchestration.dbt import invoke
from orchestration.defs.reconcile.repricing import reprice_doubted
from orchestration.gate import run_gate
from orchestration.gate_asset import suite_paths
from tests.raw_rows import World, new_world

Bend = dict[str, Any]
# Tariffs of this place, beside those of raw_rows: elements as (first minute, end minute, price, step).
BANDS, STEPPED, CHEAPER, NEARLY, NEARLY_APART, SAME_BANDS, WITH_MIN, WITH_MAX, DEAR = range(20, 29)
AFTER_GATE = ("source:reconcile.gate_findings+", "source:reconcile.gate_verdicts+")
Element = tuple[int | None, int | None, str, int]
TARIFFS: dict[int, tuple[list[Element], Bend]] = {
    # At 09:00 UTC it is ten o'clock in Amsterdam: the first element; read in UTC the second one; the last is later.
    BANDS: ([(600, 840, "0.50", 1), (540, 600, "0.20", 1), (None, None, "0.40", 1)], {}),
    STEPPED: ([(None, None, "0.30", 1000)], {}),
    CHEAPER: ([(None, None, "0.40", 1)], {}),
    NEARLY: ([(None, None, "0.501", 1)], {}),
    NEARLY_APART: ([(None, None, "0.5011", 1)], {}),
    SAME_BANDS: ([(None, 600, "0.30", 1), (600, None, "0.30", 1)], {}),
    WITH_MIN: ([(None, None, "0.30", 1)], {"min_price_excl_tax": 5}),
    WITH_MAX: ([(None, None, "0.30", 1)], {"max_price_excl_tax": 2}),
    DEAR: ([(None, None, "0.50", 1)], {}),
}


def build(folder: Path, fill: Callable[[World], None]) -> duckdb.DuckDBPyConnection:
    """The warehouse after both gates; `fill` adds the sessions."""
    path, world = new_world(folder)
    for number, (elements, body) in TARIFFS.items():
        world.insert("raw_tariff_bodies", tariff_no=number, tariff_body=f"body{number}", currency="EUR", **body)
        for element_no, (start, end, price, step) in enumerate(elements, start=1):
            world.insert("raw_tariff_elements", tariff_no=number, element_no=element_no, start_minute=start,
                         end_minute=end)  # fmt: skip
            world.insert("raw_tariff_components", tariff_no=number, element_no=element_no, component_no=1,
                         dimension="ENERGY", price=price, tax_percent=21, step_size=step)  # fmt: skip
    fill(world)
    world.finish()
    world.connection.close()
    invoke(["run", "--select", "group:ingest", "group:inspect"], path)
    connection = duckdb.connect(str(path))
    connection.execute("set TimeZone = 'UTC'")
    run_gate(connection, "inspect", suite_paths("inspect"))
    connection.close()
    judge(path)
    connection = duckdb.connect(str(path))
    connection.execute("set TimeZone = 'UTC'")
    return connection


def judge(path: Path) -> None:
    """Price the keys in work and run gate 2 over them."""
    later = "source:reconcile.repriced_claims+"
    invoke(["run", "--select", "group:rate", "group:reconcile", "--exclude", later, *AFTER_GATE], path)
    connection = duckdb.connect(str(path))
    connection.execute("set TimeZone = 'UTC'")
    reprice_doubted(connection)
    connection.close()
    invoke(["run", "--select", f"{later},group:reconcile", "--exclude", *AFTER_GATE], path)
    connection = duckdb.connect(str(path))
    connection.execute("set TimeZone = 'UTC'")
    run_gate(connection, "reconcile", suite_paths("reconcile"))
    connection.close()


def session(world: World, name: str, claim: str | None, tariff_no: int, **bend: Any) -> str:
    """10 kWh from 09:00 to 10:00 UTC on the tenth, in Amsterdam, under an embedded tariff."""
    world.connector(f"EV-{name}")
    world.token(f"TOK-{name}")
    net = None if claim is None else Decimal(claim)
    given = {"tariffs": [{"tariff_no": tariff_no}], "claimed_excl_tax": net,
             "claimed_incl_tax": None if net is None else net * Decimal("1.21")}  # fmt: skip
    return world.cdr(name, **(given | bend))
