"""Files into records: where each one begins, its exact bytes and their hash.

What does not belong here: what a record means (cdr_rows, tariff_rows, locations, tokens).
"""

import io
import json
from collections.abc import Iterator, Sequence

import msgspec

from orchestration.defs.ingest.broken_arrays import salvage, skip_space
from orchestration.defs.ingest.raw_record import BROKEN_TEXT_MAX, RawRecord, broken_record, json_problem, record_of
from orchestration.defs.ingest.unpack import FileError, decompress

UTF8_BOM = b"\xef\xbb\xbf"
_UTF16_BOMS = (b"\xff\xfe", b"\xfe\xff")
BLANK = b" \t\r\n"
_RAW = msgspec.json.Decoder(msgspec.Raw)
_RAW_LIST = msgspec.json.Decoder(list[msgspec.Raw])


__all__ = ["BLANK", "UTF8_BOM", "FileError", "RawRecord", "decompress", "each_record", "is_object", "split"]


class _Envelope(msgspec.Struct):
    data: msgspec.Raw = msgspec.Raw(b"")
    status_code: msgspec.Raw = msgspec.Raw(b"")
    # A page of OICP's pulled records.
    content: msgspec.Raw = msgspec.Raw(b"")
    number: msgspec.Raw = msgspec.Raw(b"")
    # Of a response without data: what went wrong, and when.
    status_message: msgspec.Raw = msgspec.Raw(b"")
    timestamp: msgspec.Raw = msgspec.Raw(b"")
    id: msgspec.Raw = msgspec.Raw(b"")


_ENVELOPE = msgspec.json.Decoder(_Envelope)


def split(data: bytes) -> list[RawRecord]:
    """The records of a JSON file: an object, an array, an OCPI response envelope, a page of OICP, or NDJSON.

    Never raises: what cannot be read is a record with a problem, and what stands around it is kept.
    A file without content has no records.
    """
    return list(each_record(data))


def each_record(data: bytes) -> Iterator[RawRecord]:
    """The same one by one: of a large document only the records in use are there twice."""
    if data.startswith(UTF8_BOM):
        data = data[len(UTF8_BOM) :]
    if not data or data.isspace():
        return
    if data.startswith(_UTF16_BOMS):
        yield broken_record(1, data, "the file is UTF-16, expected UTF-8; ask for it in UTF-8")
        return
    whole = _whole_value(data)
    first = data[:BROKEN_TEXT_MAX].lstrip(BLANK)[:1]
    if whole is not None:
        if (problem := _response_problem(data)) is not None:
            if problem:
                yield broken_record(1, data.strip(BLANK), problem)
            return
        for position, raw in enumerate(whole, start=1):
            yield record_of(position, bytes(raw))
    elif first != b"[" and _is_lines(data):
        yield from _lines(data)
    elif first == b"[" and _is_lines_of_arrays(data):
        yield from _elements_of_lines(data)
    else:
        yield from _broken_document(data, first)


def _broken_document(data: bytes, first: bytes) -> Iterator[RawRecord]:
    text = data.decode("latin-1")  # one character a byte: offsets are those of the file
    if first == b"[":
        yield from salvage(text, text.index("[") + 1, is_envelope=False)
    elif first == b"{" and (start := _envelope_data(text)) is not None:
        yield from salvage(text, start, is_envelope=True)
    else:
        yield record_of(1, data.strip(BLANK))


def _whole_value(data: bytes) -> Sequence[msgspec.Raw] | None:
    """The elements of a file that is one JSON value; None when it is not (NDJSON, or broken)."""
    try:
        if data.lstrip(BLANK)[:1] == b"[":
            return _RAW_LIST.decode(data)
        value = _RAW.decode(data)
        if bytes(memoryview(value)[:1]) == b"{":
            envelope = _ENVELOPE.decode(value)
            if bytes(envelope.data) and bytes(envelope.status_code):
                return _envelope_elements(envelope.data)
            if bytes(envelope.content) and bytes(envelope.number):
                return _envelope_elements(envelope.content)
        return [value]
    except (msgspec.MsgspecError, RecursionError):
        return None


def _response_problem(data: bytes) -> str | None:
    """Why a file is no record: it is the answer of an OCPI server that gave none. Empty where it had none to give."""
    if data.lstrip(BLANK)[:1] != b"{":
        return None
    answer = _ENVELOPE.decode(data)
    if (
        _is_there(answer.data)
        or _is_there(answer.id)
        or not (_is_there(answer.status_code) and _is_there(answer.timestamp))
    ):
        return None
    code, said = bytes(answer.status_code).decode()[:20], bytes(answer.status_message).decode()[:80]
    if code.startswith("1"):
        return ""
    return f"the file is an OCPI response without data (status_code {code}, {said or 'no message'}); fetch it again"


def _is_there(value: msgspec.Raw) -> bool:
    return len(memoryview(value)) > 0


def _envelope_elements(content: msgspec.Raw) -> Sequence[msgspec.Raw]:
    """What an envelope's data holds: a list of objects, one object, or nothing."""
    start = bytes(memoryview(content)[:4])
    if start[:1] == b"[":
        return _RAW_LIST.decode(content)
    return [] if start == b"null" else [content]


def _is_lines(data: bytes) -> bool:
    """Whether the file is NDJSON: its first line is a whole object, or another unindented line is."""
    lines = io.BytesIO(data)
    first = next((line for line in lines if line.strip(BLANK)), b"").strip(BLANK)
    if is_object(first):
        # One line that is an envelope is not NDJSON, even where the quick reader refused it (NaN in it).
        return _envelope_data(first.decode()) is None or any(line.strip(BLANK) for line in lines)
    # A pretty-printed object's lines are indented, or end in a comma: neither is a whole object in column one.
    return len(first) > 1 and any(is_object(line.rstrip(BLANK)) for line in lines)


def is_object(line: bytes) -> bool:
    """Whether a line is a whole JSON object."""
    return line[:1] == b"{" and json_problem(line) is None


def _lines(data: bytes) -> Iterator[RawRecord]:
    """One record for each line that is not blank; its position counts blank lines too."""
    for number, line in enumerate(data.split(b"\n"), start=1):
        content = line.strip(BLANK)
        if content:
            yield record_of(number, content)


def _is_lines_of_arrays(data: bytes) -> bool:
    """Whether the first line is a whole array and another array begins on a line after it."""
    lines = (content for line in io.BytesIO(data) if (content := line.strip(BLANK)))
    return _array(next(lines, b"")) is not None and next(lines, b"")[:1] == b"["


def _elements_of_lines(data: bytes) -> Iterator[RawRecord]:
    """The elements of arrays that stand one a line, counted through the file; a broken line is one record.

    Of the last one its whole elements are read: it may have been cut off.
    """
    position, start, last = 1, 0, len(data.rstrip(BLANK))
    for line in io.BytesIO(data):
        content, end = line.strip(BLANK), start + len(line)
        elements = _array(content)
        if elements is not None:
            for raw in elements:
                yield record_of(position, bytes(raw))
                position += 1
        elif content[:1] == b"[" and (end >= last or json_problem(content) is None):
            # Offsets are those of the file; the quick reader refused what the slow one takes, such as NaN.
            text, at = (data.decode("latin-1"), start) if end >= last else (line.decode("latin-1"), 0)
            for record in salvage(text, text.index("[", at) + 1, is_envelope=False):
                yield msgspec.structs.replace(record, position=position)
                position += 1
        elif content:
            yield record_of(position, content)
            position += 1
        start = end


def _array(line: bytes) -> list[msgspec.Raw] | None:
    """The elements of a line that is a whole array; None of any other line."""
    try:
        return _RAW_LIST.decode(line)
    except (msgspec.MsgspecError, RecursionError):
        return None


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
