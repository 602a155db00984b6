"""A CSV file into records: one for each line, or for several where a quoted cell holds line breaks.

A record's position is the number of its first line, 1-based, the header included; its bytes are
those of the line without its end. CRLF and LF may be mixed.
"""

import codecs
import csv
import hashlib
import io
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from itertools import chain

import msgspec

from orchestration.defs.ingest.mapping import Format
from orchestration.defs.ingest.raw_record import BROKEN_TEXT_MAX, RECORD_BYTES_MAX, RawRecord, broken_record
from orchestration.defs.ingest.unpack import pieces
from orchestration.facts.objects import Readable

# A quote that is not closed within this many lines is a stray one: it costs its own line only.
_QUOTED_LINES_MAX = 50
_BOM = b"\xef\xbb\xbf"
_WIDE_BOMS = (b"\xff\xfe", b"\xfe\xff")

# A file's content from its first byte on, each time it is asked for.
Open = Callable[[], AbstractContextManager[Readable]]


@dataclass(frozen=True, slots=True)
class _LongLine:
    """A line that is too long to be a record: its beginning, its size and its hash."""

    start: bytes
    size: int
    sha256: str


def split_lines(data: bytes, form: Format | None = None) -> list[RawRecord]:
    """All records that are not blank, the header first. A line that is not in the format's encoding has a problem."""
    return list(stream_lines(lambda: nullcontext(io.BytesIO(data)), form))


def stream_lines(open_content: Open, form: Format | None = None) -> Iterator[RawRecord]:
    """The same one by one: of a file of any size no more is in memory than a few lines."""
    form = form or Format()
    encoding = codecs.lookup(form.encoding).name
    with open_content() as content:
        head = _first(content, len(_BOM))
    if encoding.startswith("utf-16"):
        order = "utf-16-be" if head.startswith(_WIDE_BOMS[1]) or encoding == "utf-16-be" else "utf-16-le"
        yield from _wide_lines(open_content, order, form)
    elif head.startswith(_WIDE_BOMS):
        problem = f"the file is UTF-16, expected {form.encoding}; write format.encoding: utf-16 in its mapping."
        yield _broken_file(open_content, problem)
    else:
        line_end = b"\r" if _has_bare_returns(open_content) else b"\n"
        with open_content() as content:
            head = _first(content, len(_BOM)).removeprefix(_BOM)
            lines = _lines(chain([head], pieces(content)), line_end)
            for number, line in _whole_lines(lines, form):
                if isinstance(line, _LongLine) or line.strip():
                    yield _record(number, line, form.encoding)


def _has_bare_returns(open_content: Open) -> bool:
    """Whether lines end in CR alone, as old spreadsheets write them: no LF in all of the file."""
    found = False
    with open_content() as content:
        for piece in pieces(content):
            if b"\n" in piece:
                return False
            found = found or b"\r" in piece
    return found


def _first(content: Readable, size: int) -> bytes:
    """The first bytes, fewer only of a shorter file."""
    found = b""
    while len(found) < size and (piece := content.read(size - len(found))):
        found += piece
    return found


def _broken_file(open_content: Open, problem: str) -> RawRecord:
    """A file of which no line can be told, as one record at its first line."""
    digest, start = hashlib.sha256(), b""
    with open_content() as content:
        for piece in pieces(content):
            digest.update(piece)
            start = start or piece[:BROKEN_TEXT_MAX]
    return RawRecord(1, broken_record(1, start, problem).text, digest.hexdigest(), problem)


def _wide_lines(open_content: Open, order: str, form: Format) -> Iterator[RawRecord]:
    """Lines of UTF-16, found in its UTF-8 form; a record's hash is of the bytes as they stand in the file."""
    try:
        # Once to its end first: of a file that is not in its encoding nothing is used.
        for _ in _narrow(open_content, order):
            pass
    except UnicodeDecodeError as error:
        yield _broken_file(
            open_content, f"byte {error.start + 1} of the file is not {form.encoding}; ask for it again."
        )
        return
    narrow = msgspec.structs.replace(form, encoding="utf-8")
    for record in stream_lines(lambda: nullcontext(_Narrow(_narrow(open_content, order))), narrow):
        yield msgspec.structs.replace(record, sha256=hashlib.sha256(record.text.encode(order)).hexdigest())


def _narrow(open_content: Open, order: str) -> Iterator[bytes]:
    """The file in UTF-8, without its mark. Raises UnicodeDecodeError with the place in the file."""
    decoder, done = codecs.getincrementaldecoder(order)(), 0
    with open_content() as content:
        for piece in (*_marked(content), b""):
            held = len(decoder.getstate()[0])
            try:
                text = decoder.decode(piece, final=not piece)
            except UnicodeDecodeError as error:
                place = done - held + error.start
                raise UnicodeDecodeError(order, error.object, place, place + 1, error.reason) from None
            done += len(piece)
            yield text.encode()


def _marked(content: Readable) -> Iterator[bytes]:
    first = _first(content, len(_WIDE_BOMS[0]))
    if first not in _WIDE_BOMS:
        yield first
    yield from pieces(content)


class _Narrow:
    """Pieces as a stream."""

    def __init__(self, found: Iterator[bytes]) -> None:
        self._found, self._left = found, b""

    def read(self, size: int = -1, /) -> bytes:
        """Up to `size` bytes; nothing at the end."""
        while not self._left and (piece := next(self._found, None)) is not None:
            self._left = piece
        taken, self._left = (self._left, b"") if size < 0 else (self._left[:size], self._left[size:])
        return taken


def _lines(found: Iterator[bytes], line_end: bytes) -> Iterator[bytes | _LongLine]:
    """Lines without their ends; one that is too long to be a record is never in memory as a whole."""
    held = b""
    while (piece := next(found, None)) is not None:
        *lines, held = (held + piece).split(line_end)
        for line in lines:
            yield line if len(line) <= RECORD_BYTES_MAX else _long(line)
        if len(held) > RECORD_BYTES_MAX:
            long, rest = _rest_of_long(held, found, line_end)
            yield long
            held, found = b"", chain([rest], found)
    yield held if len(held) <= RECORD_BYTES_MAX else _long(held)


def _long(line: bytes) -> _LongLine:
    line = line.removesuffix(b"\r")
    return _LongLine(line[:BROKEN_TEXT_MAX], len(line), hashlib.sha256(line).hexdigest())


def _rest_of_long(start: bytes, found: Iterator[bytes], line_end: bytes) -> tuple[_LongLine, bytes]:
    """The line that begins so, and what follows it."""
    digest, size, rest = hashlib.sha256(start), len(start), b""
    for piece in found:
        line, end, rest = piece.partition(line_end)
        digest.update(line)
        size += len(line)
        if end:
            break
    return _LongLine(start[:BROKEN_TEXT_MAX], size, digest.hexdigest()), rest


def _whole_lines(lines: Iterator[bytes | _LongLine], form: Format) -> Iterator[tuple[int, bytes | _LongLine]]:
    """Each record's lines together, with the number of the first."""
    quote = form.quote.encode(form.encoding)
    ahead: deque[bytes | _LongLine] = deque()
    number = 1
    while True:
        first = ahead.popleft() if ahead else next(lines, None)
        if first is None:
            return
        taken = 1
        if isinstance(first, _LongLine):
            yield number, first
        elif first.count(quote) % 2 and not _is_whole(first, form):
            _look_ahead(ahead, lines, len(first))
            quoted = [first, *_up_to_quote(ahead, quote)]
            taken = len(quoted)
            for _ in quoted[1:]:
                ahead.popleft()
            yield number, b"\n".join(quoted).removesuffix(b"\r")
        else:
            yield number, first.removesuffix(b"\r")
        number += taken


def _look_ahead(ahead: "deque[bytes | _LongLine]", lines: Iterator[bytes | _LongLine], size: int) -> None:
    """Have the lines at hand in which a quoted cell may end."""
    size += sum(len(line) for line in ahead if isinstance(line, bytes))
    while len(ahead) < _QUOTED_LINES_MAX - 1 and size <= RECORD_BYTES_MAX and (line := next(lines, None)) is not None:
        ahead.append(line)
        size += len(line) if isinstance(line, bytes) else 0


def _up_to_quote(ahead: "deque[bytes | _LongLine]", quote: bytes) -> list[bytes]:
    """The lines to the one that closes the cell; none when no line does."""
    found: list[bytes] = []
    for line in list(ahead)[: _QUOTED_LINES_MAX - 1]:
        if isinstance(line, _LongLine):
            break
        found.append(line)
        if line.count(quote) % 2:
            return found
    return []


def _is_whole(line: bytes, form: Format) -> bool:
    """Whether an odd quote stands inside a cell, where it is just a character."""
    try:
        next(_reader(line.decode("latin-1"), form), [])
    except csv.Error:
        return False
    return True


def _record(number: int, raw: bytes | _LongLine, encoding: str) -> RawRecord:
    if isinstance(raw, _LongLine):
        problem = f"line {number} has {raw.size} bytes, at most {RECORD_BYTES_MAX} are read."
        return RawRecord(number, broken_record(number, raw.start, problem).text, raw.sha256, problem)
    sha256 = hashlib.sha256(raw).hexdigest()
    try:
        text = raw.decode(encoding)
    except UnicodeDecodeError as error:
        shown = raw.decode(encoding, errors="replace").replace("\x00", "\ufffd")
        problem = f"byte {error.start + 1} of line {number} is not {encoding}; give format.encoding in its mapping."
        return RawRecord(number, shown, sha256, problem)
    if "\x00" in text:
        return RawRecord(number, text.replace("\x00", "\ufffd"), sha256, f"line {number} has a NUL byte.")
    return RawRecord(number, text, sha256)


def cells_of(record: RawRecord, form: Format) -> list[str]:
    """The cells of a record, quotes resolved. Raises csv.Error."""
    return next(_reader(record.text, form), [])


def _reader(text: str, form: Format) -> Iterator[list[str]]:
    return csv.reader([text], delimiter=form.delimiter, quotechar=form.quote, strict=True)
