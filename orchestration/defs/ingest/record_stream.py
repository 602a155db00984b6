"""A JSON file as chunks of records, read piece by piece: NDJSON of any size, any other document up to a cap.

The records are those that `records.split` gives for the whole content. What does not belong here: CSV.
"""

import hashlib
from collections.abc import Iterator

import msgspec

from orchestration.defs.ingest.raw_record import BROKEN_TEXT_MAX, RECORD_BYTES_MAX, RawRecord, broken_record, record_of
from orchestration.defs.ingest.record_chunks import RecordChunk, chunks_of_records
from orchestration.defs.ingest.records import BLANK, UTF8_BOM, each_record, is_object
from orchestration.defs.ingest.unpack import DOCUMENT_BYTES_MAX, too_large
from orchestration.facts.objects import PIECE_BYTES, Readable

# What is read at once: blocks of this size are used again and again, larger ones the system clears each time.
BLOCK_BYTES = 8 * 1024 * 1024

_RAW = msgspec.json.Decoder(msgspec.Raw)


def stream_chunks(file_seq: int, name: str, content: Readable) -> Iterator[RecordChunk]:
    """The records of a JSON file. Raises FileError before the first chunk, or never.

    A file that stops in the middle of a line, or holds something that is no JSON, gives a record with its problem.
    """
    reader = _Reader(content)
    head = reader.take(BLOCK_BYTES).removeprefix(UTF8_BOM)
    if not _begins_with_lines(head):
        head += reader.take(DOCUMENT_BYTES_MAX - len(head))
        if reader.is_over():
            yield from chunks_of_records(file_seq, each_record(head))
            return
        if head.lstrip(BLANK)[:1] == b"[" or not any(is_object(line) for line in head.split(b"\n")):
            raise too_large(name, DOCUMENT_BYTES_MAX)
    yield from _lines(file_seq, head, reader)


def _begins_with_lines(head: bytes) -> bool:
    """Whether the first line is a whole object and another follows: nothing but NDJSON begins so."""
    start = head.lstrip(BLANK)
    first, _, rest = start.partition(b"\n")
    if first[:1] != b"{" or not rest.lstrip(BLANK):
        return False
    try:
        _RAW.decode(first)
    except (msgspec.MsgspecError, RecursionError):
        return False
    return True


def _lines(file_seq: int, head: bytes, reader: "_Reader") -> Iterator[RecordChunk]:
    """NDJSON, whole lines at a time; a line that is too long to be a record is never in memory as a whole."""
    number, buffer = 1, head
    while buffer:
        end = buffer.rfind(b"\n") + 1
        if not end and len(buffer) > RECORD_BYTES_MAX:
            record, buffer = _long_line(number, buffer, reader)
            yield from chunks_of_records(file_seq, [record])
            number += 1
            continue
        if reader.is_over():
            end = len(buffer)
        if end:
            ends = buffer.count(b"\n", 0, end)
            chunk = _chunk_of_lines(file_seq, number, buffer[:end], ends)
            number += ends
            buffer = buffer[end:]
            if chunk:
                yield chunk
        buffer += reader.take(max(BLOCK_BYTES - len(buffer), 1))


def _chunk_of_lines(file_seq: int, first: int, data: bytes, ends: int) -> RecordChunk:
    """One record for each line that is not blank; its position counts blank lines too. ends: of lines in the data."""
    return _usual_lines(file_seq, first, data, ends) or _any_lines(file_seq, first, data)


def _usual_lines(file_seq: int, first: int, data: bytes, ends: int) -> RecordChunk | None:
    """The same where each line is a JSON value and nothing else, found all at once; None where one is not."""
    try:
        values = _RAW.decode_lines(data)
        texts = [str(value, "utf-8") for value in values]
    except (UnicodeDecodeError, msgspec.MsgspecError, RecursionError):
        return None
    sizes = [len(value) for value in values]
    # Nothing beside the values but the end of each line: no blank, and no value that goes on in the next line.
    are_lines = ends + (not data.endswith(b"\n")) == len(values) and sum(sizes) + ends == len(data)
    if not are_lines or max(sizes) > RECORD_BYTES_MAX or any("\n" in text for text in texts):
        return None
    return RecordChunk(
        file_seqs=[file_seq] * len(values),
        positions=list(range(first, first + len(values))),
        sha256s=[hashlib.sha256(value).hexdigest() for value in values],
        texts=texts,
        problems=[None] * len(values),
        colons=[text.count(":") for text in texts],
        size=len(data),
    )


def _any_lines(file_seq: int, first: int, data: bytes) -> RecordChunk:
    """The same line by line, with what is wrong in each."""
    chunk = RecordChunk(size=len(data))
    for number, line in enumerate(data.split(b"\n"), start=first):
        content = line.strip(BLANK)
        if content:
            chunk.append(file_seq, record_of(number, content))
    chunk.size = len(data)
    return chunk


def _long_line(number: int, start: bytes, reader: "_Reader") -> tuple[RawRecord, bytes]:
    """A line of which `start` is the beginning, and what follows it."""
    digest, size, kept = hashlib.sha256(), 0, b""
    # Blanks at the end of a line are no part of its record: they are held back until something follows them.
    held, piece, rest = b"", start.lstrip(BLANK), b""
    while True:
        line, newline, rest = piece.partition(b"\n")
        whole = held + line
        solid = whole.rstrip(BLANK)
        held = whole[len(solid) :]
        digest.update(solid)
        size += len(solid)
        kept = (kept + solid[:BROKEN_TEXT_MAX])[:BROKEN_TEXT_MAX]
        if newline:
            break
        piece = reader.take(PIECE_BYTES)
        if not piece:
            break
    problem = f"the record has {size} bytes, at most {RECORD_BYTES_MAX} are read"
    text = broken_record(number, kept, problem).text
    return RawRecord(number, text, digest.hexdigest(), problem), rest


class _Reader:
    """A stream that gives as much as is asked for, and says when it is over."""

    def __init__(self, stream: Readable) -> None:
        self._stream = stream
        self._next = b""

    def take(self, size: int) -> bytes:
        """`size` bytes, fewer only at the end."""
        pieces, left = [self._next[:size]], size - len(self._next)
        self._next = self._next[size:]
        while left > 0 and (piece := self._stream.read(min(left, PIECE_BYTES))):
            pieces.append(piece)
            left -= len(piece)
        return b"".join(pieces)

    def is_over(self) -> bool:
        """Whether nothing is left."""
        self._next = self._next or self._stream.read(PIECE_BYTES)
        return not self._next
