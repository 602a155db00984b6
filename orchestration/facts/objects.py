"""The bytes behind the ledger: `ledger/objects/<sha256>.zst`, named by the hash of their content."""

import hashlib
import re
from pathlib import Path

import zstandard

from orchestration.facts.atomic import write_new
from orchestration.facts.home import Home
from orchestration.facts.lock import writer_lock

_SHA256 = re.compile(r"[0-9a-f]{64}")
_LEVEL = 6


class ObjectError(Exception):
    """An object is missing or damaged; the message names its file."""


def sha256_of(data: bytes) -> str:
    """Lower-case hex SHA-256."""
    return hashlib.sha256(data).hexdigest()


def object_path(home: Home, sha256: str) -> Path:
    """Where the object of this hash stands. Raises ObjectError when it is no SHA-256."""
    if not _SHA256.fullmatch(sha256):
        raise ObjectError(f"{sha256!r} is not a SHA-256 in lower-case hex, so no object can have that name.")
    return home.objects_dir / f"{sha256}.zst"


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
            write_new(home, stored, path)
        except FileExistsError:
            return sha256
    return sha256


def get(home: Home, sha256: str) -> bytes:
    """The bytes of an object, checked against its name. Raises ObjectError when missing or damaged."""
    path = object_path(home, sha256)
    name = home.relative(path)
    try:
        stored = path.read_bytes()
    except FileNotFoundError:
        raise ObjectError(f"{name} is missing: restore it from a backup of the ledger.") from None
    # Streaming, not decompress(): a damaged frame header could name a size that no memory holds.
    stream = zstandard.ZstdDecompressor().decompressobj()
    try:
        data = stream.decompress(stored)
    except zstandard.ZstdError as error:
        raise ObjectError(f"{name} is damaged ({error}): restore it from a backup of the ledger.") from None
    if not stream.eof or stream.unused_data or sha256_of(data) != sha256:
        raise ObjectError(
            f"{name} is damaged (its content does not hash to its name): restore it from a backup of the ledger."
        )
    return data
