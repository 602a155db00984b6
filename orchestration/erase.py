"""A person's token and contract ids taken out of all that was received: ids of the same shape, nobody's, stand there.

The same id becomes the same other id everywhere, so sessions, tokens and answers still meet, and no amount changes.
Nothing says which stands for which. What does not belong here: how an id is found and what it becomes (person_ids),
who may erase (the command), and what erasures are to a reader of the ledger (facts/erasures).
"""

import gzip
import io
import shutil
import zipfile
import zlib
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from orchestration.defs.ingest.unpack import FileError, decompress, is_gzip, is_zip, unsafe
from orchestration.facts import ledger, objects
from orchestration.facts.erasures import erased, finish
from orchestration.facts.home import Home
from orchestration.facts.ledger import Entry
from orchestration.facts.lock import writer_lock
from orchestration.landed_records import split_landed
from orchestration.person_ids import EraseRefused, Replacer

__all__ = ["Change", "EraseRefused", "Plan", "erase", "plan"]


# By content, too: a file that was never read is kept under any name.
_ZIP, _GZIP = b"PK\x03\x04", b"\x1f\x8b"


@dataclass(frozen=True, slots=True)
class Change:
    """One object that names the person: what it is, what stands in its place, and its records that change."""

    sha256: str
    what: str
    data: bytes
    records: tuple[tuple[int, int, str], ...]


@dataclass(frozen=True, slots=True)
class Plan:
    """What an erasure would do: objects that change, files of landing and master that go or change, and what stays."""

    changes: tuple[Change, ...]
    landed: tuple[str, ...]
    master: tuple[str, ...]
    stays: tuple[str, ...]


def plan(home: Home, entries: Sequence[Entry], ids: Sequence[str], advance: Callable[[], None]) -> Plan:
    """What names the person, and what would stand in its place. Changes nothing. Raises EraseRefused, ObjectError."""
    replacer = Replacer(ids)
    changes: dict[str, Change] = {}
    stays = [
        f"{home.relative(ledger.entry_path(home, entry.seq))} names the person in its own words ({entry.kind} by"
        f" {entry.actor} at {entry.at})"
        for entry in entries
        if replacer.names(ledger.canonical(ledger.fields_of(entry)))
    ]
    for sha256, (name, what, entry, file) in _objects(entries).items():
        advance()
        data = objects.get(home, sha256)
        unread: list[str] = []
        changed = _changed(replacer, name, data, unread)
        if unread:
            stays.append(f"{what} cannot be opened to look for the person")
        if changed is None:
            continue
        if file is None and entry.kind == "seal":
            stays.append(f"{what} names the person: what was sealed and sent is kept as it is")
            continue
        records = () if file is None else _records(home, entries, entry, file, data, changed)
        changes[sha256] = Change(sha256, what, changed, records)
    return Plan(
        tuple(changes.values()),
        tuple(_standing(home, home.landing, replacer, changes)),
        tuple(_standing(home, home.master, replacer, changes)),
        tuple(stays),
    )


def _objects(entries: Sequence[Entry]) -> dict[str, tuple[str, str, Entry, Mapping[str, Any] | None]]:
    """Every object that may name a person: file name, what it is, its entry, and its file in an arrival."""
    found: dict[str, tuple[str, str, Entry, Mapping[str, Any] | None]] = {}
    for entry in entries:
        match entry.kind:
            case "arrival":
                for file in entry.body["files"]:
                    if file["replays"] is None:
                        found.setdefault(file["sha256"], (file["file_name"], file["path"], entry, file))
            case "master":
                for change in entry.body["changes"]:
                    if change["sha256"] is not None:
                        found.setdefault(change["sha256"], (change["path"], change["path"], entry, None))
            case "decision" if entry.body["values"].get("evidence"):
                evidence = entry.body["values"]["evidence"]
                found.setdefault(evidence, ("", f"the evidence of decision {entry.seq}", entry, None))
            case "run-end":
                found.setdefault(entry.body["changes"], ("", f"the changes of run {entry.body['run']}", entry, None))
            case "seal":
                subject = f"{entry.body['period']}|{entry.body['partner']}"
                for name, sha256 in (*entry.body["files"].items(), *entry.body["tables"].items()):
                    found.setdefault(sha256, ("", f"the sealed {name} of {subject}", entry, None))
                if entry.body.get("lines"):
                    found.setdefault(entry.body["lines"]["stories"], ("", f"the lines of {subject}", entry, None))
    return found


def _changed(replacer: Replacer, name: str, data: bytes, unread: list[str]) -> bytes | None:
    """The file without the person; None when it does not name the person. What cannot be opened is `unread`."""
    try:
        if is_zip(name) or data.startswith(_ZIP):
            return _changed_archive(replacer, data, unread)
        if is_gzip(name) or data.startswith(_GZIP):
            content = decompress(name if is_gzip(name) else f"{name}.gz", data)
            inner = _changed(replacer, name.removesuffix(".gz"), content, unread)
            return None if inner is None else gzip.compress(inner, mtime=0)
    except (FileError, zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError, OSError):
        unread.append(name)
    changed = replacer.replaced(data)
    return None if changed == data else changed


def _changed_archive(replacer: Replacer, data: bytes, unread: list[str]) -> bytes | None:
    written = io.BytesIO()
    is_changed = False
    with zipfile.ZipFile(io.BytesIO(data)) as before, zipfile.ZipFile(written, "w") as after:
        for info in before.infolist():
            # What is not read is not looked into: it is kept as a name alone.
            content = b"" if unsafe(info) else before.read(info)
            changed = _changed(replacer, info.filename, content, unread)
            is_changed = is_changed or changed is not None
            after.writestr(info, content if changed is None else changed, compress_type=zipfile.ZIP_DEFLATED)
    return written.getvalue() if is_changed else None


def _records(
    home: Home, entries: Sequence[Entry], arrival: Entry, file: Mapping[str, Any], data: bytes, changed: bytes
) -> tuple[tuple[int, int, str], ...]:
    """Number, position and old hash of the records that change; the others must stay what they are."""
    before = split_landed(home, entries, arrival, file, data)
    after = split_landed(home, entries, arrival, file, changed)
    if [record.position for record in before] != [record.position for record in after]:
        raise EraseRefused(f"{file['path']} would be split into other records: it cannot be changed safely.")
    return tuple(
        (place, old.position, old.sha256)
        for place, (old, new) in enumerate(zip(before, after, strict=True))
        if old.sha256 != new.sha256
    )


def _standing(home: Home, folder: Path, replacer: Replacer, known: Collection[str]) -> Iterator[str]:
    """Files of the inbox or of master data that name the person now; all of them are in the ledger."""
    for path in sorted(folder.rglob("*")) if folder.is_dir() else []:
        if path.is_file() and not path.is_symlink():
            name = home.relative(path)
            if _changed(replacer, path.name, path.read_bytes(), []) is not None:
                if objects.sha256_of_file(path) not in known:
                    raise EraseRefused(f"{name} names the person and is not in the ledger yet: `evsettle run` first.")
                yield name


def erase(home: Home, found: Plan, facts: Mapping[str, Any], actor: str, at: datetime) -> Entry:
    """Carry it out: what replaces goes into the ledger first, then what it replaces goes away.

    The warehouse, which names the person too, is removed: the next run builds it from the ledger. Raises LedgerError.
    """
    with writer_lock(home):
        body = {
            **facts,
            "objects": [
                {
                    "object": change.sha256,
                    "replacement": objects.put(home, change.data),
                    "records": list(change.records),
                }
                for change in found.changes
            ],
            "landed": list(found.landed),
        }
        entry = ledger.append(home, "erasure", body, actor=actor, at=at)
        tidy(home)
    return entry


def tidy(home: Home) -> None:
    """Take away what still names those who were erased: again and again the same, so it ends what broke off.

    Past runs that were done again go, too: they read the objects of before by names of their own.
    """
    with writer_lock(home):
        entries = ledger.read_all(home)
        finish(home, entries)
        gone = erased(entries)
        for folder in (home.landing, home.master):
            for path in sorted(folder.rglob("*")) if folder.is_dir() else []:
                one = gone.get(objects.sha256_of_file(path)) if path.is_file() and not path.is_symlink() else None
                if one is not None and folder == home.landing:
                    path.unlink()
                elif one is not None:
                    path.write_bytes(objects.get(home, one.replacement))
        for path in (home.warehouse, home.warehouse.with_name(f"{home.warehouse.name}.wal")):
            path.unlink(missing_ok=True)
        for path in (home.as_of_dir, home.warehouse.parent / "dbt"):
            shutil.rmtree(path, ignore_errors=True)
