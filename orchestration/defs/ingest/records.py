"""Files into records: where each one begins, its exact bytes and their hash.

What does not belong here: what a record means (cdr_rows, tariff_rows, locations, tokens).
"""

import gzip
import hashlib
import io
import json
import re
import zlib
from collections.abc import Iterator

import msgspec

RECORD_BYTES_MAX = 8 * 1024 * 1024
FILE_BYTES_MAX = 4 * 1024 * 1024 * 1024
# What is kept of a record that is too long to be one, or that is the broken rest of a file.
BROKEN_TEXT_MAX = 64 * 1024

_UTF8_BOM = b"\xef\xbb\xbf"
_UTF16_BOMS = (b"\xff\xfe", b"\xfe\xff")
_BLANK = b" \t\r\n"
_RAW = msgspec.json.Decoder(msgspec.Raw)
_RAW_LIST = msgspec.json.Decoder(list[msgspec.Raw])
_SPACE = re.compile(r"[ \t\r\n]*")
# A string, or one of the characters that open and close an element.
_STRUCTURE = re.compile(r'"(?:[^"\\\n]|\\.)*"|[{}\[\]"]')
_BRACKETS = {"}": "{", "]": "["}


class FileError(ValueError):
    """A file that cannot be read at all. The message is one sentence with a remedy."""


class RawRecord(msgspec.Struct, frozen=True):
    """One record as it stands in its file.

    position: 1-based line number of the decompressed file (NDJSON), else 1-based index in the array.
    sha256 is of the bytes as they stand there; text is those bytes, or what can be shown of them when problem is set.
    problem: one sentence saying why this is not a JSON value, None when it is.
    """

    position: int
    text: str
    sha256: str
    problem: str | None = None


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
        return [_broken(1, data, "the file is UTF-16, expected UTF-8")]
    whole = _whole_value(data)
    if whole is not None:
        return [_record(position, raw) for position, raw in enumerate(whole, start=1)]
    first = data[:BROKEN_TEXT_MAX].lstrip(_BLANK)[:1]
    if first != b"[" and _is_lines(data):
        return list(_lines(data))
    text = data.decode("latin-1")  # one character a byte: offsets are those of the file
    if first == b"[":
        return list(_salvage(text, text.index("[") + 1, is_envelope=False))
    if first == b"{" and (start := _envelope_data(text)) is not None:
        return list(_salvage(text, start, is_envelope=True))
    return [_record(1, data.strip(_BLANK))]


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


def _record(position: int, raw: bytes) -> RawRecord:
    """One element or line, with the reason when it is not a JSON value of a sane size."""
    if len(raw) > RECORD_BYTES_MAX:
        return _broken(position, raw, f"the record has {len(raw)} bytes, at most {RECORD_BYTES_MAX} are read")
    try:
        text = raw.decode()
        _RAW.decode(raw)
    except (UnicodeDecodeError, msgspec.MsgspecError, RecursionError):
        if (problem := _json_problem(raw)) is not None:
            return _broken(position, raw, problem)
    return RawRecord(position, text, hashlib.sha256(raw).hexdigest())


def _broken(position: int, raw: bytes, problem: str) -> RawRecord:
    """A record that cannot be read: hash of all of it, text of its beginning, without NUL."""
    text = raw[:BROKEN_TEXT_MAX].decode(errors="replace").replace("\x00", "\ufffd")
    return RawRecord(position, text, hashlib.sha256(raw).hexdigest(), problem)


def _json_problem(raw: bytes) -> str | None:
    """Why these bytes are not one JSON value; None when they are. NaN passes: the reader of its field names it."""
    try:
        text = raw.decode()
    except UnicodeDecodeError as error:
        return f"byte {error.start + 1} of the record is not UTF-8"
    try:
        _RAW.decode(raw)
    except RecursionError:
        return "the record is nested too deeply"
    except msgspec.MsgspecError:
        try:
            json.loads(text)
        except RecursionError:
            return "the record is nested too deeply"
        except ValueError as error:
            return _say(text, error)
    return None


def _say(text: str, error: ValueError) -> str:
    """A parser's error as a sentence with the byte where it stands."""
    if not isinstance(error, json.JSONDecodeError):
        return f"the record is not JSON: {error}"
    byte = len(text[: error.pos].encode()) + 1
    if error.pos >= len(text.rstrip()):
        return f"the record ends too early, at byte {byte}: {error.msg}"
    return f"the record is not JSON at byte {byte}: {error.msg}"


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
    return line[:1] == b"{" and _json_problem(line) is None


def _lines(data: bytes) -> Iterator[RawRecord]:
    """One record for each line that is not blank; its position counts blank lines too."""
    for number, line in enumerate(data.split(b"\n"), start=1):
        content = line.strip(_BLANK)
        if content:
            yield _record(number, content)


def _envelope_data(text: str) -> int | None:
    """Where the first element of a broken envelope's data list may begin; None when there is no such list."""
    decoder = json.JSONDecoder()
    at = _skip_space(text, text.index("{") + 1)
    try:
        while text[at] == '"':
            key, at = decoder.raw_decode(text, at)
            at = _skip_space(text, at)
            if text[at] != ":":
                return None
            at = _skip_space(text, at + 1)
            if key == "data" and text[at] == "[":
                return at + 1
            _, at = decoder.raw_decode(text, at)
            at = _skip_space(text, at)
            if text[at] != ",":
                return None
            at = _skip_space(text, at + 1)
    except (ValueError, IndexError, RecursionError):
        return None
    return None


def _skip_space(text: str, at: int) -> int:
    return match.end() if (match := _SPACE.match(text, at)) else at


def _salvage(text: str, at: int, *, is_envelope: bool) -> Iterator[RawRecord]:
    """The elements of an array that is broken somewhere, read one by one; text has one character a byte.

    A broken element costs itself when its own brackets close and a readable element or the end of the
    array follows. Otherwise everything from it on is one record.
    """
    position = 1
    at = _skip_space(text, at)
    while at < len(text) and text[at] != "]":
        end = _element_end(text, at)
        if end is None:
            yield _rest(text, at, position, "an element that can be read")
            return
        yield _record(position, text[at:end].encode("latin-1"))
        position += 1
        at = _skip_space(text, end)
        if text[at : at + 1] == ",":
            at = _skip_space(text, at + 1)
        elif text[at : at + 1] != "]":
            yield _rest(text, at, position, "a comma or ]")
            return
    if at >= len(text):
        yield _rest(text, at, position, "an element or ]")
    elif not is_envelope and text[at + 1 :].strip():
        yield _rest(text, at + 1, position, "nothing after the array")


def _rest(text: str, at: int, position: int, expected: str) -> RawRecord:
    """What is left of a broken file, as one record; empty when the file was cut off between two elements."""
    rest = text[at:].encode("latin-1")
    found = _broken(position, rest[:20], "").text
    reason = f"expected {expected}, found {found!r}" if rest else f"it ends where {expected} was expected"
    return _broken(position, rest, f"the file is broken at byte {at + 1}: {reason}; ask for it again")


def _element_end(text: str, at: int) -> int | None:
    """Where the element that begins at `at` ends; None when that cannot be told."""
    try:
        return json.JSONDecoder().raw_decode(text, at)[1]
    except (ValueError, RecursionError):
        pass
    if text[at] not in "{[":
        return None
    return _closing_bracket(text, at)


def _closing_bracket(text: str, at: int) -> int | None:
    """The end of a broken element whose brackets and quotes still pair up, and that something readable follows."""
    stack: list[str] = []
    for match in _STRUCTURE.finditer(text, at, at + RECORD_BYTES_MAX):
        mark = match.group()
        if mark in ("{", "["):
            stack.append(mark)
        elif mark == '"':
            return None
        elif mark in _BRACKETS:
            if stack.pop() != _BRACKETS[mark]:
                return None
            if not stack:
                return match.end() if _is_readable_after(text, match.end()) else None
    return None


def _is_readable_after(text: str, at: int) -> bool:
    """Whether the array goes on as it should: its end, or a comma and a whole element."""
    at = _skip_space(text, at)
    if text[at : at + 1] == "]":
        return True
    if text[at : at + 1] != ",":
        return False
    try:
        json.JSONDecoder().raw_decode(text, _skip_space(text, at + 1))
    except (ValueError, RecursionError):
        return False
    return True
