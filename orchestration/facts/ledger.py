"""The ledger: one chain and one total order for all that happened, `ledger/NNNNNNNNN.json`.

Each file is one entry in canonical JSON (sorted keys, no spaces, UTF-8) and a newline. The hash
covers seq, kind, at, actor, previous_hash and body, so no byte can change without a trace. The
order of entries is the order of their numbers; `at` never goes back.
What does not belong here: the meaning of a body (landing, decisions, the run).
"""

import hashlib
import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from orchestration.facts.atomic import clean_leftovers, write_new
from orchestration.facts.home import Home
from orchestration.facts.lock import writer_lock

KINDS = ("arrival", "master", "run", "run-end", "decision", "seal", "erasure")
NO_PREVIOUS = "0" * 64
_NAME = re.compile(r"(\d{9})\.json")
_FIELDS = {"seq", "kind", "at", "actor", "previous_hash", "hash", "body"}
_ATTEMPTS = 100


class LedgerError(Exception):
    """An entry cannot be appended or read; the message is one sentence with the remedy."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One entry. `at` is UTC as text (2026-11-01T00:00:00Z, microseconds only when there are any)."""

    seq: int
    kind: str
    at: str
    actor: str
    previous_hash: str
    hash: str
    body: Mapping[str, Any]

    @property
    def time(self) -> datetime:
        """`at` as an aware UTC instant."""
        return parse_at(self.at)

    @property
    def is_finished_run(self) -> bool:
        """Whether this is the end of a run that ended well: only those counted."""
        return self.kind == "run-end" and self.body.get("outcome") == "done"


def finished(entries: Iterable[Entry]) -> list[Entry]:
    """The ends of all runs that ended well, in order."""
    return [entry for entry in entries if entry.is_finished_run]


def parse_at(text: str) -> datetime:
    """An instant written with a designator or offset, as UTC. Raises LedgerError for anything else."""
    try:
        instant = datetime.fromisoformat(text)
    except ValueError:
        instant = None
    if instant is None or instant.tzinfo is None:
        raise LedgerError(f"{text!r} is not an instant: write it in UTC, as 2026-11-01T00:00:00Z.")
    return instant.astimezone(UTC)


def format_at(instant: datetime) -> str:
    """An aware instant as the ledger writes it. Raises LedgerError when it has no zone."""
    if instant.tzinfo is None:
        raise LedgerError(f"{instant} has no time zone: the ledger only takes UTC instants.")
    return instant.astimezone(UTC).replace(tzinfo=None).isoformat() + "Z"


def canonical(value: object) -> bytes:
    """Canonical JSON: sorted keys, no spaces, UTF-8, no floats. Raises LedgerError for what it cannot hold."""
    _refuse_inexact(value, "body")
    try:
        return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()
    except (TypeError, UnicodeEncodeError) as error:
        raise LedgerError(f"The entry cannot be written as canonical JSON: {error}.") from None


def _refuse_inexact(value: object, place: str) -> None:
    # A float prints differently from what was meant; a key that is no text is silently converted.
    if isinstance(value, float):
        raise LedgerError(f"{place} is the float {value!r}: write exact numbers as text.")
    if isinstance(value, Mapping):
        for key, item in value.items():
            if not isinstance(key, str):
                raise LedgerError(f"{place} has the key {key!r}, which is not text.")
            _refuse_inexact(item, f"{place}.{key}")
    elif isinstance(value, list | tuple):
        for index, item in enumerate(value):
            _refuse_inexact(item, f"{place}[{index}]")


def entry_path(home: Home, seq: int) -> Path:
    """The file of an entry."""
    return home.ledger_dir / f"{seq:09d}.json"


def append(
    home: Home, kind: str, body: Mapping[str, Any], actor: str, at: str | datetime, after: int | None = None
) -> Entry:
    """Append one entry and return it once it is on disk.

    `at` may not precede the head's; `after` is the entry that the body was made from, and must still be the head.
    Raises LedgerError for these, for an unknown kind and for a body that canonical JSON cannot hold; LockHeld when
    another process keeps writing.
    """
    if kind not in KINDS:
        raise LedgerError(f"{kind!r} is not a kind of ledger entry: use one of {', '.join(KINDS)}.")
    time = parse_at(at) if isinstance(at, str) else at
    with writer_lock(home):
        clean_leftovers(home)
        for _ in range(_ATTEMPTS):
            last = head(home)
            if after is not None and (last is None or last.seq != after):
                raise LedgerError(f"The ledger has grown since entry {after}: nothing was written, do it again.")
            entry = _next(last, kind, body, actor, time)
            try:
                write_new(home, _render(entry), entry_path(home, entry.seq))
            except FileExistsError:
                # A writer that our lock does not reach (another host) was first: its entry stands.
                continue
            return entry
    raise LedgerError(f"The ledger of {home.root} grows faster than an entry can be added: stop the other writers.")


def _next(last: Entry | None, kind: str, body: Mapping[str, Any], actor: str, time: datetime) -> Entry:
    at = format_at(time)
    if last is not None and parse_at(at) < last.time:
        raise LedgerError(
            f"{at} is before {last.at}, the time of the ledger's last entry ({last.seq}): "
            "what happens now cannot be dated before it; give that time or a later one."
        )
    unsigned = {
        "seq": 1 if last is None else last.seq + 1,
        "kind": kind,
        "at": at,
        "actor": actor,
        "previous_hash": NO_PREVIOUS if last is None else last.hash,
        "body": dict(body),
    }
    # Read back what will be written, so that the returned entry is the one a reader sees.
    return _entry(json.loads(canonical(unsigned | {"hash": _hash(unsigned)})))


def _hash(fields: Mapping[str, Any]) -> str:
    return hashlib.sha256(canonical({name: fields[name] for name in _FIELDS - {"hash"}})).hexdigest()


def fields_of(entry: Entry) -> dict[str, Any]:
    """An entry as its file holds it."""
    return {name: getattr(entry, name) for name in _FIELDS}


def entry_of(fields: object) -> Entry:
    """The entry that these fields are. Raises LedgerError when they are none, or do not give their hash."""
    if not _is_entry(fields):
        raise LedgerError("This is no entry of a ledger.")
    assert isinstance(fields, dict)
    if _hash(fields) != fields["hash"]:
        raise LedgerError(
            f"Entry {fields['seq']} was changed after it was written: its content does not give its hash."
        )
    return _entry(fields)


def _render(entry: Entry) -> bytes:
    return canonical(fields_of(entry)) + b"\n"


def _entry(fields: Mapping[str, Any]) -> Entry:
    return Entry(**{name: fields[name] for name in _FIELDS})


def _is_entry(fields: object) -> bool:
    if not isinstance(fields, dict) or set(fields) != _FIELDS:
        return False
    texts = all(isinstance(fields[name], str) for name in ("kind", "at", "actor", "previous_hash", "hash"))
    return texts and type(fields["seq"]) is int and isinstance(fields["body"], dict)


def _read(home: Home, path: Path) -> Entry:
    try:
        fields = json.loads(path.read_bytes())
        if not _is_entry(fields):
            raise ValueError("it is not an entry")
    except (OSError, ValueError) as error:
        raise LedgerError(
            f"{home.relative(path)} cannot be read ({error}): `evsettle verify` lists what changed, "
            "restore the file from a backup."
        ) from None
    return _entry(fields)


def _numbers(home: Home) -> list[int]:
    if not home.ledger_dir.is_dir():
        return []
    names = (_NAME.fullmatch(path.name) for path in home.ledger_dir.iterdir())
    return sorted(int(name[1]) for name in names if name)


def read_all(home: Home) -> list[Entry]:
    """All entries in order. Checks nothing but that each can be read (LedgerError names the file)."""
    return [_read(home, entry_path(home, seq)) for seq in _numbers(home)]


def head(home: Home) -> Entry | None:
    """The last entry, None for an empty ledger."""
    numbers = _numbers(home)
    return _read(home, entry_path(home, numbers[-1])) if numbers else None


def check_chain(home: Home) -> list[str]:
    """What is wrong with the chain, one sentence a fault with the file named; empty when intact."""
    problems = [
        f"{home.relative(path)} does not belong in the ledger: entries are named NNNNNNNNN.json."
        for path in sorted(home.ledger_dir.iterdir() if home.ledger_dir.is_dir() else [])
        if path.is_file() and not _NAME.fullmatch(path.name)
    ]
    previous: Entry | None = None
    expected = 1
    for seq in _numbers(home):
        path = entry_path(home, seq)
        name = home.relative(path)
        if seq != expected:
            missing = f"{expected:09d}.json" + (f" to {seq - 1:09d}.json" if seq - 1 > expected else "")
            problems.append(f"ledger/{missing} is missing: the chain has a gap before {name}.")
        try:
            entry = _read(home, path)
            problems += _faults(entry, previous, name, path.read_bytes(), is_linked=seq == expected)
        except LedgerError as error:
            problems.append(str(error))
            entry = None
        previous = entry
        expected = seq + 1
    return problems


def _faults(entry: Entry, previous: Entry | None, name: str, stored: bytes, is_linked: bool) -> list[str]:
    problems = []
    if int(name[-14:-5]) != entry.seq:
        problems.append(f"{name} says it is entry {entry.seq}: its name and its number differ.")
    try:
        is_intact = entry.hash == _hash(fields_of(entry)) and stored == _render(entry)
        time = entry.time
    except LedgerError:
        return [*problems, f"{name} was changed after it was written: its content is no entry any more."]
    if not is_intact:
        problems.append(f"{name} was changed after it was written: its bytes do not give its hash.")
    if entry.seq == 1 and entry.previous_hash != NO_PREVIOUS:
        problems.append(f"{name} is the first entry but follows another one.")
    if previous is None or not is_linked:
        return problems
    if entry.previous_hash != previous.hash:
        problems.append(f"{name} does not follow entry {previous.seq}: the chain forks here.")
    try:
        is_backwards = time < previous.time
    except LedgerError:
        return problems
    if is_backwards:
        problems.append(f"{name} is dated {entry.at}, before entry {previous.seq} ({previous.at}).")
    return problems
