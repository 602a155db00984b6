"""The ledger's frame around a run: what it read, and how it ended.

A run without a run-end never counted: whatever it left in the warehouse is touched again by the next.
"""

import hashlib
import json
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import duckdb

from orchestration.computed_by import keep
from orchestration.facts import ledger, objects
from orchestration.facts.home import Home
from orchestration.facts.ledger import Entry
from orchestration.facts.standing import in_force, standing
from orchestration.fingerprints import fingerprints
from orchestration.pseudonyms import fingerprint
from orchestration.version import engine_version, rules_sha256

# What waits for a moment: schema, table, column of the moment.
_WAITS = (
    ("inspect", "deadlines", "ends_at"),
    ("reconcile", "session_flags", "waits_until"),
    ("settle", "disputes", "waits_until"),
    ("settle", "fx_applied", "waits_until"),
)


def master_sha256(entries: Sequence[Entry]) -> str:
    """One hash over the master files as the ledger last saw them (path and content, sorted)."""
    files: dict[str, str] = {}
    for entry in entries:
        if entry.kind == "master":
            for change in entry.body["changes"]:
                files[change["path"]] = change["sha256"]
    content = "\n".join(f"{path} {sha256}" for path, sha256 in sorted(files.items()) if sha256)
    return hashlib.sha256(content.encode()).hexdigest()


def begin_run(home: Home, connection: duckdb.DuckDBPyConnection, as_of: datetime) -> int:
    """Append the run entry and make its as_of the clock of all SQL. Returns the entry's seq.

    When engine or rules are not those of the run before, everything is touched; what waited for a moment that has
    passed since then is touched, too.
    """
    entries = ledger.read_all(home)
    body = {
        "as_of": as_of.astimezone(UTC).isoformat().replace("+00:00", "Z"),
        "read_up_to": entries[-1].seq if entries else 0,
        "master_sha256": master_sha256(entries),
        "rules_sha256": rules_sha256(),
        "engine_version": engine_version(),
        "computed_by": keep(home),
    }
    entry = ledger.append(home, "run", body, "evsettle", as_of)
    before = connection.execute("select engine_version, rules_sha256 from ingest.raw_run").fetchone()
    connection.execute("begin")
    if before != (body["engine_version"], body["rules_sha256"]):
        connection.execute("insert into ingest.raw_touched values ('everything', '', 'engine or rules changed')")
    elif connection.execute("select 1 from ingest.raw_touched where kind = 'everything'").fetchone() is None:
        # Else tables may still be of the version before: the first run of this one was killed.
        _touch_waiting(connection, as_of)
    connection.execute("delete from ingest.raw_run")
    connection.execute(
        "insert into ingest.raw_run values (?, ?, ?, ?)",
        [entry.seq, as_of, body["engine_version"], body["rules_sha256"]],
    )
    connection.execute("commit")
    return entry.seq


def _touch_waiting(connection: duckdb.DuckDBPyConnection, as_of: datetime) -> None:
    """The sessions whose wait ended since the run before. A run that was killed has touched them already."""
    if _has(connection, "inspect", "deadlines"):
        connection.execute(
            "insert into ingest.raw_touched select distinct 'cdr', cdr_key, 'deadline passed' from inspect.deadlines"
            " where ends_at < $1 and ends_at >= (select as_of from ingest.raw_run)",
            [as_of],
        )
    if _has(connection, "settle", "fx_applied"):
        connection.execute(
            "insert into ingest.raw_touched select distinct 'cdr', cdr_key, 'the rate of another day'"
            " from settle.fx_applied where waits_until <= $1",
            [as_of],
        )


def _next_deadline(connection: duckdb.DuckDBPyConnection, as_of: datetime) -> str | None:
    """The first moment after which a run finds something though nothing came. Null: none is waited for."""
    waits = [
        f"select min({column}) as ends_at from {schema}.{table} where {column} >= $1"  # noqa: S608 - own names
        for schema, table, column in _WAITS
        if _has(connection, schema, table)
    ]
    row = connection.execute(f"select min(ends_at) from ({' union all '.join(waits)})", [as_of]).fetchone()  # noqa: S608
    return None if row is None or row[0] is None else row[0].astimezone(UTC).isoformat().replace("+00:00", "Z")


def _has(connection: duckdb.DuckDBPyConnection, schema: str, table: str) -> bool:
    found = "select 1 from information_schema.tables where table_schema = ? and table_name = ?"
    return connection.execute(found, [schema, table]).fetchone() is not None


def end_run(
    home: Home,
    connection: duckdb.DuckDBPyConnection,
    changes: bytes,
    manifests: Mapping[str, str],
    drafts: Mapping[str, Any],
    counts: Mapping[str, Any],
    derived: Mapping[str, Mapping[str, str]],
    month_ends: Mapping[str, Any],
) -> Entry:
    """Append the run-end entry, then forget what was touched: from here on the run counted.

    drafts: what can be approved, by `<period>|<partner>`. derived: SHA-256 of each file of `published` (but events) and
    of `reports` (those that no manifest lists). month_ends: what is accrued for months that
    are not closed, or that no run saw before, and which months this run is the first to find closed.
    """
    row = connection.execute("select run_seq, as_of from ingest.raw_run").fetchone()
    assert row is not None, "begin_run comes first"
    run_seq, as_of = row
    body = {
        "run": run_seq,
        "outcome": "done",
        "manifests": dict(sorted(manifests.items())),
        "drafts": dict(drafts),
        "changes": objects.put(home, changes),
        "counts": dict(counts),
        **month_ends,
        "next_deadline": _next_deadline(connection, as_of),
        **{name: dict(sorted(files.items())) for name, files in derived.items()},
        "pseudonyms": fingerprint(),
        "warehouse": objects.put(home, fingerprints(connection)),
    }
    entry = ledger.append(home, "run-end", body, "evsettle", as_of)
    connection.execute("delete from ingest.raw_touched")
    return entry


def marker(home: Home) -> Path:
    """Where the snapshot says which run it shows."""
    return home.published / "run.json"


def mark_published(home: Home, entry: Entry, events_sha256: str) -> None:
    """Say which run the published snapshot shows, and the one table that its entry cannot name.

    A crash before this makes the next run publish again.
    """
    temporary = marker(home).with_suffix(".tmp")
    shown = {"run_end": entry.seq, "pseudonyms": fingerprint(), "events": events_sha256}
    temporary.write_text(json.dumps(shown))
    temporary.replace(marker(home))


def published_seq(home: Home) -> int | None:
    """Which run's end the published snapshot shows; None where there is none, or one with pseudonyms of another key."""
    try:
        marked = json.loads(marker(home).read_text())
        seq, pseudonyms = marked["run_end"], marked["pseudonyms"]
    except (OSError, ValueError, KeyError):
        return None
    return seq if isinstance(seq, int) and pseudonyms == fingerprint() else None


def is_up_to_date(home: Home, entries: Sequence[Entry], instant: datetime) -> bool:
    """Whether the ledger ends with a run that ended well under this engine and these rules, and its outputs stand.

    A decision that has expired or a wait that has ended since makes work, though nothing new came.
    """
    if not entries or not entries[-1].is_finished_run:
        return False
    run = next(entry for entry in reversed(entries) if entry.kind == "run")
    if (run.body["engine_version"], run.body["rules_sha256"]) != (engine_version(), rules_sha256()):
        return False
    deadline = entries[-1].body.get("next_deadline")
    if deadline is not None and datetime.fromisoformat(deadline) < instant:
        return False
    decisions = standing(entries)
    if in_force(decisions, datetime.fromisoformat(run.body["as_of"])) != in_force(decisions, instant):
        return False
    manifests = entries[-1].body["manifests"]
    return (
        home.warehouse.exists()
        and published_seq(home) == entries[-1].seq
        and all((home.root / path).exists() for path in manifests)
    )
