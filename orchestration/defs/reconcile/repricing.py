"""Doubted claims priced once more, under wrong readings, by the models that priced them: reconcile.repriced_claims.

The compiled pricing models run in memory over the few sessions in reconcile.doubted_claims; without one nothing runs.
What does not belong here: which readings are tried (doubted_claims), what one tells (wrong_readings), any pricing.
"""

# ruff: noqa: S608 - names of our own.

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import dagster as dg
import duckdb

from orchestration.engine.compile import STAGE, read_engine
from orchestration.gate_asset import OWNERS
from orchestration.warehouse import DATABASE, open_warehouse

INPUTS_SQL = Path(__file__).with_name("repricing.sql")
_TARGET = "repricing"
_LAST = "price_totals"
# Lines are for people, and nothing that gives a total reads them.
_NOT_NEEDED = ("price_lines",)


@dg.asset(
    key=["reconcile", "repriced_claims"],
    deps=[["reconcile", "doubted_claims"], ["inspect", "work"], ["rate", "price_totals"]],
    group_name="reconcile",
    kinds={"duckdb"},
    owners=[OWNERS["reconcile"]],
    description="One row per CDR, wrong reading, variant and allowed reading within it: what the session would cost.",
)
def repriced_claims(settlement: dg.ResourceParam[Any]) -> dg.MaterializeResult[None]:
    with open_warehouse(settlement.home.warehouse) as connection:
        count = reprice_doubted(connection)
    return dg.MaterializeResult(metadata={"dagster/row_count": count})


def reprice_doubted(connection: duckdb.DuckDBPyConnection) -> int:
    """Replace the rows of the keys in work. Returns how many prices were worked out."""
    connection.execute("delete from reconcile.repriced_claims where cdr_key in (select cdr_key from inspect.work)")
    if connection.execute("select 1 from reconcile.doubted_claims limit 1").fetchone() is None:
        return 0
    connection.execute(f"attach ':memory:' as {_TARGET}")
    try:
        connection.execute(INPUTS_SQL.read_text())
        for statement in _pricing():
            connection.execute(statement)
        row = connection.execute(
            "insert into reconcile.repriced_claims by name"
            " select jobs.cdr_key, jobs.reading, jobs.variant, prices.reading as other_reading,"
            f" prices.total_excl_tax from {_TARGET}.rate.price_totals as prices"
            f" inner join {_TARGET}.jobs as jobs on prices.cdr_key = jobs.job_key"
            " where prices.is_allowed and prices.is_priced and prices.total_excl_tax is not null"
            " order by all"
        ).fetchone()
    finally:
        connection.execute(f"detach {_TARGET}")
    return 0 if row is None else int(row[0])


def _pricing() -> Iterator[str]:
    """The models of the stage up to the totals, over the tables in memory."""
    for step, sql in read_engine():
        if step.schema != STAGE or step.name in _NOT_NEEDED:
            continue
        moved = sql.replace(f'"{DATABASE}".', f'"{_TARGET}".')
        yield f"create {step.kind} {_TARGET}.{step.schema}.{step.name} as {moved}"
        if step.name == _LAST:
            return
