"""What stands on a statement, read from the warehouse into plain values.

What does not belong here: file formats (statement_csv, statement_xlsx) and folders (statement_files).
"""

import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from itertools import groupby
from operator import itemgetter
from typing import Any

import duckdb

from orchestration.defs.settle.statement_texts import TextLine, of_rows, with_texts

# The columns of a line as partners see them. Money and energy are decimals, times ISO 8601 in UTC, all else text.
# A discount is shown beside the price that it is taken off and never added again.
COLUMNS = (
    "line_no",
    "kind",
    "cdr_id",
    "emsp_party",
    "cpo_party",
    "started_at",
    "ended_at",
    "location_id",
    "evse_uid",
    "connector_id",
    "tariff_id",
    "state",
    "adjustment",
    "energy_kwh",
    "claimed_excl_tax",
    "rated_excl_tax",
    "discount_excl_tax",
    "expected_excl_tax",
    "amount_excl_tax",
    "tax",
    "amount_incl_tax",
    "currency",
    "corrects",
    "session_currency",
    "session_excl_tax",
    "fx_rate",
    "fx_rate_on",
    "fx_source",
    "term",
    "contract_version",
    "quantity",
)

# The columns of a step of the waterfall.
STEP_COLUMNS = ("step", "sessions", "sessions_unknown_amount", "energy_kwh", "amount_excl_tax")

# The columns of an exchange: what was settled in another currency, by one rate of one day.
EXCHANGE_COLUMNS = (
    "session_currency", "lines", "session_excl_tax", "fx_rate", "fx_rate_on", "fx_source", "amount_excl_tax",
    "currency",
)  # fmt: skip

_LINES = """
    select
        lines.statement_id, lines.line_no, lines.kind, cdrs.cdr_id, cdrs.emsp_party, cdrs.cpo_party,
        strftime(timezone('UTC', coalesce(cdrs.settled_started_at, cdrs.started_at)), '%Y-%m-%dT%H:%M:%SZ')
            as started_at,
        strftime(timezone('UTC', coalesce(cdrs.settled_ended_at, cdrs.ended_at)), '%Y-%m-%dT%H:%M:%SZ')
            as ended_at,
        cdrs.location_id, cdrs.evse_uid, cdrs.connector_id, cdrs.tariff_id, cdrs.state,
        cdrs.adjustment_reason as adjustment,
        lines.energy_kwh, cdrs.claimed_excl_tax, cdrs.rated_excl_tax, cdrs.discount_excl_tax, cdrs.expected_excl_tax,
        lines.amount_excl_tax, lines.tax, lines.amount_incl_tax, lines.currency, lines.corrects,
        lines.session_currency, lines.session_excl_tax, lines.fx_rate, cast(lines.fx_rate_on as varchar) as fx_rate_on,
        lines.fx_source, lines.term, lines.contract_version, lines.quantity
    from settle.statement_lines as lines
    left join settle.cdr_outcomes as cdrs on lines.cdr_key = cdrs.cdr_key
    where list_contains(?, lines.statement_id)
"""

# As the fingerprints of a warehouse: fast, whatever the order, and another for other lines.
_FINGERPRINTS = f"""
    select statement_id, count(*) || ':' || sum(hash(lines))
    from ({_LINES}) as lines
    group by statement_id
"""  # noqa: S608 - our own columns

_HEADS = """
    select
        statement_id, partner, period, direction, currency, status, sessions, energy_kwh, amount_excl_tax, tax,
        amount_incl_tax, adjustment_no
    from settle.statements
    where (? = '' or period = ?) and (? = '' or partner = ?)
    order by statement_id
"""

_STEPS = """
    select period, partner, direction, currency, step, sessions, sessions_unknown_amount, energy_kwh, amount_excl_tax
    from settle.waterfall
    where (? = '' or period = ?) and (? = '' or partner = ?)
    order by period, partner, direction, currency, step_no
"""

_ROWS_AT_A_TIME = 20_000

Cell = str | int | Decimal | None
Line = Sequence[Cell] | TextLine


@dataclass(frozen=True, slots=True)
class Statement:
    """One statement: its head, its lines in their order and the steps of its waterfall.

    lines: the values of COLUMNS, or the row of each file. totals: sessions, energy_kwh, amount_excl_tax, tax,
    amount_incl_tax. steps: step, sessions, sessions of unknown amount, kWh, net amount.
    """

    statement_id: str
    partner: str
    period: str
    direction: str
    currency: str
    status: str
    totals: Mapping[str, Cell]
    lines: Sequence[Line]
    steps: Sequence[Sequence[Cell]]


def read_heads(connection: duckdb.DuckDBPyConnection, period: str = "", partner: str = "") -> list[Statement]:
    """The statements of a period and partner ('' for all) without their lines. Reads schema settle only."""
    where = [period, period, partner, partner]
    steps: dict[tuple[str, ...], list[list[Cell]]] = {}
    for period_, partner_, direction, currency, *cells in connection.execute(_STEPS, where).fetchall():
        steps.setdefault((period_, partner_, direction, currency), []).append(cells)
    found = []
    for head in connection.execute(_HEADS, where).fetchall():
        statement_id, partner_, period_, direction, currency, status, *totals, adjustment_no = head
        names = ("sessions", "energy_kwh", "amount_excl_tax", "tax", "amount_incl_tax")
        found.append(
            Statement(
                statement_id=statement_id,
                partner=partner_,
                period=period_,
                direction=direction,
                currency=currency,
                status=status,
                totals=dict(zip(names, totals, strict=True)),
                lines=(),
                # No record of this period leads to an adjustment run: it has no waterfall.
                steps=[] if adjustment_no else steps.get((period_, partner_, direction, currency), []),
            )
        )
    return found


def with_lines(connection: duckdb.DuckDBPyConnection, heads: Sequence[Statement]) -> Iterator[Statement]:
    """These statements with their lines in order, one after another: only one is in memory at a time."""
    by_id = {head.statement_id: head for head in heads}
    if not by_id:
        return
    kinds = {name: kind for name, kind, *_ in connection.execute(f"describe {_LINES}", [[]]).fetchall()}
    del kinds["statement_id"]
    cursor = connection.execute(with_texts(_LINES, kinds), [list(by_id)])
    for statement_id, rows in groupby(_fetched(cursor), key=itemgetter(0)):
        yield replace(by_id.pop(statement_id), lines=of_rows(rows))
    yield from by_id.values()


def content_hashes(connection: duckdb.DuckDBPyConnection, heads: Sequence[Statement]) -> dict[str, str]:
    """What tells whether anything that stands on each of these statements has changed, by its id."""
    rows = connection.execute(_FINGERPRINTS, [[head.statement_id for head in heads]]).fetchall()
    by_lines: dict[str, str] = dict(rows)
    return {head.statement_id: _content_hash(head, by_lines.get(head.statement_id)) for head in heads}


def _content_hash(head: Statement, lines: str | None) -> str:
    known = [getattr(head, name) for name in Statement.__slots__ if name != "lines"]
    return hashlib.sha256(json.dumps([duckdb.__version__, *known, lines], default=str).encode()).hexdigest()


def _fetched(cursor: duckdb.DuckDBPyConnection) -> Iterator[tuple[Any, ...]]:
    while rows := cursor.fetchmany(_ROWS_AT_A_TIME):
        yield from rows


def exchanges(statement: Statement) -> list[list[Cell]]:
    """What was exchanged, in EXCHANGE_COLUMNS: a row for each rate, and one for each currency that has several."""
    at = {name: COLUMNS.index(name) for name in (*EXCHANGE_COLUMNS, "currency") if name in COLUMNS}
    sums: dict[tuple[Cell, ...], list[Decimal]] = {}
    for line in statement.lines:
        if isinstance(line, TextLine):
            continue
        theirs, ours = line[at["session_excl_tax"]], line[at["amount_excl_tax"]]
        if line[at["session_currency"]] is None or not isinstance(theirs, Decimal) or not isinstance(ours, Decimal):
            continue
        key = tuple(line[at[name]] for name in ("session_currency", "fx_source", "fx_rate_on", "fx_rate"))
        known = sums.setdefault(key, [Decimal(0), Decimal(0), Decimal(0)])
        sums[key] = [known[0] + 1, known[1] + theirs, known[2] + ours]
    rows: list[list[Cell]] = []
    ordered = sorted(sums, key=lambda key: tuple(str(part) for part in key))
    for currency, keys in groupby(ordered, key=itemgetter(0)):
        mine = list(keys)
        rows += [_exchange(statement, key, [sums[key]]) for key in mine]
        if len(mine) > 1:
            rows.append(_exchange(statement, (currency, None, None, None), [sums[key] for key in mine]))
    return rows


def _exchange(statement: Statement, key: tuple[Cell, ...], sums: Sequence[Sequence[Decimal]]) -> list[Cell]:
    currency, source, day, rate = key
    lines, theirs, ours = (sum(values, Decimal(0)) for values in zip(*sums, strict=True))
    return [currency, int(lines), theirs, rate, day, source, ours, statement.currency]


def exact(value: Decimal, decimals: int = 2) -> str:
    """A decimal in plain digits without trailing zeros, at least so many decimals kept: 7.99, 5.50, 0.3350."""
    whole, _, fraction = f"{value:f}".partition(".")
    return whole + "." + fraction.rstrip("0").ljust(decimals, "0") if fraction.rstrip("0") or decimals else whole
