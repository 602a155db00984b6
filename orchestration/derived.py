"""Whether what the last run derived is as it left it: published tables byte for byte, the warehouse by fingerprints.

A run's last entry names both, so that neither can be changed together with its hash. What does not belong here: the
facts themselves (facts/verify), and computing anything again (replay).
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass

import duckdb

from orchestration import pseudonyms
from orchestration.defs.ingest.history import append_history
from orchestration.defs.settle.publish import AFTER_THE_RUN, TABLES, without_ids
from orchestration.engine.compile import read_engine
from orchestration.facts import objects
from orchestration.facts.home import Home
from orchestration.facts.ledger import Entry, finished
from orchestration.facts.objects import ObjectError, sha256_of_file
from orchestration.facts.verify_reports import Problem
from orchestration.fingerprints import AFTER_THE_RUN as LEDGER_TABLES
from orchestration.fingerprints import fingerprint, tables_of
from orchestration.published import quoted
from orchestration.run_entries import marker
from orchestration.version import engine_version
from orchestration.warehouse import open_in_memory

_EVENTS_OF = ("ledger_entries", "cdr_history", AFTER_THE_RUN)
_EMPTY = "0:0"
_REBUILD = "delete it and run `evsettle run --full`, the ledger gives it again."


@dataclass(frozen=True, slots=True)
class Derived:
    """What was looked at, what was wrong with it, and one sentence for each thing that could not be compared."""

    published: int
    tables: int
    problems: tuple[Problem, ...]
    notes: tuple[str, ...]


def check_derived(home: Home, entries: Sequence[Entry]) -> Derived:
    """Compare the published tables and the warehouse with what the run's last entry says of them.

    The ledger and its objects must be intact.
    """
    notes: list[str] = []
    published, problems = _published(home, entries, notes)
    tables, of_warehouse = _warehouse(home, entries, notes)
    return Derived(published, tables, (*problems, *of_warehouse), tuple(notes))


def _published(home: Home, entries: Sequence[Entry], notes: list[str]) -> tuple[int, list[Problem]]:
    ended = {entry.seq: entry for entry in finished(entries)}
    if not ended or not home.published.is_dir():
        return 0, []
    name = home.relative(marker(home))
    try:
        stored = marker(home).read_text()
        shown = json.loads(stored)
        run_end = ended[shown["run_end"]]
        # Snapshots that an earlier version published have no hashes.
        expected = dict(run_end.body.get("published", {}))
        if expected:
            expected[AFTER_THE_RUN] = str(shown["events"])
        if stored != json.dumps(shown) or (expected and set(shown) != {"run_end", "pseudonyms", "events"}):
            raise ValueError
        # Runs of an earlier version did not say which key they published with.
        if shown["pseudonyms"] != run_end.body.get("pseudonyms", shown["pseudonyms"]):
            raise ValueError
    except (OSError, ValueError, KeyError, TypeError):
        return 0, [Problem(name, f"{name} does not name a run of this ledger: {_REBUILD}")]
    if not expected:
        notes.append("The published tables are of a version that kept no hashes of them: `evsettle run --full`.")
        return 0, []
    problems = []
    for table, sha256 in sorted(expected.items()):
        path = home.published / f"{table}.parquet"
        file = home.relative(path)
        if not path.is_file():
            problems.append(Problem(file, f"{file} is missing, but entry {run_end.seq} names it: {_REBUILD}"))
        elif sha256_of_file(path) != sha256:
            message = f"{file} was changed after run {run_end.body['run']} published it: {_REBUILD}"
            problems.append(Problem(file, message))
    file = f"published/{AFTER_THE_RUN}.parquet"
    if file in {problem.subject for problem in problems}:
        problems.append(Problem(name, f"{name} and {file} do not belong together: one of them was changed."))
    else:
        is_our_key = shown["pseudonyms"] == pseudonyms.fingerprint()
        problems += _events(home, [entry for entry in entries if entry.seq <= run_end.seq], file, is_our_key)
    return len(expected), problems


def _events(home: Home, entries: Sequence[Entry], file: str, is_our_key: bool) -> list[Problem]:
    """The audit trail against the chain: who, when, why and on which evidence, row by row.

    Subjects that are drivers stand there under pseudonyms: without the key they were made with they are left out.
    """
    columns = TABLES[AFTER_THE_RUN].columns
    hidden = "if(contains(subject, '#'), '#', subject) as subject,"
    compared = columns if is_our_key else columns.replace("subject,", hidden)
    with open_in_memory() as connection:
        append_history(home, connection, entries)
        pseudonyms.install(connection)
        for step, sql in read_engine("settle"):
            if step.name in _EVENTS_OF:
                connection.execute(f"create view {step.schema}.{step.name} as {sql}")
        published = f"read_parquet('{quoted(home.root / file)}')"
        try:
            row = connection.execute(
                f"with ledger as (select {compared} from {without_ids(AFTER_THE_RUN, f'settle.{AFTER_THE_RUN}')}),"  # noqa: S608
                f" published as (select {compared} from {published})"
                " select seq, subject, event from"
                " ((from ledger except all from published) union all (from published except all from ledger))"
                " order by all limit 1"
            ).fetchone()
        except duckdb.Error as error:
            return [Problem(file, f"{file} cannot be read ({str(error).splitlines()[0]}): {_REBUILD}")]
    if row is None:
        return []
    return [
        Problem(
            file, f"{file} does not say what the ledger says, first at entry {row[0]} ({row[1]}, {row[2]}): {_REBUILD}"
        )
    ]


def _warehouse(home: Home, entries: Sequence[Entry], notes: list[str]) -> tuple[int, list[Problem]]:
    ends = finished(entries)
    if not ends or not home.warehouse.is_file():
        return 0, []
    name = home.relative(home.warehouse)
    if not ends[-1].body.get("warehouse"):
        notes.append("The warehouse is of a version that kept no fingerprints of it: `evsettle run --full`.")
        return 0, []
    if any(entry.kind == "run" and entry.seq > ends[-1].seq for entry in entries):
        notes.append("The warehouse was not compared: the last run did not end. `evsettle run` goes on from there.")
        return 0, []
    try:
        stored = json.loads(objects.get(home, ends[-1].body["warehouse"]))
    except ObjectError:
        return 0, []  # it is named among the objects
    if stored["duckdb"] != duckdb.__version__:
        notes.append(f"The warehouse was not compared: its fingerprints are of DuckDB {stored['duckdb']}.")
        return 0, []
    try:
        with duckdb.connect(str(home.warehouse), read_only=True) as connection:
            connection.execute("set TimeZone = 'UTC'")
            tables = tables_of(connection)
            now = {table: fingerprint(connection, table) for table in tables}
            there = _ledger_tables_there(connection)
            now |= {table: fingerprint(connection, table) for table in there}
    except duckdb.IOException as error:
        if "lock" in str(error):
            notes.append("The warehouse was not compared: another process is using it.")
            return 0, []
        return 0, [_damaged(name, error)]
    except duckdb.Error as error:
        return 0, [_damaged(name, error)]
    of_ledger = _ledger_tables(home, [entry for entry in entries if entry.seq <= ends[-1].seq])
    run = next(entry for entry in entries if entry.seq == ends[-1].body["run"])
    if run.body["engine_version"] != engine_version():
        # A table that this version reads from the ledger is not in the warehouse of one before.
        of_ledger = {table: sums for table, sums in of_ledger.items() if table in there}
    expected = dict(stored["tables"]) | of_ledger
    # A table that this version added, and no run has filled, says nothing.
    both = {table: (expected.get(table, _EMPTY), now.get(table, _EMPTY)) for table in expected.keys() | now.keys()}
    changed = sorted(table for table, (before, after) in both.items() if before != after)
    problems = [
        Problem(f"{name}:{table}", f"{name}:{table} was changed after run {ends[-1].body['run']} ended: {_REBUILD}")
        for table in changed
    ]
    return len(expected), problems


def _ledger_tables_there(connection: duckdb.DuckDBPyConnection) -> set[str]:
    rows = connection.execute("select table_name from information_schema.tables where table_schema = 'ingest'")
    return {f"ingest.{table}" for (table,) in rows.fetchall() if table in LEDGER_TABLES}


def _damaged(name: str, error: Exception) -> Problem:
    return Problem(name, f"{name} is damaged ({str(error).splitlines()[0]}): {_REBUILD}")


def _ledger_tables(home: Home, entries: Sequence[Entry]) -> dict[str, str]:
    """The tables that a run writes after its last entry, as the ledger gives them."""
    with open_in_memory() as connection:
        append_history(home, connection, entries)
        return {f"ingest.{table}": fingerprint(connection, f"ingest.{table}") for table in LEDGER_TABLES}
