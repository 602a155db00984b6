"""A CSV file into records: one for each line, or for several where a quoted cell holds line breaks.

A record's position is the number of its first line, 1-based, the header included; its bytes are
those of the line without its end. CRLF and LF may be mixed.
"""

import csv
import hashlib
from collections.abc import Iterator

from orchestration.defs.ingest.records import RawRecord

# A quote that is not closed within this many lines is a stray one: it costs its own line only.
_QUOTED_LINES_MAX = 50
_BOM = b"\xef\xbb\xbf"


def split_lines(data: bytes, encoding: str = "utf-8", delimiter: str = ",") -> list[RawRecord]:
    """All records that are not blank, the header first. A line that is not in `encoding` has a problem."""
    data = data.removeprefix(_BOM)
    if b"\n" not in data and b"\r" in data:
        data = data.replace(b"\r", b"\n")
    return [_record(number, raw, encoding) for number, raw in _whole_lines(data.split(b"\n"), delimiter) if raw.strip()]


def _whole_lines(lines: list[bytes], delimiter: str) -> Iterator[tuple[int, bytes]]:
    index = 0
    while index < len(lines):
        end = index + 1
        if lines[index].count(b'"') % 2 and not _is_whole(lines[index], delimiter):
            last = next(
                (at for at in range(end, min(end + _QUOTED_LINES_MAX, len(lines))) if lines[at].count(b'"') % 2), None
            )
            end = last + 1 if last is not None else end
        yield index + 1, b"\n".join(lines[index:end]).removesuffix(b"\r")
        index = end


def _is_whole(line: bytes, delimiter: str) -> bool:
    """Whether an odd quote stands inside a cell, where it is just a character."""
    try:
        next(csv.reader([line.decode("latin-1")], delimiter=delimiter, strict=True), [])
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


def cells_of(record: RawRecord, delimiter: str) -> list[str]:
    """The cells of a record, quotes resolved. Raises csv.Error."""
    return next(csv.reader([record.text], delimiter=delimiter, strict=True), [])
