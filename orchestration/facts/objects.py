"""The bytes behind the ledger: `ledger/objects/<sha256>.zst`, named by the hash of their content.

A file is one Zstandard frame and one skippable frame (RFC 8878, 3.1.2) that holds the first one's SHA-256: a frame has
bits that a decoder passes over, so that its content alone does not tell whether the file is as it was written.
Any Zstandard tool reads it. Files of earlier versions have no second frame.
"""

import hashlib
import json
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, BinaryIO, Protocol

import zstandard

from orchestration.facts.atomic import give_name, unnamed_file, write_new
from orchestration.facts.home import Home
from orchestration.facts.lock import writer_lock

_SHA256 = re.compile(r"[0-9a-f]{64}")
_LEVEL = 6
PIECE_BYTES = 1024 * 1024
# The second frame: a skippable frame's magic number, the size of what follows, the hash.
_SEAL_HEAD = bytes.fromhex("5e2a4d18") + hashlib.sha256().digest_size.to_bytes(4, "little")
_SEAL_BYTES = len(_SEAL_HEAD) + hashlib.sha256().digest_size


class Readable(Protocol):
    """Anything that gives its bytes piece by piece."""

    def read(self, size: int = -1, /) -> bytes:
        """Up to `size` bytes; nothing at the end."""


class ObjectError(Exception):
    """An object is missing or damaged; the message names its file."""


def sha256_of(data: bytes) -> str:
    """Lower-case hex SHA-256."""
    return hashlib.sha256(data).hexdigest()


def sha256_of_file(path: Path) -> str:
    """SHA-256 of a file of any size. Raises OSError."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def object_path(home: Home, sha256: str) -> Path:
    """Where the object of this hash stands. Raises ObjectError when it is no SHA-256."""
    if not _SHA256.fullmatch(sha256):
        raise ObjectError(f"{sha256!r} is not a SHA-256 in lower-case hex, so no object can have that name.")
    return home.objects_dir / f"{sha256}.zst"


def redirect_path(home: Home, sha256: str) -> Path:
    """The file that names what stands in the place of an object that was erased."""
    return object_path(home, sha256).with_suffix(".erased")


def read_redirect(home: Home, path: Path) -> Mapping[str, Any]:
    """What such a file says: `replacement`, and `records`: hash by position. Raises ObjectError when damaged."""
    try:
        found = json.loads(path.read_bytes())
        if isinstance(found["replacement"], str) and isinstance(found["records"], dict):
            return dict(found)
    except (ValueError, KeyError, TypeError):
        pass
    raise ObjectError(f"{home.relative(path)} is damaged: `evsettle erase --finish` writes it anew.")


def has(home: Home, sha256: str) -> bool:
    """Whether the object is stored; its content is not checked."""
    return object_path(home, sha256).is_file()


def put(home: Home, data: bytes) -> str:
    """Store bytes and return their SHA-256. Storing the same bytes again does nothing."""
    sha256 = sha256_of(data)
    path = object_path(home, sha256)
    if path.is_file():
        return sha256
    stored = zstandard.ZstdCompressor(level=_LEVEL, write_checksum=True).compress(data)
    with writer_lock(home):
        try:
            write_new(home, stored + _SEAL_HEAD + hashlib.sha256(stored).digest(), path)
        except FileExistsError:
            return sha256
    return sha256


def put_stream(home: Home, source: Readable, expected: str | None = None) -> tuple[str, int]:
    """Store what a stream gives, in pieces, whatever its size; returns its SHA-256 and how many bytes it has.

    Raises ObjectError when it is not the `expected` one: the file was changed meanwhile.
    """
    if expected is not None and has(home, expected):
        return expected, sum(len(piece) for piece in iter(lambda: source.read(PIECE_BYTES), b""))
    digest, frame, size = hashlib.sha256(), hashlib.sha256(), 0
    with writer_lock(home), unnamed_file(home) as file:
        compressor = zstandard.ZstdCompressor(level=_LEVEL, write_checksum=True).compressobj()
        while piece := source.read(PIECE_BYTES):
            digest.update(piece)
            size += len(piece)
            stored = compressor.compress(piece)
            frame.update(stored)
            file.write(stored)
        stored = compressor.flush()
        frame.update(stored)
        file.write(stored + _SEAL_HEAD + frame.digest())
        sha256 = digest.hexdigest()
        if expected not in (None, sha256):
            raise ObjectError(f"{expected} was changed while it was stored: the next run takes it in.")
        with suppress(FileExistsError):
            give_name(file, object_path(home, sha256))
    return sha256, size


def get(home: Home, sha256: str) -> bytes:
    """The bytes of an object, checked against its name. Raises ObjectError when missing or damaged."""
    with opened(home, sha256) as stream:
        return b"".join(iter(lambda: stream.read(PIECE_BYTES), b""))


@contextmanager
def opened(home: Home, sha256: str) -> Iterator["ObjectStream"]:
    """An object to be read in pieces. Reading raises ObjectError as soon as it shows that it is damaged."""
    path = object_path(home, sha256)
    if not path.is_file() and (redirect := redirect_path(home, sha256)).is_file():
        sha256 = read_redirect(home, redirect)["replacement"]
        path = object_path(home, sha256)
    name = home.relative(path)
    try:
        with path.open("rb") as file:
            yield ObjectStream(file, name, sha256)
    except FileNotFoundError:
        raise ObjectError(f"{name} is missing: restore it from a backup of the ledger.") from None


class ObjectStream:
    """The bytes of an object, piece by piece; the last piece comes only when all of them hash to its name."""

    def __init__(self, file: BinaryIO, name: str, sha256: str) -> None:
        self._file, self._name, self._sha256 = file, name, sha256
        # Streaming, not decompress(): a damaged frame header could name a size that no memory holds.
        self._frame = zstandard.ZstdDecompressor().decompressobj()
        self._digest = hashlib.sha256()
        self._stored = hashlib.sha256()
        self._ready = bytearray()
        self._is_over = False

    def read(self, size: int = -1) -> bytes:
        """Up to `size` bytes, all that is left for -1; nothing at the end."""
        while not self._is_over and (size < 0 or len(self._ready) < size):
            self._fill()
        count = len(self._ready) if size < 0 else min(size, len(self._ready))
        piece = bytes(memoryview(self._ready)[:count])
        del self._ready[:count]
        return piece

    def _fill(self) -> None:
        stored = self._file.read(PIECE_BYTES)
        try:
            piece = self._frame.decompress(stored) if stored and not self._frame.eof else b""
        except zstandard.ZstdError as error:
            raise ObjectError(f"{self._name} is damaged ({error}): restore it from a backup of the ledger.") from None
        self._digest.update(piece)
        self._ready += piece
        self._stored.update(stored.removesuffix(self._frame.unused_data))
        if not stored or self._frame.eof:
            self._is_over = True
            if not self._frame.eof or self._digest.hexdigest() != self._sha256:
                raise self._damaged()
            if self._frame.unused_data + self._file.read(_SEAL_BYTES) not in (b"", _SEAL_HEAD + self._stored.digest()):
                raise self._damaged()

    def _damaged(self) -> ObjectError:
        return ObjectError(
            f"{self._name} is damaged (its content does not hash to its name): restore it from a backup of the ledger."
        )
