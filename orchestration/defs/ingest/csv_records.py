"""A CSV file into records: one for each line, or for several where a quoted cell holds line breaks.

A record's position is the number of its first line, 1-based, the header included; its bytes are
those of the line without its end. CRLF and LF may be mixed.
"""

import codecs
import csv
import hashlib
from collections.abc import Iterator

import msgspec

from orchestration.defs.ingest.mapping import Format
from orchestration.defs.ingest.raw_record import RawRecord, broken_record

# A quote that is not closed within this many lines is a stray one: it costs its own line only.
_QUOTED_LINES_MAX = 50
_BOM = b"\xef\xbb\xbf"
_WIDE_BOMS = (b"\xff\xfe", b"\xfe\xff")


def split_lines(data: bytes, form: Format | None = None) -> list[RawRecord]:
    """All records that are not blank, the header first. A line that is not in the format's encoding has a problem."""
    form = form or Format()
    encoding = codecs.lookup(form.encoding).name
    if encoding.startswith("utf-16"):
        return _wide_lines(data, encoding, form)
    if data.startswith(_WIDE_BOMS):
        problem = f"the file is UTF-16, expected {form.encoding}; write format.encoding: utf-16 in its mapping."
        return [broken_record(1, data, problem)]
    data = data.removeprefix(_BOM)
    if b"\n" not in data and b"\r" in data:
        data = data.replace(b"\r", b"\n")
    return [_record(number, raw, form.encoding) for number, raw in _whole_lines(data.split(b"\n"), form) if raw.strip()]


def _wide_lines(data: bytes, encoding: str, form: Format) -> list[RawRecord]:
    """Lines of UTF-16, found in its UTF-8 form; a record's hash is of the bytes as they stand in the file."""
    order = "utf-16-be" if data.startswith(_WIDE_BOMS[1]) or encoding == "utf-16-be" else "utf-16-le"
    try:
        text = data.removeprefix(_WIDE_BOMS[0]).removeprefix(_WIDE_BOMS[1]).decode(order)
    except UnicodeDecodeError as error:
        return [broken_record(1, data, f"byte {error.start + 1} of the file is not {form.encoding}; ask for it again.")]
    records = split_lines(text.encode(), msgspec.structs.replace(form, encoding="utf-8"))
    return [
        msgspec.structs.replace(record, sha256=hashlib.sha256(record.text.encode(order)).hexdigest())
        for record in records
    ]


def _whole_lines(lines: list[bytes], form: Format) -> Iterator[tuple[int, bytes]]:
    quote = form.quote.encode(form.encoding)
    index = 0
    while index < len(lines):
        end = index + 1
        if lines[index].count(quote) % 2 and not _is_whole(lines[index], form):
            last = next(
                (at for at in range(end, min(end + _QUOTED_LINES_MAX, len(lines))) if lines[at].count(quote) % 2), None
            )
            end = last + 1 if last is not None else end
        yield index + 1, b"\n".join(lines[index:end]).removesuffix(b"\r")
        index = end


def _is_whole(line: bytes, form: Format) -> bool:
    """Whether an odd quote stands inside a cell, where it is just a character."""
    try:
        next(_reader(line.decode("latin-1"), form), [])
    except csv.Error:
        return False
    return True


def _record(number: int, raw: bytes, encoding: str) -> RawRecord:
    sha256 = hashlib.sha256(raw).hexdigest()
    try:
        text = raw.decode(encoding)
    except UnicodeDecodeError as error:
        shown = raw.decode(encoding, errors="replace").replace("\x00", "\ufffd")
        return RawRecord(number, shown, sha256, f"byte {error.start + 1} of line {number} is not {encoding}.")
    if "\x00" in text:
        return RawRecord(number, text.replace("\x00", "\ufffd"), sha256, f"line {number} has a NUL byte.")
    return RawRecord(number, text, sha256)


def cells_of(record: RawRecord, form: Format) -> list[str]:
    """The cells of a record, quotes resolved. Raises csv.Error."""
    return next(_reader(record.text, form), [])


def _reader(text: str, form: Format) -> Iterator[list[str]]:
    return csv.reader([text], delimiter=form.delimiter, quotechar=form.quote, strict=True)
