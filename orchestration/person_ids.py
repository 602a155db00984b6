"""Other ids in the place of a person's, wherever and however they are written, and always the same ones.

What comes out is random, not derived from the person. What does not belong here: where ids stand (orchestration/erase).
"""

import re
import secrets
import string
from collections.abc import Callable, Collection, Sequence
from contextlib import suppress

from orchestration.defs.ingest.contract_ids import check_digit, is_check_digit_right

SHORTEST = 4
# Country and provider of a contract id say whose customer it is, not who.
_PROVIDER = 5
_SEPARATORS = "-*_ .:/"
# A character by its number: in JSON (in JSON text within JSON, too), in an address of the web.
_BY_NUMBER = re.compile(r"(\\+u00|%)([0-9a-f]{2})", re.IGNORECASE)
_ONE = re.compile(rf"{_BY_NUMBER.pattern}|.", re.IGNORECASE | re.DOTALL)
_PLAIN_START, _PLAIN_END = "(?<![0-9A-Za-z])", "(?![0-9A-Za-z])"
_LETTER_OR_DIGIT = r"\\u00(?:3[0-9]|[46][1-9a-f]|[57][0-9a])"
# An id may follow what ends in a letter and is none: \n, %20, \u0022.
_ESCAPED_START = (
    rf"(?:{_PLAIN_START}|(?<=\\[bfnrt])|(?<=%2[0-9a-f])|(?<=%3[a-f])"
    rf"|(?<=\\u[0-9a-f]{{4}})(?<!{_LETTER_OR_DIGIT}))"
)
_ESCAPED_END = rf"{_PLAIN_END}(?!{_LETTER_OR_DIGIT})"
_IN_OTHER_FORMS = re.compile(rb"\\[bfnrtu/]|%[2-7]")
# A signed meter value of OCMF, as text or within the text of JSON: its body, and the signature over it.
_SIGNED = re.compile(rb"OCMF\|\{.*?\}\|\{[^{}]*\}", re.DOTALL)
_BOMS = {b"\xff\xfe": "utf-16-le", b"\xfe\xff": "utf-16-be"}


class EraseRefused(Exception):
    """An erasure cannot be done; one sentence with what to do."""


class Replacer:
    """Other ids in the place of a person's: in any case, with any separators, by characters or by their numbers."""

    def __init__(self, ids: Sequence[str]) -> None:
        self._others: dict[str, str] = {}
        separated = set()
        for given in ids:
            plain = "".join(character for character in given if character not in _SEPARATORS)
            if len(plain) < SHORTEST or not plain.isascii() or not plain.isalnum():
                raise EraseRefused(f"{given!r} is no token or contract id: letters and digits, {SHORTEST} or more.")
            self._others[plain.upper()] = _other(plain.upper(), given)
            # Digits alone are not looked for with separators between them: those would be amounts, days and times.
            if not plain.isdigit() or plain != given:
                separated.add(plain.upper())
        # The longest first: an id may be the beginning of another.
        names = sorted(self._others, key=len, reverse=True)
        self._plain = _pattern(names, separated, re.escape, _PLAIN_START, _PLAIN_END)
        self._escaped = _pattern(names, separated, _any_form, _ESCAPED_START, _ESCAPED_END)

    def names(self, data: bytes) -> bool:
        """Whether the person is named."""
        return self.replaced(data) != data

    def replaced(self, data: bytes) -> bytes:
        """The same without the person. UTF-16 is read as such."""
        if (order := _wide(data)) is not None:
            with suppress(UnicodeError):
                return self._replaced(data.decode(order).encode()).decode().encode(order)
        return self._replaced(data)

    def _replaced(self, data: bytes) -> bytes:
        # What a meter signed stands as it was signed: with another id in it nothing would prove the energy any more,
        # and what was billed by it would be held.
        signed = _SIGNED.findall(data)
        if signed:
            return b"".join(
                part
                for pair in zip(map(self._others_in, _SIGNED.split(data)), [*signed, b""], strict=True)
                for part in pair
            )
        return self._others_in(data)

    def _others_in(self, data: bytes) -> bytes:
        # The pattern for both is several times slower, and most files have nothing by its number.
        pattern = self._escaped if _IN_OTHER_FORMS.search(data) else self._plain
        return pattern.sub(lambda found: self._written(found[0].decode()).encode(), data)

    def _written(self, found: str) -> str:
        """The other id with the separators, in the case and by the forms of what stood there."""
        pieces = [(piece[0], _character(piece[0])) for piece in _ONE.finditer(found)]
        plain = "".join(character for _, character in pieces if character.isalnum())
        other = iter(self._others[plain.upper()])
        return "".join(_like(piece, next(other), said) if said.isalnum() else piece for piece, said in pieces)


def _wide(data: bytes) -> str | None:
    """The byte order of UTF-16, by its mark or by a first character of ASCII; None for other files."""
    if data[:2] in _BOMS:
        return _BOMS[data[:2]]
    match data[:2].count(0), data[:1]:
        case 1, b"\0":
            return "utf-16-be"
        case 1, _:
            return "utf-16-le"
    return None


def _pattern(
    names: Sequence[str], separated: Collection[str], form: Callable[[str], str], start: str, end: str
) -> re.Pattern[bytes]:
    # Of JSON's two ways to write a slash, one has a backslash before it.
    separator = rf"(?:\\?(?:{'|'.join(form(one) for one in _SEPARATORS)}))?"
    ids = ((separator if name in separated else "").join(form(character) for character in name) for name in names)
    return re.compile(f"{start}(?:{'|'.join(ids)}){end}".encode(), re.IGNORECASE)


def _any_form(character: str) -> str:
    """A pattern of a character as it is and by its number, in either case."""
    numbers = "|".join(sorted({f"{ord(one):02x}" for one in (character.lower(), character.upper())}))
    return rf"(?:{re.escape(character)}|(?:\\+u00|%)(?:{numbers}))"


def _character(piece: str) -> str:
    """What a piece of text stands for."""
    number = _BY_NUMBER.fullmatch(piece)
    return chr(int(number[2], 16)) if number else piece


def _like(piece: str, character: str, said: str) -> str:
    """A character in the case of the one said there, and in its form."""
    character = character.lower() if said.islower() else character
    number = _BY_NUMBER.fullmatch(piece)
    return f"{number[1]}{ord(character):02x}" if number else character


def _other(plain: str, given: str) -> str:
    """A random id of the same shape: digits for digits, letters for letters; a contract id keeps country and provider,
    and a check digit that is as right as it was."""
    is_contract = is_check_digit_right(given)
    kept = _PROVIDER if is_contract is not None or re.match(r"[A-Za-z]{2}[-*][0-9A-Za-z]{3}[-*]", given) else 0
    while True:
        made = plain[:kept] + "".join(_random(character) for character in plain[kept:])
        if is_contract:
            made = made[:-1] + check_digit(made[:-1])
        if made != plain:
            return made


def _random(like: str) -> str:
    if like.isdigit():
        return secrets.choice(string.digits)
    # Card numbers are hexadecimal, and stay so.
    return secrets.choice("ABCDEF" if like in "ABCDEF" else string.ascii_uppercase)
