"""What can still be read of an array that is broken somewhere: its whole elements, and the rest as one record."""

import json
import re
from collections.abc import Iterator

from orchestration.defs.ingest.raw_record import RECORD_BYTES_MAX, RawRecord, broken_record, record_of

_SPACE = re.compile(r"[ \t\r\n]*")
# A string, or one of the characters that open and close an element.
_STRUCTURE = re.compile(r'"(?:[^"\\\n]|\\.)*"|[{}\[\]"]')
_BRACKETS = {"}": "{", "]": "["}


def skip_space(text: str, at: int) -> int:
    return match.end() if (match := _SPACE.match(text, at)) else at


def salvage(text: str, at: int, *, is_envelope: bool) -> Iterator[RawRecord]:
    """The elements of an array that is broken somewhere, read one by one; text has one character a byte.

    A broken element costs itself when its own brackets close and a readable element or the end of the
    array follows. Otherwise everything from it on is one record.
    """
    position = 1
    at = skip_space(text, at)
    while at < len(text) and text[at] != "]":
        end = _element_end(text, at)
        if end is None:
            yield _rest(text, at, position, "an element that can be read")
            return
        yield record_of(position, text[at:end].encode("latin-1"))
        position += 1
        at = skip_space(text, end)
        if text[at : at + 1] == ",":
            at = skip_space(text, at + 1)
        elif text[at : at + 1] != "]":
            yield _rest(text, at, position, "a comma or ]")
            return
    if at >= len(text):
        yield _rest(text, at, position, "an element or ]")
        return
    end = _envelope_end(text, at + 1) if is_envelope else at + 1
    if end is None:
        yield _rest(text, at + 1, position, "the end of the envelope")
    elif text[end:].strip():
        yield _rest(text, end, position, f"nothing after the {'envelope' if is_envelope else 'array'}")


def _envelope_end(text: str, at: int) -> int | None:
    """Where the envelope ends whose list of records ends at `at`; None when what follows is no such end."""
    at = skip_space(text, at)
    if text[at : at + 1] == ",":
        at += 1
    try:
        return at - 1 + json.JSONDecoder().raw_decode("{" + text[at:])[1]
    except (ValueError, RecursionError):
        return None


def _rest(text: str, at: int, position: int, expected: str) -> RawRecord:
    """What is left of a broken file, as one record; empty when the file was cut off between two elements."""
    rest = text[at:].encode("latin-1")
    found = broken_record(position, rest[:20], "").text
    reason = f"expected {expected}, found {found!r}" if rest else f"it ends where {expected} was expected"
    return broken_record(position, rest, f"the file is broken at byte {at + 1}: {reason}; ask for it again")


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
    at = skip_space(text, at)
    if text[at : at + 1] == "]":
        return True
    if text[at : at + 1] != ",":
        return False
    try:
        json.JSONDecoder().raw_decode(text, skip_space(text, at + 1))
    except (ValueError, RecursionError):
        return False
    return True
