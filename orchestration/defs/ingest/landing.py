"""From the inbox to the ledger: what stands in landing/ and master/ and is not yet a fact becomes one.

Bytes are stored as objects first and then named by one `master` and one `arrival` entry, so an
entry never names bytes that are not there. What does not belong here: what a file means (load).
"""

import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from orchestration.defs.ingest.feed_fields import EVIDENCE
from orchestration.defs.ingest.feed_mapping import FeedMapping, read_any_mapping
from orchestration.defs.ingest.files import LandedFile, records_of
from orchestration.defs.ingest.mapping import Mapping, MappingError, mapping_path
from orchestration.facts import ledger, objects
from orchestration.facts.home import Home
from orchestration.facts.ledger import Entry
from orchestration.facts.lock import writer_lock
from orchestration.facts.merkle import merkle_root

FEEDS = ("cdrs", "tariffs", "locations", "tokens", *EVIDENCE)
# A file touched this recently may still be growing; it is looked at twice, this far apart.
_RECENT_SECONDS = 2.0
_SECOND_LOOK_SECONDS = 0.3
_UNFINISHED = (".part", ".tmp", ".partial", ".crdownload", ".swp", "~")


@dataclass(frozen=True, slots=True)
class TakenIn:
    """What a scan brought: the entries it appended, files in them, and one sentence for each thing left out."""

    entries: Sequence[Entry] = ()
    file_count: int = 0
    master_changes: int = 0
    problems: Sequence[str] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class _Found:
    """A file to take in: its path from the home's root, and its bytes."""

    path: str
    data: bytes


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
        files = _arrivals(home, entries, problems)
        if files:
            appended.append(ledger.append(home, "arrival", {"files": files}, actor, as_of))
    return TakenIn(appended, len(files), len(changes), problems)


def landing_problems(home: Home) -> list[str]:
    """What stands in landing/ and cannot be taken in: one sentence each. Changes nothing."""
    problems: list[str] = []
    for path in _candidates(home, problems):
        if not _is_readable(path):
            problems.append(_unreadable(home, path))
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
        if any(_is_unfinished(part) for part in path.relative_to(home.master).parts) or path.is_dir():
            continue
        name = home.relative(path)
        seen.add(name)
        problem = _not_ours(home, path)
        data = None if problem else _read(path)
        if data is None:
            problems.append(problem or _unreadable(home, path))
        elif before.get(name) != objects.sha256_of(data):
            changes.append({"path": name, "sha256": objects.put(home, data)})
    changes += [{"path": name, "sha256": None} for name in before if name not in seen]
    return sorted(changes, key=lambda change: str(change["path"]))


def _arrivals(home: Home, entries: Sequence[Entry], problems: list[str]) -> list[dict[str, object]]:
    taken = [file for entry in entries if entry.kind == "arrival" for file in entry.body["files"]]
    known = {(file["path"], file["sha256"]) for file in taken}
    originals = {
        (file["feed"], file["sha256"]): file["file_seq"] for file in reversed(taken) if file["replays"] is None
    }
    file_seq = max((file["file_seq"] for file in taken), default=0)
    files: list[dict[str, object]] = []
    for found in _new_files(home, known, problems):
        _, source, feed, file_name = found.path.split("/", 3)
        file_seq += 1
        sha256 = objects.put(home, found.data)
        replays = originals.setdefault((feed, sha256), file_seq)
        file: dict[str, object] = {
            "path": found.path, "source": source, "feed": feed, "file_name": file_name,
            "size": len(found.data), "sha256": sha256, "file_seq": file_seq,
        }  # fmt: skip
        is_replay = replays != file_seq
        hashes: list[str] = []
        if not is_replay:
            records = records_of(LandedFile(source, feed, file_name), found.data, _mapping(home, source, feed))
            hashes = [record.sha256 for record in records]
        file |= {
            "record_count": len(hashes),
            "merkle_root": merkle_root(hashes),
            "replays": replays if is_replay else None,
        }
        files.append(file)
    return files


def _mapping(home: Home, source: str, feed: str) -> Mapping | FeedMapping | None:
    """The mapping as it stands now; only its header line matters here, so a broken one reads like none."""
    path = home.root / mapping_path(source, feed)
    try:
        return read_any_mapping(home.relative(path), path.read_bytes(), feed) if path.is_file() else None
    except (MappingError, OSError):
        return None


def _new_files(home: Home, known: set[tuple[str, str]], problems: list[str]) -> Iterator[_Found]:
    for path in _at_rest(list(_candidates(home, problems))):
        before = _stamp(path)
        data = _read(path)
        if data is None:
            problems.append(_unreadable(home, path))
        elif before == _stamp(path) and (home.relative(path), objects.sha256_of(data)) not in known:
            yield _Found(home.relative(path), data)


def _candidates(home: Home, problems: list[str]) -> Iterator[Path]:
    """Files that stand where a feed's files stand, in order of path; everything else becomes a problem."""
    if not home.landing.is_dir():
        return
    for path in sorted(home.landing.rglob("*")):
        parts = path.relative_to(home.landing).parts
        if any(_is_unfinished(part) for part in parts) or path.name.endswith(".manifest.json"):
            continue
        problem = _not_ours(home, path) or _misplaced(home, path, parts)
        if problem:
            problems.append(problem)
        elif path.is_file() and len(parts) == 3 and parts[1] in FEEDS:
            yield path


def _misplaced(home: Home, path: Path, parts: tuple[str, ...]) -> str | None:
    name = home.relative(path)
    if path.is_dir():
        if len(parts) == 2 and parts[1] not in FEEDS:
            return (
                f"{name}: {parts[1]} is not a feed that is read; the feeds are {', '.join(FEEDS)}, rename the folder."
            )
        return None
    if len(parts) >= 2 and parts[1] not in FEEDS and len(parts) != 2:
        return None  # its folder has been named already
    if len(parts) != 3:
        return f"{name}: stands outside a feed folder; move it to landing/<source>/<feed>/."
    if not path.is_file():
        return f"{name}: is not a regular file; remove it."
    if path.suffix.lower() == ".zip":
        return f"{name}: zip archives are not read; unpack it into the same folder."
    return None


def _not_ours(home: Home, path: Path) -> str | None:
    name = home.relative(path)
    try:
        name.encode()
    except UnicodeEncodeError:
        shown = name.encode(errors="replace").decode()
        return f"{shown}: its name is not UTF-8; rename it."
    if path.is_symlink() and not path.resolve().is_relative_to(home.root.resolve()):
        return f"{name}: is a link that leads out of the home; put the file itself there."
    return None


def _is_unfinished(name: str) -> bool:
    return name.startswith(".") or name.lower().endswith(_UNFINISHED)


def _at_rest(paths: list[Path]) -> Iterator[Path]:
    """Without the files that are still being written: those are for the next run."""
    recent = {path: _stamp(path) for path in paths if _age_seconds(path) < _RECENT_SECONDS}
    if recent:
        time.sleep(_SECOND_LOOK_SECONDS)
    for path in paths:
        if path not in recent or recent[path] == _stamp(path):
            yield path


def _age_seconds(path: Path) -> float:
    try:
        return abs(time.time() - path.stat().st_mtime)
    except OSError:
        return _RECENT_SECONDS


def _stamp(path: Path) -> tuple[int, int] | None:
    try:
        stat = path.stat()
    except OSError:
        return None
    return stat.st_size, stat.st_mtime_ns


def _read(path: Path) -> bytes | None:
    try:
        return path.read_bytes()
    except OSError:
        return None


def _is_readable(path: Path) -> bool:
    try:
        with path.open("rb") as file:
            file.read(1)
    except OSError:
        return False
    return True


def _unreadable(home: Home, path: Path) -> str:
    return f"{home.relative(path)}: cannot be read; give evsettle the right to read it."
