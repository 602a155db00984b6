"""From the inbox to the ledger: what stands in landing/ and master/ and is not yet a fact becomes one.

Bytes are stored as objects first and then named by one `master` and one `arrival` entry, so an
entry never names bytes that are not there. What does not belong here: what a file means (load).
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

from orchestration.defs.ingest.arriving import Ledgered, ManifestError, Unfinished, files_of
from orchestration.defs.ingest.files import PathBytes
from orchestration.defs.ingest.inbox import (
    FEEDS,
    MANIFEST_ENDING,
    Seen,
    at_rest,
    candidates,
    is_readable,
    is_unfinished_name,
    not_ours,
    read_bytes,
    stamp,
    unreadable,
)
from orchestration.facts import ledger, objects
from orchestration.facts.home import Home
from orchestration.facts.ledger import Entry
from orchestration.facts.lock import writer_lock

__all__ = ["FEEDS", "TakenIn", "landing_problems", "standing_master", "take_in"]


@dataclass(frozen=True, slots=True)
class TakenIn:
    """What a scan brought: the entries it appended, files in them, and one sentence for each thing left out."""

    entries: Sequence[Entry] = ()
    file_count: int = 0
    master_changes: int = 0
    problems: Sequence[str] = field(default_factory=list)


def take_in(home: Home, as_of: datetime, actor: str = "evsettle") -> TakenIn:
    """Take in what is new, at `as_of`; appends nothing when nothing is.

    Master data comes before files in the ledger, so a mapping that lands with its file reads it.
    A file that cannot be taken in is left where it is and gives a problem. Raises LedgerError when
    `as_of` precedes the ledger's head, LockHeld when another process is writing.
    """
    with writer_lock(home):
        entries = ledger.read_all(home)
        problems: list[str] = []
        appended = []
        changes = _master_changes(home, entries, problems)
        if changes:
            appended.append(ledger.append(home, "master", {"changes": changes}, actor, as_of))
        seen = Seen(home)
        files = _arrivals(home, entries, seen, problems)
        if files:
            appended.append(ledger.append(home, "arrival", {"files": files}, actor, as_of))
        seen.save()
    return TakenIn(appended, len(files), len(changes), problems)


def landing_problems(home: Home) -> list[str]:
    """What stands in landing/ and cannot be taken in: one sentence each. Changes nothing."""
    problems: list[str] = []
    for path in candidates(home, problems):
        if not is_readable(path):
            problems.append(unreadable(home, path))
    return problems


def standing_master(entries: Sequence[Entry]) -> dict[str, str]:
    """Path to SHA-256 of the master files as the ledger last saw them."""
    standing: dict[str, str] = {}
    for entry in entries:
        if entry.kind == "master":
            for change in entry.body["changes"]:
                if change["sha256"] is None:
                    standing.pop(change["path"], None)
                else:
                    standing[change["path"]] = change["sha256"]
    return standing


def _master_changes(home: Home, entries: Sequence[Entry], problems: list[str]) -> list[dict[str, str | None]]:
    before = standing_master(entries)
    seen: set[str] = set()
    changes: list[dict[str, str | None]] = []
    for path in sorted(home.master.rglob("*")) if home.master.is_dir() else []:
        if any(is_unfinished_name(part) for part in path.relative_to(home.master).parts) or path.is_dir():
            continue
        name = home.relative(path)
        seen.add(name)
        problem = not_ours(home, path)
        data = None if problem else read_bytes(path)
        if data is None:
            problems.append(problem or unreadable(home, path))
        elif before.get(name) != objects.sha256_of(data):
            changes.append({"path": name, "sha256": objects.put(home, data)})
    changes += [{"path": name, "sha256": None} for name in before if name not in seen]
    return sorted(changes, key=lambda change: str(change["path"]))


def _arrivals(home: Home, entries: Sequence[Entry], seen: Seen, problems: list[str]) -> list[dict[str, object]]:
    ledgered = Ledgered.of(_arrived(entries))
    files: list[dict[str, object]] = []
    for path in at_rest(home, list(candidates(home, problems)), problems):
        name = home.relative(path)
        try:
            content = _content(path, name, seen)
            if content is None:
                continue
            if (name, content.sha256) not in ledgered.known:
                files += files_of(home, path, content, ledgered)
            seen.note(name, (content.size, content.modified), content.sha256)
        except Unfinished as error:
            problems.append(f"{name}: {error}")
        except ManifestError as error:
            problems.append(f"{name}{MANIFEST_ENDING}: {error}")
        except objects.ObjectError:
            problems.append(f"{name}: was changed while it was read; the next run takes it in.")
        except OSError:
            problems.append(unreadable(home, path))
    return files


def _arrived(entries: Sequence[Entry]) -> Iterator[Mapping[str, Any]]:
    for entry in entries:
        if entry.kind == "arrival":
            yield from entry.body["files"]


def _content(path: Path, name: str, seen: Seen) -> PathBytes | None:
    """The file as it stands, hashed unless it was not touched since the last look; None while it changes."""
    before = stamp(path)
    if before is None:
        return None
    sha256 = seen.sha256(name, before) or objects.sha256_of_file(path)
    return PathBytes(path, *before, sha256) if before == stamp(path) else None
