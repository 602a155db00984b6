"""A past period priced again under draft tariffs, by the models that a run uses.

The sessions and all that their prices depend on are copied from the warehouse into memory, and the compiled models
run over them twice: as things stand, and with the drafts in place of the tariffs they would replace. Nothing of the
home is written. What does not belong here: any pricing, and how the result is shown (repricing_page, the command).
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb

from orchestration.defs.ingest.tariff import Tariff
from orchestration.defs.ingest.tariff_rows import store_bodies
from orchestration.engine.compile import read_engine
from orchestration.facts.home import Home
from orchestration.published import quoted
from orchestration.warehouse import open_in_memory

COMPARED_SQL = Path(__file__).parent / "repricing.sql"
# Tables of CDR records, of which only those in scope are copied; the others are copied whole.
_OF_CDRS = ("raw_records", "raw_cdrs", "raw_charging_periods", "raw_cdr_tariffs", "raw_date_readings",
            "raw_content_hashes")  # fmt: skip
# Nothing that prices reads these.
_NOT_NEEDED = (
    "raw_ledger",
    "raw_cdr_history",
    "raw_finding_history",
    "raw_recorded_accruals",
    "raw_closed_months",
    "raw_touched",
    "raw_loaded",
)
_LATE = 2**62

Advance = Callable[[str], None]


class RepricingError(Exception):
    """The period cannot be priced again; one sentence with the remedy."""


@dataclass(frozen=True, slots=True)
class Draft:
    """A tariff and the id of the tariff whose place it takes, of one party."""

    tariff: Tariff
    party: str
    replaces: str


@dataclass(frozen=True, slots=True)
class Scope:
    """Which sessions: of a service period (2026-10 also means its halves), started in a span (end exclusive)."""

    period: str | None = None
    from_time: datetime | None = None
    to_time: datetime | None = None
    partner: str | None = None


@dataclass(frozen=True, slots=True)
class Group:
    """Sums over the priced sessions of one group and currency, net of tax, exact; lowest and highest of one session."""

    names: tuple[str, ...]
    currency: str
    sessions: int
    changed: int
    unpriced: int
    energy_kwh: Decimal
    now_excl_tax: Decimal
    draft_excl_tax: Decimal
    difference: Decimal
    lowest: Decimal
    highest: Decimal


class Repricing:
    """What came out: queries over the sessions side by side."""

    def __init__(self, connection: duckdb.DuckDBPyConnection) -> None:
        self._connection = connection

    def groups(self, *columns: str) -> list[Group]:
        """Sums by columns of the comparison (partner, direction, site, local_hour …) and currency; none: the total."""
        names = "".join(f"coalesce(cast({column} as varchar), 'unknown'), " for column in columns)
        order = ", ".join([*columns, "currency"])
        rows = self._connection.execute(
            f"select {names} currency, count(*), count(*) filter (difference <> 0),"  # noqa: S608 - our own names
            " count(*) filter (difference is null), coalesce(sum(energy_kwh) filter (difference is not null), 0),"
            " coalesce(sum(now_excl_tax) filter (difference is not null), 0),"
            " coalesce(sum(draft_excl_tax) filter (difference is not null), 0), coalesce(sum(difference), 0),"
            " coalesce(min(difference), 0), coalesce(max(difference), 0)"
            f" from compared group by {order} order by {order}"
        ).fetchall()
        width = len(columns)
        return [Group(tuple(str(name) for name in row[:width]), *row[width:]) for row in rows]

    def sessions(self) -> Iterator[dict[str, Any]]:
        """Every session with both prices and the exact difference; null where one of them is not known."""
        found = self._connection.execute("select * from compared order by started_at, cdr_key")
        names = [column[0] for column in found.description]
        while rows := found.fetchmany(10_000):
            for row in rows:
                yield dict(zip(names, row, strict=True))

    def problems(self) -> list[tuple[str, int]]:
        """Why sessions have no price under the draft: rule and number of sessions."""
        return self._connection.execute(
            "select problems.rule_id, count(distinct problems.cdr_key) from rate.price_problems as problems"
            " inner join compared on problems.cdr_key = compared.cdr_key where compared.draft_excl_tax is null"
            " group by problems.rule_id order by problems.rule_id"
        ).fetchall()

    def differs_from_the_run(self) -> int:
        """Sessions whose price as things stand is another than the last run's: what has happened since it."""
        row = self._connection.execute(
            "select count(*) from compared inner join scope on compared.cdr_key = scope.cdr_key"
            " where compared.now_excl_tax is distinct from scope.expected_excl_tax"
        ).fetchone()
        return 0 if row is None else int(row[0])


@contextmanager
def reprice(home: Home, drafts: Sequence[Draft], scope: Scope, advance: Advance) -> Iterator[Repricing]:
    """Price the sessions of a scope that use the drafts' tariffs. `advance` is called before each of `steps()` steps.

    Raises RepricingError when the warehouse is not there or in use, or no session used such a tariff.
    """
    with open_in_memory() as connection:
        advance("copying the sessions")
        _attach(connection, home)
        _find_scope(connection, drafts, scope)
        _copy(connection)
        connection.execute("insert into ingest.raw_touched by name select 'everything' as kind, '' as id, '' as reason")
        for name in _run_models(connection):
            advance(f"as things stand: {name}")
        connection.execute("create temp table now_prices as select * from reconcile.expected_prices")
        _put_in_place(connection, drafts)
        for name in _run_models(connection):
            advance(f"under the draft: {name}")
        connection.execute(COMPARED_SQL.read_text())
        yield Repricing(connection)


def steps() -> int:
    """How often reprice calls advance."""
    return 1 + 2 * len(read_engine("reconcile"))


def _attach(connection: duckdb.DuckDBPyConnection, home: Home) -> None:
    place = home.relative(home.warehouse)
    if not home.warehouse.exists():
        raise RepricingError(
            f"{place} is not there: `evsettle run` prices what has been taken in, simulate afterwards."
        )
    try:
        connection.execute(f"attach '{quoted(home.warehouse)}' as home (read_only)")
    except duckdb.Error as error:
        raise RepricingError(f"{place} is in use by a run: simulate when it has ended.") from error


def _find_scope(connection: duckdb.DuckDBPyConnection, drafts: Sequence[Draft], scope: Scope) -> None:
    """Keys of the sessions that embed or name a tariff to be replaced, with what the last run made of them."""
    connection.execute("create temp table replaced (tariff_key varchar, party_key varchar)")
    connection.executemany(
        "insert into replaced values (lower(?), lower(?))", [(draft.replaces, draft.party) for draft in drafts]
    )
    connection.execute(
        """
        create temp table scope as
        with using_cdrs as (
            select distinct cdrs.cdr_key
            from home.ingest.raw_cdrs as cdrs
            inner join (
                select record_id, lower(tariff_id) as tariff_key from home.ingest.raw_cdr_tariffs
                union
                select record_id, lower(tariff_id) from home.ingest.raw_charging_periods where tariff_id is not null
            ) as uses on cdrs.record_id = uses.record_id
            inner join replaced
                on uses.tariff_key = replaced.tariff_key and lower(cdrs.cpo_party) = replaced.party_key
        )
        select outcomes.cdr_key, outcomes.partner, outcomes.direction, outcomes.state, outcomes.service_period,
            outcomes.period, outcomes.statement_id, statements.status as statement_status, outcomes.expected_excl_tax
        from home.settle.cdr_outcomes as outcomes
        inner join using_cdrs on outcomes.cdr_key = using_cdrs.cdr_key
        left join home.settle.statements as statements on outcomes.statement_id = statements.statement_id
        where ($period is null or outcomes.service_period = $period or starts_with(outcomes.service_period, $halves))
            and ($from_time is null or outcomes.started_at >= $from_time)
            and ($to_time is null or outcomes.started_at < $to_time)
            and ($partner is null or lower(outcomes.partner) = lower($partner))
        """,
        {
            "period": scope.period,
            "halves": f"{scope.period}-H",
            "from_time": scope.from_time,
            "to_time": scope.to_time,
            "partner": scope.partner,
        },
    )
    if connection.execute("select 1 from scope limit 1").fetchone() is None:
        names = ", ".join(draft.replaces for draft in drafts)
        raise RepricingError(
            f"No session of that time used {names}: name another --period or partner, or with --replaces the tariff "
            "whose place the draft would take."
        )


def _copy(connection: duckdb.DuckDBPyConnection) -> None:
    """Raw tables into memory: of CDRs every revision of the keys in scope, of all else everything."""
    connection.execute(
        "create temp table scope_records as select record_id from home.ingest.raw_cdrs"
        " where cdr_key in (select cdr_key from scope)"
    )
    tables = connection.execute(
        "select table_name from duckdb_tables() where database_name = 'home' and schema_name = 'ingest'"
        " and starts_with(table_name, 'raw_')"
    ).fetchall()
    for (table,) in sorted(tables):
        if table in _NOT_NEEDED:
            continue
        what = "* replace (null as raw_text)" if table == "raw_records" else "*"
        where = "where record_id in (select record_id from scope_records)" if table in _OF_CDRS else ""
        connection.execute(f"insert into ingest.{table} by name select {what} from home.ingest.{table} {where}")  # noqa: S608 - own names


def _run_models(connection: duckdb.DuckDBPyConnection) -> Iterator[str]:
    """Run the models one by one, the name of each before it runs."""
    for step, sql in read_engine("reconcile"):
        yield step.name
        connection.execute(f"create or replace {step.kind} {step.schema}.{step.name} as {sql}")


def _put_in_place(connection: duckdb.DuckDBPyConnection, drafts: Sequence[Draft]) -> None:
    """Let each draft stand wherever its tariff stood: embedded in CDRs, and in the registry, approved, at all times."""
    store_bodies(connection, [draft.tariff for draft in drafts])
    for draft in drafts:
        key = [draft.replaces.lower(), draft.party.lower()]
        connection.execute(
            "update ingest.raw_cdr_tariffs set tariff_no = $3, tariff_type = $4, valid_from = null, valid_to = null"
            " where lower(tariff_id) = $1 and record_id in"
            " (select record_id from ingest.raw_cdrs where lower(cpo_party) = $2)",
            [*key, draft.tariff.number, draft.tariff.type],
        )
        connection.execute(
            "delete from ingest.raw_tariff_sightings where lower(tariff_id) = $1 and lower(cpo_party) = $2", key
        )
        connection.execute(
            "insert into ingest.raw_tariff_sightings by name select 1 as sighting_seq, 'own' as source,"
            " timestamptz '1970-01-01 00:00:00+00' as seen_at, true as is_opening, $2 as cpo_party,"
            " $1 as tariff_id, $3 as tariff_no, $4 as tariff_type",
            [draft.replaces, draft.party, draft.tariff.number, draft.tariff.type],
        )
        connection.execute(
            "insert into ingest.raw_decisions by name select $1 as seq, timestamptz '1970-01-01 00:00:00+00' as"
            " effective_at, 'tariff' as kind, 'tariff' as subject_kind, $2 as subject_id, $3 as value,"
            " 'a draft' as decided_by",
            [_LATE, f"{draft.party}:{draft.replaces}", draft.tariff.body],
        )
