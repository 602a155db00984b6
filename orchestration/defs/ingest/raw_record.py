"""One record as it stands in its file, and why it is not one when it is not.

What does not belong here: where records begin (records, record_stream), what a record means (cdr_rows, tariff_rows).
"""

import hashlib
import json
from contextlib import suppress

import msgspec

RECORD_BYTES_MAX = 8 * 1024 * 1024
# What is kept of a record that is too long to be one, or that is the broken rest of a file.
BROKEN_TEXT_MAX = 64 * 1024

_RAW = msgspec.json.Decoder(msgspec.Raw)
_ANY = msgspec.json.Decoder()
_ENCODER = msgspec.json.Encoder()


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


def record_of(position: int, raw: bytes) -> RawRecord:
    """One element or line, with the reason when it is not a JSON value of a sane size."""
    if len(raw) > RECORD_BYTES_MAX:
        return broken_record(position, raw, f"the record has {len(raw)} bytes, at most {RECORD_BYTES_MAX} are read")
    try:
        text = raw.decode()
        _RAW.decode(raw)
    except (UnicodeDecodeError, msgspec.MsgspecError, RecursionError):
        if (problem := json_problem(raw)) is not None:
            return broken_record(position, raw, problem)
    return RawRecord(position, text, hashlib.sha256(raw).hexdigest())


def broken_record(position: int, raw: bytes, problem: str) -> RawRecord:
    """A record that cannot be read: hash of all of it, text of its beginning, without NUL."""
    text = raw[:BROKEN_TEXT_MAX].decode(errors="replace").replace("\x00", "\ufffd")
    return RawRecord(position, text, hashlib.sha256(raw).hexdigest(), problem)


def json_problem(raw: bytes) -> str | None:
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


def repeated_key(text: str) -> str | None:
    """A key that some object of this JSON has twice: readers differ on which of its values they take."""
    # Written again, an object has each key once, and as many colons as before only if it had them once before.
    with suppress(msgspec.MsgspecError, RecursionError):
        if "\\u" not in text and text.count(":") == _ENCODER.encode(_ANY.decode(text)).count(b":"):
            return None
    repeated: list[str] = []

    def look(pairs: list[tuple[str, object]]) -> None:
        names: set[str] = set()
        for name, _ in pairs:
            if name in names:
                repeated.append(name)
            names.add(name)

    with suppress(ValueError, RecursionError):
        json.loads(text, object_pairs_hook=look)
    return repeated[0] if repeated else None


def _say(text: str, error: ValueError) -> str:
    """A parser's error as a sentence with the byte where it stands."""
    if not isinstance(error, json.JSONDecodeError):
        return f"the record is not JSON: {error}"
    byte = len(text[: error.pos].encode()) + 1
    what = error.msg.removesuffix(" at").removesuffix(" starting")
    if error.pos >= len(text.rstrip()):
        return f"the record ends too early, at byte {byte}: {what}"
    return f"the record is not JSON at byte {byte}: {what}"
