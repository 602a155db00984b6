"""Times the settle models up to the journal on sessions that are rated already, by processor time.

    .venv/bin/python benchmarks/settling.py                        # 100,000 sessions of 200 partners
    .venv/bin/python benchmarks/settling.py --sessions 1000000 --models

The tables of the stages before are written by hand, a month of every partner, and reconciled; the verdicts of the
gates are written too, because a gate is timed by stages.py. Then the models are run three times: the month as
drafts; with every period sealed, so that the journal has all of it; and again with one late record. Nothing is
asserted: figures depend on the machine. What rating the same number of sessions takes, rating.py says.
"""

# ruff: noqa: S608 - names of our own tables and columns; no value from outside.

import argparse
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import duckdb

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from stages import WORK, machine

from orchestration.dbt import invoke
from orchestration.defs.ingest.calendar import Calendar, billing_periods, local_days
from orchestration.warehouse import open_warehouse
from tests.settle.by_hand import UPSTREAM, Books

PARTNERS = 200
FLAGS = "+settle_flags,group:settle"
# The rows of settle that seals keep, with the period and partner that they are of.
FROZEN = {
    "outcomes": "select *, partner as frozen_partner, period as frozen_period from settle.cdr_outcomes"
    " where state <> 'held' and not is_sealed",
    "statements": "select *, partner as frozen_partner, period as frozen_period from settle.statements",
    "lines": "select lines.*, statements.partner as frozen_partner, statements.period as frozen_period"
    " from settle.statement_lines as lines"
    " inner join settle.statements as statements on lines.statement_id = statements.statement_id",
}
JOURNAL = ("+journal_lines,group:settle", "+amounts_due,group:settle")


def main() -> None:
    """Parse the call and print one line a step."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sessions", type=int, default=100_000)
    parser.add_argument("--models", action="store_true", help="the wall time of the dearest models too")
    given = parser.parse_args()
    print(machine())
    folder = WORK / "settling"
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / "evsettle.duckdb"
    path.unlink(missing_ok=True)
    prepare(path, given.sessions)
    print(f"{given.sessions:,} sessions of {PARTNERS} partners | cpu s | wall s")
    settle(path, "drafts of the month", given.models)
    seal(path)
    settle(path, "every period sealed", given.models)
    with open_warehouse(path) as connection:
        arrive_late(connection)
    reconcile(path)
    settle(path, "one late record", given.models)


def prepare(path: Path, sessions: int) -> None:
    """A month of every partner before settle: one session of each by hand, the others like it."""
    books = Books(path)
    books.raw["raw_settlement_terms"] = []
    books.raw["raw_own_parties"] = [{"party": "NL/EVS", "role": "CPO", "country": "NL"}]
    books.raw["raw_tax_rules"] = [
        {"valid_from": "2026-01-01", "customer_country": "NL", "category": "S", "rate_percent": "21",
         "known_from": "2026-01-01 00:00:00+00"}
    ]  # fmt: skip
    for number in range(PARTNERS):
        partner = f"p{number:03}"
        books.raw["raw_settlement_terms"].append({"partner": partner, "contract_version": "v1"})
        books.session(f"nl/evs|{partner}", claim="10.25", rated="10.25", partner=partner)
    books.write()
    with open_warehouse(path) as connection:
        fill_calendar(connection)
        multiply(connection, sessions // PARTNERS)
    reconcile(path)


def fill_calendar(connection: duckdb.DuckDBPyConnection) -> None:
    """The decades of days and periods that every home has, where the books by hand have some months."""
    connection.execute("delete from ingest.raw_local_days")
    connection.executemany(
        "insert into ingest.raw_local_days values (?, ?, ?, ?)", local_days("Europe/Amsterdam", Calendar())
    )
    connection.execute("delete from ingest.raw_billing_periods")
    connection.executemany("insert into ingest.raw_billing_periods values (?, ?, ?, ?)", billing_periods())


def multiply(connection: duckdb.DuckDBPyConnection, times: int) -> None:
    """So many sessions for each that is there: other keys, numbers and positions, an amount of its own."""
    copies = f"range(1, {times}) as copies (n)"
    for table, columns in UPSTREAM.items():
        if "cdr_key" not in columns:
            continue
        changed = ["cdr_key || '-' || n as cdr_key"]
        changed += [f"record_id + n * {PARTNERS} as record_id"] * ("record_id" in columns)
        changed += [f"{name} + n % 977 * 0.01 as {name}" for name in columns if name in AMOUNTS]
        changed += [f"{name} || '-' || n as {name}" for name in ("session_id", "cdr_id", "evse_uid") if name in columns]
        connection.execute(
            f"insert into {table} select * exclude (n) replace ({', '.join(changed)}) from {table}, {copies}"
        )
    connection.execute(
        f"insert into inspect.gate_verdicts select * exclude (n) replace (cdr_key || '-' || n as cdr_key)"
        f" from inspect.gate_verdicts, {copies}"
    )
    for table in ("raw_records", "raw_cdrs"):
        key = ", cdr_key || '-' || n as cdr_key" if table == "raw_cdrs" else ""
        connection.execute(
            f"insert into ingest.{table} select * exclude (n) replace (record_id + n * {PARTNERS} as record_id,"
            f" position + n * {PARTNERS} as position{key}) from ingest.{table}, {copies}"
        )


AMOUNTS = {"claimed_excl_tax", "total_excl_tax", "energy_excl_tax", "min_excl_tax", "max_excl_tax", "amount_excl_tax"}


def reconcile(path: Path) -> None:
    """What settle reads of reconcile, every session through its gate."""
    ran = ("+sessions,group:ingest", "+invoice_lines,group:ingest", "+cdr_revisions,group:ingest", "raci")
    invoke(["run", "--select", "1+group:reconcile,group:ingest", "1+group:settle,group:ingest", *ran], path)
    after = ("cdrs_billable", "remedy_roots", "remedies")
    invoke(["run", "--select", "group:reconcile", "--exclude", *after], path)
    pass_gate(path, "reconcile")
    invoke(["run", "--select", *after], path)


def pass_gate(path: Path, gate: str) -> None:
    """A verdict for every session that has none at this gate."""
    with open_warehouse(path) as connection:
        connection.execute(f"delete from {gate}.gate_verdicts where cdr_key in (select cdr_key from inspect.work)")
        connection.execute(
            f"insert into {gate}.gate_verdicts select * replace ('{gate}' as gate) from inspect.gate_verdicts"
            f" where cdr_key in (select cdr_key from inspect.work)"
        )


def settle(path: Path, title: str, with_models: bool) -> None:
    """The models before the gate and after it, and what they took."""
    flags = timed(lambda: invoke(["run", "--select", FLAGS], path))
    pass_gate(path, "settle")
    rest = timed(lambda: invoke(["run", "--select", *JOURNAL, "--exclude", FLAGS], path))
    print(f"{title} | {flags[0] + rest[0]:.1f} | {flags[1] + rest[1]:.1f}", flush=True)
    with open_warehouse(path) as connection:
        (lines,) = connection.execute("select count(*) from settle.statement_lines").fetchone() or (0,)
        (journal,) = connection.execute("select count(*) from settle.journal_lines").fetchone() or (0,)
    print(f"  {lines:,} statement lines, {journal:,} journal lines", flush=True)
    if with_models:
        dearest = sorted([*flags[2], *rest[2]], key=lambda result: -result.execution_time)[:12]
        for result in dearest:
            print(f"  {result.node.name} {result.execution_time:.2f}", flush=True)


def timed(work: Callable[[], Sequence[Any]]) -> tuple[float, float, Sequence[Any]]:
    """Seconds of processor and wall time, and what it gave."""
    cpu, wall = time.process_time(), time.perf_counter()
    found = work()
    return time.process_time() - cpu, time.perf_counter() - wall, found


def seal(path: Path) -> None:
    """Every period is sealed as it stands, in the tables that a seal is read into; nothing is left to compute."""
    with open_warehouse(path) as connection:
        periods = connection.execute(
            "select distinct period, partner from settle.statements order by period, partner"
        ).fetchall()
        for seq, (period, partner) in enumerate(periods, start=1000):
            connection.execute(
                "insert into ingest.raw_seals (seal_seq, sealed_at, sealed_by, period, partner)"
                " values (?, timestamptz '2026-11-10 08:00:00+00', 'ann', ?, ?)",
                [seq, period, partner],
            )
        for table, rows in FROZEN.items():
            mine = connection.table(f"ingest.raw_sealed_{table}").columns
            connection.execute(f"create temp table frozen as {rows}")
            names = [name for name in connection.table("frozen").columns if name in mine and name != "seal_seq"]
            connection.execute(
                f"insert into ingest.raw_sealed_{table} (seal_seq, {', '.join(names)}) select seals.seal_seq,"
                f" {', '.join('frozen.' + name for name in names)} from frozen"
                " inner join ingest.raw_seals as seals on frozen.frozen_partner = seals.partner"
                " and frozen.frozen_period = seals.period"
            )
            connection.execute("drop table frozen")
        connection.execute("delete from inspect.work")
        connection.execute(
            "insert into ingest.raw_touched select 'outcome', cdr_key, 'sealed' from settle.cdr_outcomes"
        )


def arrive_late(connection: duckdb.DuckDBPyConnection) -> None:
    """One more session of the first partner."""
    connection.execute("delete from ingest.raw_touched")
    for table, columns in UPSTREAM.items():
        if "cdr_key" not in columns:
            continue
        changed = ["'nl/evs|late' as cdr_key"]
        changed += ["(select max(record_id) + 1 from ingest.raw_records) as record_id"] * ("record_id" in columns)
        changed += ["timestamptz '2026-11-12 08:00:00+00' as received_at"] * ("received_at" in columns)
        if table == "inspect.work":
            connection.execute("insert into inspect.work values ('nl/evs|late', 'new')")
            continue
        connection.execute(
            f"insert into {table} select * replace ({', '.join(changed)}) from {table} where cdr_key = 'nl/evs|p000'"
        )
    connection.execute(
        "insert into inspect.gate_verdicts select * replace ('nl/evs|late' as cdr_key) from inspect.gate_verdicts"
        " where cdr_key = 'nl/evs|p000'"
    )


if __name__ == "__main__":
    main()
