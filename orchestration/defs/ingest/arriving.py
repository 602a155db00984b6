"""What an arrival entry says of one landed file: its bytes, its records, and what came beside or inside it.

An archive is a file with a record for each member that is not read; every other member is a file of its own,
named `<archive>!<member>`. What does not belong here: which files are looked at (inbox, landing).
"""

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import Any

from orchestration.defs.ingest.feed_mapping import FeedMapping, read_any_mapping
from orchestration.defs.ingest.file_ends import is_end_there
from orchestration.defs.ingest.files import Bytes, LandedFile, ObjectBytes, PathBytes, file_chunks, spooled
from orchestration.defs.ingest.inbox import MANIFEST_ENDING, UNFINISHED_SECONDS, age_seconds
from orchestration.defs.ingest.mapping import Mapping as CsvMapping
from orchestration.defs.ingest.mapping import MappingError, mapping_path
from orchestration.defs.ingest.record_chunks import RecordChunk
from orchestration.defs.ingest.unpack import FileError, is_zip, read_members
from orchestration.facts import objects
from orchestration.facts.home import Home
from orchestration.facts.merkle import merkle_root

_MANIFEST_BYTES_MAX = 64 * 1024
# OCPI tells it as a header of a page, and people in words of their own.
_COUNT_NAMES = ("record_count", "records", "count", "row_count", "rows", "total_count", "X-Total-Count")
STATED_SUMS = ("energy_kwh", "amount_excl_tax", "amount_incl_tax")


class ManifestError(ValueError):
    """A manifest cannot be read; the message is one sentence with the remedy."""


class Unfinished(Exception):
    """The file may still be coming; the message is one sentence."""


@dataclass(slots=True)
class Ledgered:
    """What the ledger knows already: the next file's number, and which file brought which bytes first."""

    file_seq: int
    originals: dict[tuple[str, str], int]
    known: set[tuple[str, str]]

    @classmethod
    def of(cls, taken: Iterable[Mapping[str, Any]]) -> "Ledgered":
        """From the files of all arrival entries, in order."""
        files = list(taken)
        return cls(
            max((file["file_seq"] for file in files), default=0),
            {(file["feed"], file["sha256"]): file["file_seq"] for file in reversed(files) if file["replays"] is None},
            {(file["path"], file["sha256"]) for file in files},
        )


@dataclass(frozen=True, slots=True)
class _Counted:
    count: int
    root: str
    last_problem: str | None


@dataclass(slots=True)
class _Tally:
    """Record hashes on their way to the root, counted, with the last record's problem."""

    chunks: Iterator[RecordChunk]
    count: int = 0
    last_problem: str | None = field(default=None)

    def hashes(self) -> Iterator[str]:
        for chunk in self.chunks:
            self.count += len(chunk)
            self.last_problem = chunk.problems[-1]
            yield from chunk.sha256s


def files_of(home: Home, path: Path, content: PathBytes, ledgered: Ledgered) -> list[dict[str, object]]:
    """The items of an arrival entry for one landed file, its bytes stored first.

    Raises Unfinished when it may still be coming, ManifestError when its manifest cannot be read, ObjectError when
    it changed meanwhile.
    """
    _, source, feed, name = home.relative(path).split("/", 3)
    landed = LandedFile(source, feed, name)
    stated = _manifest(path)
    mapping = standing_mapping(home, source, feed)
    is_known = (feed, content.sha256) in ledgered.originals
    counted = _Counted(0, merkle_root([]), None) if is_known else _count(landed, content, mapping)
    if not is_known:
        _wait_for_the_end(path, counted, stated)
    with content.open() as stream:
        objects.put_stream(home, stream, content.sha256)
    files = [_item(landed, content, counted, ledgered)]
    if stated is not None:
        files[0]["stated"] = stated
    if is_zip(name) and not is_known:
        files += _members(home, landed, ObjectBytes(home, content.size, content.sha256), mapping, ledgered)
    return files


def standing_mapping(home: Home, source: str, feed: str) -> CsvMapping | FeedMapping | None:
    """The mapping as it stands now; only its header line matters here, so a broken one reads like none."""
    path = home.root / mapping_path(source, feed)
    try:
        return read_any_mapping(home.relative(path), path.read_bytes(), feed) if path.is_file() else None
    except (MappingError, OSError):
        return None


def _count(landed: LandedFile, content: Bytes, mapping: CsvMapping | FeedMapping | None) -> _Counted:
    tally = _Tally(file_chunks(landed, content, mapping))
    root = merkle_root(tally.hashes())
    return _Counted(tally.count, root, tally.last_problem)


def _item(landed: LandedFile, content: Bytes, counted: _Counted, ledgered: Ledgered) -> dict[str, object]:
    ledgered.file_seq += 1
    replays = ledgered.originals.setdefault((landed.feed, content.sha256), ledgered.file_seq)
    return {
        "path": f"landing/{landed.subject}", "source": landed.source, "feed": landed.feed,
        "file_name": landed.file_name, "size": content.size, "sha256": content.sha256, "file_seq": ledgered.file_seq,
        "record_count": counted.count, "merkle_root": counted.root,
        "replays": replays if replays != ledgered.file_seq else None,
    }  # fmt: skip


def _members(
    home: Home,
    landed: LandedFile,
    archive: ObjectBytes,
    mapping: CsvMapping | FeedMapping | None,
    ledgered: Ledgered,
) -> list[dict[str, object]]:
    """Every member that is read, as a file of its own."""
    files = []
    try:
        with spooled(archive) as file:
            for member, stream in read_members(landed.file_name, file):
                sha256, size = objects.put_stream(home, stream)
                stored = ObjectBytes(home, size, sha256)
                part = LandedFile(landed.source, landed.feed, f"{landed.file_name}!{member.name}")
                is_known = (landed.feed, stored.sha256) in ledgered.originals
                counted = _Counted(0, merkle_root([]), None) if is_known else _count(part, stored, mapping)
                files.append(_item(part, stored, counted, ledgered))
    except FileError:
        # The archive's own record says so.
        return files
    return files


def _wait_for_the_end(path: Path, counted: _Counted, stated: Mapping[str, object] | None) -> None:
    """Raise Unfinished for a young file whose last record is broken, or that lacks records its manifest states.

    Where the file's own end is there, what is broken stays so: nothing more is coming.
    """
    expected = stated and stated.get("record_count")
    is_short = isinstance(expected, int) and counted.count < expected
    is_cut = counted.last_problem is not None and not is_end_there(path)
    if (is_cut or is_short) and age_seconds(path) < UNFINISHED_SECONDS:
        reason = counted.last_problem or f"it has {counted.count} of {expected} records that its manifest states"
        raise Unfinished(
            f"may still be coming ({reason.rstrip('.')}); it is taken in once it is whole, "
            f"or as it is {UNFINISHED_SECONDS / 60:.0f} minutes after it was last written."
        )


def _manifest(path: Path) -> dict[str, object] | None:
    """What `<file>.manifest.json` states: `record_count`, and `sums` by name as decimals in text."""
    beside = path.with_name(path.name + MANIFEST_ENDING)
    try:
        if not beside.is_file() or beside.is_symlink():
            return None
        with beside.open("rb") as file:
            data = file.read(_MANIFEST_BYTES_MAX + 1)
    except OSError as error:
        raise ManifestError(f"cannot be read ({error.strerror}); give evsettle the right to read it.") from None
    try:
        stated = json.loads(data.decode("utf-8-sig"), parse_float=Decimal, parse_int=Decimal)
        named = [name for name in _COUNT_NAMES if stated.get(name) is not None]
        count = stated[named[0] if named else _COUNT_NAMES[0]]
        sums = {**stated, **(stated.get("sums") or {})}
        if len(data) > _MANIFEST_BYTES_MAX or count != int(count) or count < 0:
            raise ValueError
        return {
            "record_count": int(count),
            "sums": {name: format(_decimal(sums[name]), "f") for name in STATED_SUMS if sums.get(name) is not None},
        }
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError, InvalidOperation):
        raise ManifestError(
            'is not a manifest; write it as {"record_count": 120, "sums": {"energy_kwh": "1834.2"}}, '
            f"with sums of {', '.join(STATED_SUMS)}, or remove it."
        ) from None


def _decimal(value: object) -> Decimal:
    number = Decimal(str(value))
    if not number.is_finite() or abs(number) >= Decimal(10) ** 10:
        raise ValueError
    return number
