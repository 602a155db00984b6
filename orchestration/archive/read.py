"""An export back into a home: the same facts, reports and published tables, byte for byte.

An archive comes from elsewhere: nothing is written where its names lead out of the home, nothing is unpacked beyond
what it says, and every file must have the hash that the export noted. What does not belong here: whether the facts
belong together (facts/verify).
"""

import hashlib
import re
import shutil
import zipfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from orchestration.archive.write import CHECKSUMS, PARTS
from orchestration.defs.ingest.unpack import FileError, Unpacked, pieces, unsafe
from orchestration.facts.home import Home
from orchestration.facts.objects import Readable

_LISTED = re.compile(r"([0-9a-f]{64})  (.+)")
_CHECKSUMS_BYTES_MAX = 512 * 1024 * 1024


class ImportRefused(Exception):
    """The export cannot be taken in; one sentence that names the file."""


@dataclass(frozen=True, slots=True)
class Imported:
    """How many files were checked, and how many of them stand in the home now."""

    checked: int
    files: int


class Source(Protocol):
    """An export's files."""

    def names(self) -> Iterator[str]:
        """Every file by its name with slashes. Raises ImportRefused for one that could do harm."""

    def open(self, name: str) -> Readable:
        """Its bytes."""


class _Folder:
    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def names(self) -> Iterator[str]:
        for path in sorted(self._folder.rglob("*")):
            name = path.relative_to(self._folder).as_posix()
            if path.is_symlink():
                raise ImportRefused(f"{name} is a link: an export has none.")
            if path.is_file():
                yield name

    def open(self, name: str) -> Readable:
        return (self._folder / name).open("rb")


class _Zip:
    def __init__(self, archive: zipfile.ZipFile) -> None:
        self._archive = archive

    def names(self) -> Iterator[str]:
        for info in self._archive.infolist():
            problem = unsafe(info)
            if problem:
                raise ImportRefused(f"{info.filename} {problem}.")
            if not info.is_dir():
                yield info.filename

    def open(self, name: str) -> Readable:
        info = self._archive.getinfo(name)
        return Unpacked(name, self._archive.open(info), info.file_size, "member")


@contextmanager
def opened(source: Path) -> Iterator[Source]:
    """The export in a folder or a zip archive. Raises ImportRefused when it is neither."""
    if source.is_dir():
        yield _Folder(source)
        return
    try:
        with zipfile.ZipFile(source) as archive:
            yield _Zip(archive)
    except (OSError, zipfile.BadZipFile, NotImplementedError) as error:
        raise ImportRefused(f"{source} is neither a folder nor a whole zip archive ({error}).") from error


def import_home(source: Path, home: Home) -> Imported:
    """Make a home of an export: there whole, or not at all. Raises ImportRefused."""
    if home.root.exists() and not (home.root.is_dir() and not any(home.root.iterdir())):
        raise ImportRefused(f"{home.root} is not empty: import into a folder that is new.")
    unfinished = home.root.with_name(f".{home.root.name}.unfinished")
    if unfinished.exists():
        raise ImportRefused(f"{unfinished} was left by an import that broke off: remove it and try again.")
    try:
        with opened(source) as files:
            listed = _checksums(files)
            for name, sha256 in listed.items():
                _copy(files, name, sha256, unfinished)
        if not (unfinished / "master" / "network.yaml").is_file():
            raise ImportRefused(f"{source} holds no home: home/master/network.yaml is not in it.")
        if home.root.exists():
            home.root.rmdir()
        unfinished.rename(home.root)
    finally:
        shutil.rmtree(unfinished, ignore_errors=True)
    return Imported(len(listed), sum(name.startswith("home/") for name in listed))


def _checksums(files: Source) -> Mapping[str, str]:
    """What the export lists: exactly the files that are in it."""
    names = list(files.names())
    if CHECKSUMS not in names:
        raise ImportRefused(f"This is no export of evsettle: {CHECKSUMS} is not in it.")
    data = b""
    for piece in pieces(files.open(CHECKSUMS)):
        data += piece
        if len(data) > _CHECKSUMS_BYTES_MAX:
            raise ImportRefused(f"{CHECKSUMS} has more than {_CHECKSUMS_BYTES_MAX} bytes.")
    listed: dict[str, str] = {}
    for line in data.decode(errors="replace").splitlines():
        found = _LISTED.fullmatch(line)
        if found is None or found[2] in listed:
            raise ImportRefused(f"{CHECKSUMS} cannot be read at {line[:80]!r}.")
        listed[found[2]] = found[1]
    present = set(names) - {CHECKSUMS}
    if len(names) != len(present) + 1:
        raise ImportRefused("The export holds one name twice.")
    for name in sorted(present ^ listed.keys()):
        where = "is not in the export" if name in listed else "was added after the export was written"
        raise ImportRefused(f"{name} {where}: {CHECKSUMS} says otherwise.")
    return listed


def _copy(files: Source, name: str, sha256: str, folder: Path) -> None:
    """Check one file, and write it when it is of the home."""
    parts = name.split("/")
    if any(part in ("", ".", "..") or "\\" in part or ":" in part or not part.isprintable() for part in parts):
        raise ImportRefused(f"{name!r} leads out of the export.")
    is_ours = parts[0] == "home"
    if is_ours and (len(parts) < 3 or parts[1] not in PARTS):
        raise ImportRefused(f"{name} does not belong in a home.")
    digest = hashlib.sha256()
    try:
        stream = files.open(name)
        if is_ours:
            path = folder.joinpath(*parts[1:])
            path.parent.mkdir(parents=True, exist_ok=True)
            with path.open("xb") as written:
                for piece in pieces(stream):
                    digest.update(piece)
                    written.write(piece)
        else:
            for piece in pieces(stream):
                digest.update(piece)
    except (FileError, OSError, zipfile.BadZipFile) as error:
        raise ImportRefused(f"{name} cannot be read: {error}") from error
    if digest.hexdigest() != sha256:
        raise ImportRefused(f"{name} was changed after the export was written: its bytes do not give its hash.")
