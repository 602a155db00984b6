"""A landed file as records: JSON by its structure, CSV by its lines; what cannot be opened is one record.

What does not belong here: how JSON is cut into records (records, record_stream), archives (unpack).
"""

import hashlib
import io
import tempfile
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass
from itertools import islice
from pathlib import Path, PurePath
from typing import Protocol

from orchestration.defs.ingest.csv_records import stream_lines
from orchestration.defs.ingest.feed_mapping import FeedMapping
from orchestration.defs.ingest.mapping import Format, Mapping
from orchestration.defs.ingest.other_kinds import HEAD_BYTES, other_kind
from orchestration.defs.ingest.payments import split_payments
from orchestration.defs.ingest.record_chunks import RecordChunk, chunks_of_records
from orchestration.defs.ingest.record_stream import stream_chunks
from orchestration.defs.ingest.records import RawRecord
from orchestration.defs.ingest.unpack import (
    DOCUMENT_BYTES_MAX,
    FileError,
    decompress,
    is_gzip,
    is_zip,
    pieces,
    refused_members,
    too_large,
    unpacked,
)
from orchestration.facts import objects
from orchestration.facts.home import Home
from orchestration.facts.objects import Readable

_CSV_ENDINGS = (".csv", ".tsv", ".txt")
_SPOOL_BYTES = 32 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class LandedFile:
    """Where a file stands in landing/."""

    source: str
    feed: str
    file_name: str

    @property
    def subject(self) -> str:
        """As decisions name it: <source>/<feed>/<file>."""
        return f"{self.source}/{self.feed}/{self.file_name}"


class Bytes(Protocol):
    """A file's bytes wherever they are: how many, their SHA-256, and a stream of them each time one is asked for."""

    @property
    def size(self) -> int:
        """How many bytes there are."""

    @property
    def sha256(self) -> str:
        """Their SHA-256 in hex."""

    def open(self) -> AbstractContextManager[Readable]:
        """From the first one on."""


@dataclass(frozen=True, slots=True)
class PathBytes:
    """A file that stands in landing/, as it was at its last change, `modified`, in nanoseconds."""

    path: Path
    size: int
    modified: int
    sha256: str

    def open(self) -> AbstractContextManager[Readable]:
        """From the first byte on."""
        return self.path.open("rb")


@dataclass(frozen=True, slots=True)
class ObjectBytes:
    """A file that the ledger has."""

    home: Home
    size: int
    sha256: str

    def open(self) -> AbstractContextManager[Readable]:
        """From the first byte on; reading checks them against the hash."""
        return objects.opened(self.home, self.sha256)


@dataclass(frozen=True, slots=True)
class GivenBytes:
    """Bytes in memory."""

    data: bytes

    @property
    def size(self) -> int:
        """How many there are."""
        return len(self.data)

    @property
    def sha256(self) -> str:
        """Their SHA-256 in hex."""
        return hashlib.sha256(self.data).hexdigest()

    def open(self) -> AbstractContextManager[Readable]:
        """From the first one on."""
        return nullcontext(io.BytesIO(self.data))


def is_csv(file: LandedFile, mapping: Mapping | FeedMapping | None) -> bool:
    """Whether the file is read by lines: its ending says so, or its feed has a mapping and it is no JSON."""
    name = file.file_name.lower().removesuffix(".gz")
    if name.endswith(_CSV_ENDINGS):
        return True
    return mapping is not None and PurePath(name).suffix not in (".json", ".ndjson", ".jsonl", ".zip")


def format_of(file: LandedFile, mapping: Mapping | FeedMapping | None) -> Format:
    """How a CSV file is written: as its mapping says, else with commas, or with tabs where its ending says so."""
    if mapping is not None:
        return mapping.format
    return Format(delimiter="\t" if file.file_name.lower().removesuffix(".gz").endswith(".tsv") else ",")


def records_of(file: LandedFile, data: bytes, mapping: Mapping | FeedMapping | None) -> list[RawRecord]:
    """Every record of the file in order. One that cannot be unpacked is one record at position 0 with its problem."""
    return [record for chunk in file_chunks(file, GivenBytes(data), mapping) for record in chunk.records()]


def file_chunks(
    file: LandedFile, content: Bytes, mapping: Mapping | FeedMapping | None, file_seq: int = 0
) -> Iterator[RecordChunk]:
    """The same as chunks: of NDJSON and CSV no more than a chunk is in memory at once, whatever the file's size."""
    try:
        if content.size == 0 and not is_gzip(file.file_name):
            raise FileError(f"{file.file_name} is empty; ask for it again (nothing to send is [] or a header line).")
        if is_zip(file.file_name):
            yield from chunks_of_records(file_seq, refused_records(file.file_name, content))
        elif file.feed == "payments":
            yield from chunks_of_records(file_seq, split_payments(whole_bytes(file, content)))
        elif is_csv(file, mapping):
            yield from chunks_of_records(file_seq, islice(csv_lines(file, content, format_of(file, mapping)), 1, None))
        else:
            yield from _streamed(file, content, file_seq)
    except FileError as error:
        yield from chunks_of_records(file_seq, [RawRecord(0, "", content.sha256, str(error))])


def records_in(file: LandedFile, content: Bytes, mapping: Mapping | FeedMapping | None) -> Iterator[RawRecord]:
    """The records one by one. Raises FileError before the first one, when the file as a whole cannot be read."""
    for chunk in file_chunks(file, content, mapping):
        for record in chunk.records():
            if record.position == 0:
                raise FileError(record.problem or "the file cannot be read.")
            yield record


def csv_lines(file: LandedFile, content: Bytes, form: Format) -> Iterator[RawRecord]:
    """The lines of a CSV file that are not blank, the header first. Raises FileError before the first one."""
    _check_content(file, content)
    return stream_lines(lambda: _opened(file, content), form)


def _streamed(file: LandedFile, content: Bytes, file_seq: int) -> Iterator[RecordChunk]:
    _check_content(file, content)
    with _opened(file, content) as stream:
        yield from stream_chunks(file_seq, file.file_name, stream)


@contextmanager
def _opened(file: LandedFile, content: Bytes) -> Iterator[Readable]:
    with content.open() as packed:
        yield unpacked(file.file_name, packed, content.size)


def _check_content(file: LandedFile, content: Bytes) -> None:
    """That it is text at all; an archive once to its end first: of one that breaks off nothing is used."""
    with _opened(file, content) as stream:
        if (other := other_kind(stream.read(HEAD_BYTES))) is not None:
            raise FileError(f"{file.file_name} {other}.")
        if is_gzip(file.file_name):
            for _ in pieces(stream):
                pass


def whole_bytes(file: LandedFile, content: Bytes) -> bytes:
    """All of a file at once. Raises FileError when that is too much."""
    if content.size > DOCUMENT_BYTES_MAX:
        raise too_large(file.file_name, DOCUMENT_BYTES_MAX)
    with content.open() as stream:
        return decompress(file.file_name, b"".join(pieces(stream)))


def refused_records(name: str, content: Bytes) -> list[RawRecord]:
    """The members of an archive that are not read, one record each at the member's place in it.

    The others are files of their own, `<archive>!<member>`. Raises FileError when the archive cannot be opened.
    """
    with spooled(content) as file:
        refused = refused_members(name, file)
    return [
        RawRecord(member.number, member.name, hashlib.sha256(member.name.encode()).hexdigest(), problem)
        for member, problem in refused
    ]


def spooled(content: Bytes) -> tempfile.SpooledTemporaryFile[bytes]:
    """A file's bytes as a temporary file, to move about in."""
    file = tempfile.SpooledTemporaryFile(max_size=_SPOOL_BYTES)  # noqa: SIM115 - the caller closes it
    with content.open() as stream:
        for piece in pieces(stream):
            file.write(piece)
    file.seek(0)
    return file
