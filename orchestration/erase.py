"""A person's token and contract ids taken out of all that was received: ids of the same shape, nobody's, stand there.

The same id becomes the same other id everywhere, so sessions, tokens and answers still meet, and no amount changes.
What comes out is random, not derived from the person, and nowhere written beside what it stands for. What does not
belong here: who may erase (the command), and what erasures are to a reader of the ledger (facts/erasures).
"""

import gzip
import io
import re
import secrets
import string
import zipfile
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from orchestration.defs.ingest.contract_ids import check_digit, is_check_digit_right
from orchestration.defs.ingest.unpack import FileError, decompress, is_gzip, is_zip, unsafe
from orchestration.facts import ledger, objects
from orchestration.facts.erasures import finish
from orchestration.facts.home import Home
from orchestration.facts.ledger import Entry
from orchestration.facts.lock import writer_lock
from orchestration.landed_records import split_landed

SHORTEST = 4
# Country and provider of a contract id say whose customer it is, not who.
_PROVIDER = 5
_SEPARATORS = re.compile(r"[-*_ .:]")


class EraseRefused(Exception):
    """An erasure cannot be done; one sentence with what to do."""


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


class Replacer:
    """Other ids in the place of a person's, wherever and however they are written: in any case, with any separators."""

    def __init__(self, ids: Sequence[str]) -> None:
        self._others: dict[str, str] = {}
        for given in ids:
            plain = _SEPARATORS.sub("", given)
            if len(plain) < SHORTEST or not plain.isascii() or not plain.isalnum():
                raise EraseRefused(f"{given!r} is no token or contract id: letters and digits, {SHORTEST} or more.")
            self._others[plain.upper()] = _other(plain.upper(), given)
        # The longest first: an id may be the beginning of another.
        names = sorted(self._others, key=len, reverse=True)
        alternatives = "|".join(r"[-*_ .:]?".join(re.escape(character) for character in name) for name in names)
        self._pattern = re.compile(rf"(?<![0-9A-Za-z])(?:{alternatives})(?![0-9A-Za-z])".encode(), re.IGNORECASE)

    def names(self, data: bytes) -> bool:
        """Whether the person is named."""
        return self._pattern.search(data) is not None

    def replaced(self, data: bytes) -> bytes:
        """The same without the person."""
        return self._pattern.sub(lambda found: self._written(found[0].decode()).encode(), data)

    def _written(self, found: str) -> str:
        """The other id with the separators and in the case of what stood there."""
        other = iter(self._others[_SEPARATORS.sub("", found).upper()])
        said = (character if _SEPARATORS.match(character) else (next(other), character) for character in found)
        return "".join(one if isinstance(one, str) else one[0].lower() if one[1].islower() else one[0] for one in said)


def _other(plain: str, given: str) -> str:
    """A random id of the same shape: digits for digits, letters for letters; a contract id keeps country and provider,
    and a check digit that is as right as it was."""
    is_contract = is_check_digit_right(given)
    kept = _PROVIDER if is_contract is not None or re.match(r"[A-Za-z]{2}[-*][0-9A-Za-z]{3}[-*]", given) else 0
    while True:
        made = plain[:kept] + "".join(_random(character) for character in plain[kept:])
        if is_contract:
            made = made[:-1] + check_digit(made[:-1])
        if made != plain:
            return made


def _random(like: str) -> str:
    if like.isdigit():
        return secrets.choice(string.digits)
    # Card numbers are hexadecimal, and stay so.
    return secrets.choice("ABCDEF" if like in "ABCDEF" else string.ascii_uppercase)


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
        changed = _changed(replacer, name, data, what)
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
            case "run-end":
                found.setdefault(entry.body["changes"], ("", f"the changes of run {entry.body['run']}", entry, None))
            case "seal":
                subject = f"{entry.body['period']}|{entry.body['partner']}"
                for name, sha256 in (*entry.body["files"].items(), *entry.body["tables"].items()):
                    found.setdefault(sha256, ("", f"the sealed {name} of {subject}", entry, None))
                if entry.body.get("lines"):
                    found.setdefault(entry.body["lines"]["stories"], ("", f"the lines of {subject}", entry, None))
    return found


def _changed(replacer: Replacer, name: str, data: bytes, what: str) -> bytes | None:
    """The file without the person; None when it does not name the person."""
    try:
        if is_zip(name):
            return _changed_archive(replacer, data)
        if is_gzip(name):
            content = decompress(name, data)
            return gzip.compress(replacer.replaced(content), mtime=0) if replacer.names(content) else None
    except (FileError, zipfile.BadZipFile, NotImplementedError, RuntimeError, OSError) as error:
        raise EraseRefused(f"{what} cannot be opened to look for the person ({error}).") from error
    return replacer.replaced(data) if replacer.names(data) else None


def _changed_archive(replacer: Replacer, data: bytes) -> bytes | None:
    written = io.BytesIO()
    is_changed = False
    with zipfile.ZipFile(io.BytesIO(data)) as before, zipfile.ZipFile(written, "w") as after:
        for info in before.infolist():
            # What is not read is not looked into: it is kept as a name alone.
            content = b"" if unsafe(info) else before.read(info)
            is_changed = is_changed or replacer.names(content)
            after.writestr(info, replacer.replaced(content), compress_type=zipfile.ZIP_DEFLATED)
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
            if _changed(replacer, path.name, path.read_bytes(), name) is not None:
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
        tidy(home, found, {item["object"]: item["replacement"] for item in body["objects"]})
    return entry


def tidy(home: Home, found: Plan, replaced: Mapping[str, str]) -> None:
    """Take away what still names the person outside the ledger."""
    entries = ledger.read_all(home)
    for name in found.landed:
        (home.root / name).unlink(missing_ok=True)
    for name in found.master:
        path = home.root / name
        path.write_bytes(objects.get(home, replaced[objects.sha256_of_file(path)]))
    finish(home, entries)
    for path in (home.warehouse, home.warehouse.with_name(f"{home.warehouse.name}.wal")):
        path.unlink(missing_ok=True)
