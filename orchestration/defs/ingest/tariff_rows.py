"""Rows of tariffs: each distinct tariff text is parsed once, its content stored once."""

from collections.abc import Iterable
from typing import Any

import duckdb

from orchestration.defs.ingest.tariff import Tariff
from orchestration.defs.ingest.text_table import create_text_table

_BODIES = ("tariff_no", "tariff_body", "currency", "min_price_excl_tax", "min_price_incl_tax", "max_price_excl_tax",
           "max_price_incl_tax", "tax_included", "problems", "price_body", "tax_body")  # fmt: skip
_ELEMENTS = ("tariff_no", "element_no", "start_minute", "end_minute", "start_date", "end_date", "day_mask", "min_kwh",
             "max_kwh", "min_current", "max_current", "min_power", "max_power", "min_duration_seconds",
             "max_duration_seconds", "reservation", "restrictions_text")  # fmt: skip
_COMPONENTS = ("tariff_no", "element_no", "component_no", "dimension", "price", "tax_percent", "step_size",
               "price_round_granularity", "price_round_rule", "step_round_granularity", "step_round_rule")  # fmt: skip


def store_bodies(connection: duckdb.DuckDBPyConnection, tariffs: Iterable[Tariff]) -> None:
    """Add the content of tariffs that the warehouse does not hold yet to the raw_tariff_* tables."""
    distinct = {tariff.number: tariff for tariff in tariffs}
    if not distinct:
        return
    known = connection.execute("select tariff_no from ingest.raw_tariff_bodies").fetchall()
    for (number,) in known:
        distinct.pop(number, None)
    new = list(distinct.values())
    if not new:
        return
    insert(connection, "raw_tariff_bodies", _BODIES, [_body_row(tariff) for tariff in new])
    elements = [
        (tariff.number, place, *(getattr(element, name) for name in _ELEMENTS[2:]))
        for tariff in new
        for place, element in enumerate(tariff.elements, start=1)
    ]
    insert(connection, "raw_tariff_elements", _ELEMENTS, elements)
    components = [
        (tariff.number, element_no, component_no, *(getattr(component, name) for name in _COMPONENTS[3:]))
        for tariff in new
        for element_no, element in enumerate(tariff.elements, start=1)
        for component_no, component in enumerate(element.components, start=1)
    ]
    insert(connection, "raw_tariff_components", _COMPONENTS, components)


def _body_row(tariff: Tariff) -> tuple[Any, ...]:
    return (
        tariff.number,
        tariff.body,
        tariff.currency,
        tariff.min_price_excl_tax,
        tariff.min_price_incl_tax,
        tariff.max_price_excl_tax,
        tariff.max_price_incl_tax,
        tariff.tax_included,
        "; ".join(tariff.problems) or None,
        tariff.price_body,
        tariff.tax_body,
    )


def insert(
    connection: duckdb.DuckDBPyConnection, table: str, columns: tuple[str, ...], rows: list[tuple[Any, ...]]
) -> None:
    """Insert rows into ingest.<table>. Values travel as text: a frame would turn a decimal with a null into a float."""
    if not rows:
        return
    create_text_table(
        connection,
        "rows_to_insert",
        {name: [None if row[at] is None else str(row[at]) for row in rows] for at, name in enumerate(columns)},
    )
    names = ", ".join(columns)
    connection.execute(f"insert into ingest.{table} ({names}) select {names} from rows_to_insert")  # noqa: S608 - own names
    connection.execute("drop table temp.rows_to_insert")
