"""Files into records: where each one begins, its exact bytes and their hash.

What does not belong here: what a record means (cdr_rows, tariff_rows, locations, tokens).
"""

import gzip
import io
import json
import zlib
from collections.abc import Iterator

import msgspec

from orchestration.defs.ingest.broken_arrays import salvage, skip_space
from orchestration.defs.ingest.raw_record import BROKEN_TEXT_MAX, RawRecord, broken_record, json_problem, record_of

FILE_BYTES_MAX = 4 * 1024 * 1024 * 1024
_UTF8_BOM = b"\xef\xbb\xbf"
_UTF16_BOMS = (b"\xff\xfe", b"\xfe\xff")
_BLANK = b" \t\r\n"
_RAW = msgspec.json.Decoder(msgspec.Raw)
_RAW_LIST = msgspec.json.Decoder(list[msgspec.Raw])


__all__ = ["FILE_BYTES_MAX", "FileError", "RawRecord", "decompress", "split"]


class FileError(ValueError):
    """A file that cannot be read at all. The message is one sentence with a remedy."""


class _Envelope(msgspec.Struct):
    data: msgspec.Raw = msgspec.Raw(b"")
    status_code: msgspec.Raw = msgspec.Raw(b"")


_ENVELOPE = msgspec.json.Decoder(_Envelope)


def decompress(name: str, data: bytes, limit: int = FILE_BYTES_MAX) -> bytes:
    """The file's content, unpacked when its name ends in .gz.

    Raises FileError when the archive is broken or unpacks to more than `limit` bytes.
    """
    if not name.lower().endswith(".gz"):
        return data
    if not data:
        raise FileError(f"{name} is not a whole gzip archive (it is empty); ask for it again.")
    try:
        with gzip.GzipFile(fileobj=io.BytesIO(data)) as archive:
            content = archive.read(limit + 1)
    except (OSError, EOFError, zlib.error) as error:
        raise FileError(f"{name} is not a whole gzip archive ({error}); ask for it again.") from error
    if len(content) > limit:
        raise FileError(f"{name} unpacks to more than {limit} bytes; split it and send the parts.")
    return content


def split(data: bytes) -> list[RawRecord]:
    """The records of a JSON file: an object, an array, an OCPI response envelope or NDJSON.

    Never raises: what cannot be read is a record with a problem, and what stands around it is kept.
    A file without content has no records.
    """
    if data.startswith(_UTF8_BOM):
        data = data[len(_UTF8_BOM) :]
    if not data or data.isspace():
        return []
    if data.startswith(_UTF16_BOMS):
        return [broken_record(1, data, "the file is UTF-16, expected UTF-8")]
    whole = _whole_value(data)
    if whole is not None:
        return [record_of(position, raw) for position, raw in enumerate(whole, start=1)]
    first = data[:BROKEN_TEXT_MAX].lstrip(_BLANK)[:1]
    if first != b"[" and _is_lines(data):
        return list(_lines(data))
    text = data.decode("latin-1")  # one character a byte: offsets are those of the file
    if first == b"[":
        return list(salvage(text, text.index("[") + 1, is_envelope=False))
    if first == b"{" and (start := _envelope_data(text)) is not None:
        return list(salvage(text, start, is_envelope=True))
    return [record_of(1, data.strip(_BLANK))]


def _whole_value(data: bytes) -> list[bytes] | None:
    """The elements of a file that is one JSON value; None when it is not (NDJSON, or broken)."""
    try:
        if data.lstrip(_BLANK)[:1] == b"[":
            return [bytes(raw) for raw in _RAW_LIST.decode(data)]
        value = bytes(_RAW.decode(data))
        if value[:1] == b"{":
            envelope = _ENVELOPE.decode(value)
            content = bytes(envelope.data)
            if content and bytes(envelope.status_code):
                return _envelope_elements(content)
        return [value]
    except (msgspec.MsgspecError, RecursionError):
        return None


def _envelope_elements(content: bytes) -> list[bytes]:
    """What an envelope's data holds: a list of objects, one object, or nothing."""
    if content[:1] == b"[":
        return [bytes(raw) for raw in _RAW_LIST.decode(content)]
    return [] if content == b"null" else [content]


def _is_lines(data: bytes) -> bool:
    """Whether the file is NDJSON: its first line is a whole object, or another unindented line is."""
    lines = io.BytesIO(data)
    first = next((line for line in lines if line.strip(_BLANK)), b"").strip(_BLANK)
    if _is_object(first):
        # One line that is an envelope is not NDJSON, even where the quick reader refused it (NaN in it).
        return _envelope_data(first.decode()) is None or any(line.strip(_BLANK) for line in lines)
    # A pretty-printed object's lines are indented, or end in a comma: neither is a whole object in column one.
    return len(first) > 1 and any(_is_object(line.rstrip(_BLANK)) for line in lines)


def _is_object(line: bytes) -> bool:
    return line[:1] == b"{" and json_problem(line) is None


def _lines(data: bytes) -> Iterator[RawRecord]:
    """One record for each line that is not blank; its position counts blank lines too."""
    for number, line in enumerate(data.split(b"\n"), start=1):
        content = line.strip(_BLANK)
        if content:
            yield record_of(number, content)


def _envelope_data(text: str) -> int | None:
    """Where the first element of a broken envelope's data list may begin; None when there is no such list."""
    decoder = json.JSONDecoder()
    at = skip_space(text, text.index("{") + 1)
    try:
        while text[at] == '"':
            key, at = decoder.raw_decode(text, at)
            at = skip_space(text, at)
            if text[at] != ":":
                return None
            at = skip_space(text, at + 1)
            if key == "data" and text[at] == "[":
                return at + 1
            _, at = decoder.raw_decode(text, at)
            at = skip_space(text, at)
            if text[at] != ",":
                return None
            at = skip_space(text, at + 1)
    except (ValueError, IndexError, RecursionError):
        return None
    return None
