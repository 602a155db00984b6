"""Archives opened with suspicion: what a .gz unpacks to, and the members of a .zip, each piece counted.

Nothing is ever written to a path that an archive names. What does not belong here: what the content means.
"""

import gzip
import io
import re
import stat
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import IO, BinaryIO, cast

from orchestration.facts.objects import PIECE_BYTES, Readable

FILE_BYTES_MAX = 4 * 1024 * 1024 * 1024
# What is read as a whole (one JSON value, a bank statement) has to be in memory at once, a few times.
DOCUMENT_BYTES_MAX = 128 * 1024 * 1024
# Records repeat themselves, but not a hundred times over: what unpacks to more than this many times its size is a bomb.
RATIO_MAX = 200
# Below this nobody is hurt, whatever the ratio.
RATIO_FREE_BYTES = 64 * 1024 * 1024
MEMBERS_MAX = 10_000

_ARCHIVES = (".zip", ".gz", ".7z", ".rar", ".tar", ".tgz", ".bz2", ".xz", ".zst")
_DRIVE = re.compile(r"[A-Za-z]:")
_METHODS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)


class FileError(ValueError):
    """A file that cannot be read at all. The message is one sentence with a remedy."""


@dataclass(frozen=True, slots=True)
class Member:
    """One member of an archive, its place in it (from 1), and why it is not read, when it is not."""

    number: int
    name: str
    problem: str | None


class Unpacked:
    """What an archive unpacks to, read piece by piece. Raises FileError where it breaks off or gets too large."""

    def __init__(self, name: str, packed: Readable, limit: int, kind: str) -> None:
        self._name, self._packed, self._limit, self._kind = name, packed, limit, kind
        self._size = 0

    def read(self, size: int = -1, /) -> bytes:
        """Up to `size` bytes; nothing at the end."""
        room = self._limit - self._size + 1
        try:
            piece = self._packed.read(room if size < 0 else min(size, room))
        except (OSError, EOFError, zlib.error, zipfile.BadZipFile) as error:
            raise FileError(f"{self._name} is not a whole {self._kind} ({error}); ask for it again.") from error
        self._size += len(piece)
        if self._size > self._limit:
            raise FileError(f"{self._name} unpacks to more than {self._limit} bytes; split it and send the parts.")
        return piece


def is_gzip(name: str) -> bool:
    """Whether a file's name says that it is packed by gzip."""
    return name.lower().endswith(".gz")


def is_zip(name: str) -> bool:
    """Whether a file's name says that it is a zip archive."""
    return name.lower().endswith(".zip")


def unpacked(name: str, stream: Readable, size: int, limit: int = FILE_BYTES_MAX) -> Readable:
    """The content of a file of `size` bytes: unpacked when its name ends in .gz, else the stream itself.

    Reading raises FileError when the archive is broken or unpacks to more than it may.
    """
    if not is_gzip(name):
        return stream
    if size == 0:
        raise FileError(f"{name} is not a whole gzip archive (it is empty); ask for it again.")
    # GzipFile asks a file it reads for nothing but read().
    packed = gzip.GzipFile(mode="rb", fileobj=cast(BinaryIO, stream))
    return Unpacked(name, packed, min(limit, _limit(size)), "gzip archive")


def decompress(name: str, data: bytes, limit: int = DOCUMENT_BYTES_MAX) -> bytes:
    """All of a file's content at once. Raises FileError as `unpacked` does, and when it is too much to have at once."""
    if len(data) > limit:
        raise too_large(name, limit)
    content = unpacked(name, io.BytesIO(data), len(data), limit)
    return b"".join(pieces(content)) if is_gzip(name) else data


def too_large(name: str, limit: int) -> FileError:
    """A file that has to be read as a whole and is larger than it may be then."""
    return FileError(
        f"{name} has more than {limit} bytes in one document; ask for several files, "
        "or for NDJSON (one object a line) or CSV, which are read in any size."
    )


def pieces(stream: Readable) -> Iterator[bytes]:
    """A stream's bytes, a megabyte at a time."""
    while piece := stream.read(PIECE_BYTES):
        yield piece


def _limit(packed: int) -> int:
    return max(RATIO_FREE_BYTES, RATIO_MAX * packed)


@contextmanager
def zip_archive(name: str, file: IO[bytes]) -> Iterator[tuple[zipfile.ZipFile, list[Member]]]:
    """An archive and its members in order, folders and hidden files left out. Raises FileError when it is none."""
    try:
        archive = zipfile.ZipFile(file)
    except (zipfile.BadZipFile, OSError, ValueError, NotImplementedError) as error:
        raise FileError(f"{name} is not a whole zip archive ({error}); ask for it again.") from error
    with archive:
        infos = archive.infolist()
        if len(infos) > MEMBERS_MAX:
            raise FileError(f"{name} has {len(infos)} members, at most {MEMBERS_MAX} are read; send several archives.")
        yield archive, _members(infos)


def _members(infos: list[zipfile.ZipInfo]) -> list[Member]:
    members, seen, total = [], set[str](), 0
    for number, info in enumerate(infos, start=1):
        if info.is_dir() or any(part.startswith((".", "__MACOSX")) and part != ".." for part in _parts(info)):
            continue
        total += info.file_size
        problem = _problem(info)
        if problem is None and info.filename in seen:
            problem = "is in the archive twice; send each file once"
        if problem is None and total > FILE_BYTES_MAX:
            problem = f"would unpack the archive to more than {FILE_BYTES_MAX} bytes; send the parts by themselves"
        seen.add(info.filename)
        members.append(Member(number, info.filename, problem))
    return members


def _parts(info: zipfile.ZipInfo) -> list[str]:
    return info.filename.split("/")


def unsafe(info: zipfile.ZipInfo) -> str | None:
    """Why a member may do harm, by what the archive's directory says of it: its name, its kind, or its size."""
    name = info.filename
    if name.startswith("/") or "\\" in name or _DRIVE.match(name) or ".." in _parts(info) or not name.isprintable():
        return "has a name that leads out of the archive; rename it to a plain file name"
    if stat.S_ISLNK(info.external_attr >> 16):
        return "is a link; pack the file itself"
    if info.flag_bits & 1:
        return "is encrypted; send it without a password"
    if info.compress_type not in _METHODS:
        return "is packed by a method that is not read; pack it as a plain zip (deflate)"
    if info.file_size > _limit(info.compress_size):
        return f"unpacks to more than {RATIO_MAX} times its size; send it by itself, unpacked"
    return None


def _problem(info: zipfile.ZipInfo) -> str | None:
    """Why a member is not read."""
    if info.filename.lower().endswith(_ARCHIVES):
        return unsafe(info) or "is an archive in an archive; send it by itself"
    return unsafe(info)


def open_member(archive: zipfile.ZipFile, member: Member) -> Readable:
    """A member's content. Reading raises FileError when it is broken or larger than the archive says."""
    info = archive.infolist()[member.number - 1]
    try:
        packed = archive.open(info)
    except (zipfile.BadZipFile, OSError, NotImplementedError, RuntimeError) as error:
        raise FileError(f"{member.name} is not a whole member ({error}); ask for it again.") from error
    return Unpacked(member.name, packed, min(FILE_BYTES_MAX, info.file_size), "member")


def read_members(name: str, file: IO[bytes]) -> Iterator[tuple[Member, Readable]]:
    """Every member of an archive that can be read whole, each checked to its last byte before it is given out.

    Raises FileError when the archive itself is none.
    """
    with zip_archive(name, file) as (archive, members):
        for member in members:
            if member_problem(archive, member) is None:
                yield member, open_member(archive, member)


def refused_members(name: str, file: IO[bytes]) -> list[tuple[Member, str]]:
    """The members of an archive that are not read, each with the reason. Raises FileError as read_members does."""
    with zip_archive(name, file) as (archive, members):
        problems = [(member, member_problem(archive, member)) for member in members]
    return [(member, problem) for member, problem in problems if problem is not None]


def member_problem(archive: zipfile.ZipFile, member: Member) -> str | None:
    """Why a member is not read: what the directory says of it, or what shows when it is unpacked to its end."""
    if member.problem is not None:
        return f"{member.name} {member.problem}."
    try:
        for _ in pieces(open_member(archive, member)):
            pass
    except FileError as error:
        return str(error)
    return None
