"""From the ledger to the raw tables: brings a warehouse, empty or not, up to what has happened.

Each arrival is one transaction together with what it touches, so a run that is killed between two
files goes on where it stopped. What does not belong here: how one feed is read (file_load).
"""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

import duckdb

from orchestration.defs.ingest.bulk import insert_rows
from orchestration.defs.ingest.content import forget_single_keys, hash_repeated_keys
from orchestration.defs.ingest.contract_ids import add_contract_ids
from orchestration.defs.ingest.dispute_rows import rewrite_disputes
from orchestration.defs.ingest.file_load import forget_file, load_files
from orchestration.defs.ingest.file_reading import ArrivedFile, Reading, reading_of
from orchestration.defs.ingest.history import LoadError, append_history, rewrite_decisions
from orchestration.defs.ingest.master_data import MasterData, MasterError, fold_master
from orchestration.defs.ingest.master_rows import rewrite_master
from orchestration.defs.ingest.meter_values import read_meter_values
from orchestration.defs.ingest.open_proposals import rewrite_proposals
from orchestration.defs.ingest.rules import DeclaredRule, overridable, read_rules
from orchestration.defs.ingest.touched import (
    forget_what_everything_covers,
    touch_decided,
    touch_everything,
    touch_files,
)
from orchestration.defs.ingest.touched_master import master_rows, touch_master_rows
from orchestration.defs.ingest.zones import is_zone, zone_spans
from orchestration.facts import ledger
from orchestration.facts.disputes import dispute_events
from orchestration.facts.erasures import kept_hashes
from orchestration.facts.home import Home
from orchestration.facts.ledger import Entry
from orchestration.facts.standing import StandingDecision, in_force, standing
from orchestration.version import engine_version, rules_sha256, suites

__all__ = ["LoadError", "LoadSummary", "MasterError", "load_from_ledger", "load_ledger_tables"]

_LOG_BYTES_MAX = 16 * 1024 * 1024
_FILE_COLUMNS = (
    "file_seq", "arrival_seq", "received_at", "source", "feed", "file_name", "file_sha256", "size_bytes",
    "record_count", "replays_file_seq", "reading_sha256", "stated_record_count", "stated_energy_kwh",
    "stated_excl_tax", "stated_incl_tax",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class LoadSummary:
    """What a load did: files read (again), records in them, and what stands wrong in master files."""

    files_read: int
    records: int
    quarantined: int
    problems: Sequence[str]


def load_from_ledger(home: Home, connection: duckdb.DuckDBPyConnection) -> LoadSummary:
    """Bring every raw table of ingest up to the ledger. Doing it again changes nothing.

    Raises LoadError when the warehouse belongs to another ledger, MasterError when there is no
    usable network.yaml, ObjectError when bytes of the ledger are missing or damaged.
    """
    entries = ledger.read_all(home)
    rules = read_rules(suites())
    master = fold_master(home, entries, overridable(rules))
    decisions = _in_force(connection, standing(entries))
    with _transaction(connection):
        append_history(home, connection, entries)
        is_known = connection.execute("select 1 from ingest.raw_loaded").fetchone() is not None
        if not is_known:
            touch_everything(connection, "a new warehouse")
    read = _load_arrivals(home, connection, entries, master, decisions)
    with _transaction(connection):
        changed = rewrite_decisions(connection, decisions)
        rewrite_proposals(connection, entries)
        touch_decided(connection, changed, [(file.file_seq, file.subject) for file in _arrived(entries)])
        rewrite_disputes(connection, dispute_events(entries))
        _bring_up_master(connection, entries, master, rules, decisions)
        read_meter_values(connection)
        _add_zones(connection, master)
        add_contract_ids(connection)
        forget_what_everything_covers(connection)
    counts = (0, 0)
    if read:
        row = connection.execute(
            "select count(*), count(*) filter (not is_typed) from ingest.raw_records"
            " where file_seq in (select unnest(cast(? as bigint[])))",
            [read],
        ).fetchone()
        counts = row or counts
    problems = [problem for problem, _ in master.problems.values()]
    return LoadSummary(len(read), *counts, problems)


def _in_force(
    connection: duckdb.DuckDBPyConnection, decisions: Sequence[StandingDecision]
) -> Sequence[StandingDecision]:
    """Those that stand at the run's time; all of them where no run has begun."""
    row = connection.execute("select as_of from ingest.raw_run").fetchone()
    return decisions if row is None else in_force(decisions, row[0])


def load_ledger_tables(home: Home, connection: duckdb.DuckDBPyConnection) -> None:
    """Bring only the ledger's own tables up to it: entries, and what finished runs changed."""
    with _transaction(connection):
        append_history(home, connection, ledger.read_all(home))


@contextmanager
def _transaction(connection: duckdb.DuckDBPyConnection) -> Iterator[None]:
    connection.execute("begin")
    try:
        yield
    except BaseException:
        connection.execute("rollback")
        raise
    connection.execute("commit")


@contextmanager
def _straight_to_file(connection: duckdb.DuckDBPyConnection, size: int) -> Iterator[None]:
    """DuckDB would write what is less than a row group twice, to its log first: not when so much comes at once."""
    if size < _LOG_BYTES_MAX:
        yield
        return
    connection.execute("set wal_autocheckpoint = '1KB'")
    try:
        yield
    finally:
        connection.execute("reset wal_autocheckpoint")


def _arrived(entries: Sequence[Entry]) -> list[ArrivedFile]:
    """Every file of every arrival, in order of file_seq."""
    first: dict[tuple[str, str], int] = {}
    files = []
    for entry in entries:
        if entry.kind != "arrival":
            continue
        for file in entry.body["files"]:
            opening = first.setdefault((file["source"], file["feed"]), entry.seq)
            files.append(ArrivedFile.of(entry, file, is_opening=opening == entry.seq))
    return files


def _load_arrivals(
    home: Home,
    connection: duckdb.DuckDBPyConnection,
    entries: Sequence[Entry],
    master: MasterData,
    decisions: Sequence[StandingDecision],
) -> list[int]:
    """Read what has not been read, or would be read otherwise now; returns the file_seqs."""
    known: dict[int, str] = dict(connection.execute("select file_seq, reading_sha256 from ingest.raw_files").fetchall())
    by_arrival: dict[int, list[tuple[ArrivedFile, Reading]]] = {}
    for file in _arrived(entries):
        reading = reading_of(file, master, decisions)
        if known.get(file.file_seq) != reading.sha256:
            by_arrival.setdefault(file.arrival_seq, []).append((file, reading))
    read = []
    for files in by_arrival.values():
        with _straight_to_file(connection, sum(file.size for file, _ in files)), _transaction(connection):
            _load_arrival(home, connection, files, known)
        read += [file.file_seq for file, _ in files]
    _keep_erased_hashes(home, connection, read)
    return read


def _keep_erased_hashes(home: Home, connection: duckdb.DuckDBPyConnection, read: Sequence[int]) -> None:
    """A record from which a person was erased keeps the hash that it came with: seals and proofs name it."""
    for sha256, position, leaf in kept_hashes(home):
        connection.execute(
            "update ingest.raw_records set record_sha256 = $3 where position = $2 and list_contains($4, file_seq)"
            " and file_seq in (select file_seq from ingest.raw_files where file_sha256 = $1)",
            [sha256, position, leaf, list(read)],
        )


def _load_arrival(
    home: Home,
    connection: duckdb.DuckDBPyConnection,
    files: Sequence[tuple[ArrivedFile, Reading]],
    known: Mapping[int, str],
) -> None:
    for file, _ in files:
        if file.file_seq in known:
            reason = f"{file.subject} is read otherwise"
            if file.feed == "cdrs":
                # The new reading may have other keys; what stands under the old ones must go.
                touch_files(connection, [file.file_seq], file.feed, reason)
            forget_file(connection, file.file_seq)
            touch_everything(connection, reason)
    insert_rows(connection, "raw_files", _FILE_COLUMNS, [
        (
            file.file_seq, file.arrival_seq, file.received_at, file.source, file.feed, file.file_name, file.sha256,
            file.size, file.record_count, file.replays, reading.sha256, *file.stated,
        )
        for file, reading in files
    ])  # fmt: skip
    new = [(file, reading) for file, reading in files if file.replays is None]
    load_files(home, connection, new)
    for feed in sorted({file.feed for file, _ in new}):
        touch_files(connection, [file.file_seq for file, _ in new if file.feed == feed], feed, "new record")
    hash_repeated_keys(connection, [file.file_seq for file, _ in files if file.feed == "cdrs"])
    if any(file.file_seq in known for file, _ in files):
        forget_single_keys(connection)


def _bring_up_master(
    connection: duckdb.DuckDBPyConnection,
    entries: Sequence[Entry],
    master: MasterData,
    rules: Mapping[str, DeclaredRule],
    decisions: Sequence[StandingDecision],
) -> None:
    """Rewrite what comes from master data and touch what it is about: all, when other terms, rules or code hold."""
    row = connection.execute(
        "select last_seq, master_sha256, rules_sha256, engine_version from ingest.raw_loaded"
    ).fetchone()
    last_seq, *before = row or (0, None, None, None)
    now = [master.sha256, rules_sha256(), engine_version()]
    is_same = before == now
    is_decided = any(entry.kind == "decision" and entry.seq > last_seq for entry in entries)
    is_master = any(entry.kind == "master" and entry.seq > last_seq for entry in entries)
    if not is_same or is_decided or is_master:
        rows_before = master_rows(connection)
        rewrite_master(connection, master, rules, decisions, entries)
        if row is not None and is_same:
            touch_master_rows(connection, rows_before)
    if row is not None and not is_same:
        touch_everything(connection, "master data, rules or engine changed")
    connection.execute("delete from ingest.raw_loaded")
    last = entries[-1].seq if entries else 0
    insert_rows(
        connection, "raw_loaded", ("last_seq", "master_sha256", "rules_sha256", "engine_version"), [(last, *now)]
    )


def _add_zones(connection: duckdb.DuckDBPyConnection, master: MasterData) -> None:
    """Offsets of every zone in use that are not there yet."""
    rows = connection.execute(
        "select record_time_zone from ingest.raw_cdrs union select time_zone from ingest.raw_connectors"
        " union select ? except select zone from ingest.raw_zone_offsets",
        [master.network.time_zone if master.network else None],
    ).fetchall()
    insert_rows(connection, "raw_zone_offsets", ("zone", "utc_from", "utc_to", "offset_seconds"), [
        (name, *span) for (name,) in sorted(row for row in rows if row[0]) if is_zone(name) for span in zone_spans(name)
    ])  # fmt: skip
