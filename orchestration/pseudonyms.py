"""Tokens and contract ids of drivers in all that is published: a keyed hash stands in their place.

The key comes from the environment and is nowhere written, so that nobody who has what is published can try ids out.
The same id has the same pseudonym in every table and report for as long as the key stands. Without a key they are
withheld: one word stands for all of them. docs/privacy.md says what this covers.
"""

import hashlib
import hmac
import os

import duckdb

VARIABLE = "EVSETTLE_PSEUDONYM_KEY"
WITHHELD = "#withheld"
SHORTEST_KEY = 16
_SHOWN = 12
# What stands in a field, in a sentence about it: a text as JSON or Python writes it, a list, a block, a bare word.
_VALUE = r"""(?:"(?:[^"\\]|\\.)*(?:"|\.{2,3})|'(?:[^'\\]|\\.)*(?:'|\.{2,3})|[\[{].*?|[^"'\[{][^;]*?)"""
# Fields of CDRs, sessions and tokens that name a person, or hold what does.
_PERSON = (
    r"([\w.\[\]]*(?:token|token\.uid|token_uid|contract_id|auth_id|visual_number|group_id|EvcoID|UID|Identification))"
)
_BLOCK = 64

NO_KEY = (
    f"{VARIABLE} is not set: tokens and contract ids are published as {WITHHELD}. Set it to a secret of {SHORTEST_KEY}"
    " characters or more to tell them apart (docs/privacy.md)."
)


class PseudonymError(ValueError):
    """The key cannot be used; one sentence with the remedy."""


def key() -> bytes | None:
    """The key of the environment; None where there is none. Raises PseudonymError for one that can be guessed."""
    text = os.environ.get(VARIABLE, "")
    if not text:
        return None
    if len(text) < SHORTEST_KEY:
        raise PseudonymError(f"{VARIABLE} has {len(text)} characters; use a secret of {SHORTEST_KEY} or more.")
    return text.encode()


def fingerprint() -> str:
    """What tells one key from another without telling it; empty without a key."""
    secret = key()
    return "" if secret is None else hmac.new(secret, b"evsettle fingerprint", hashlib.sha256).hexdigest()[:_SHOWN]


def pseudonym(identifier: str | None) -> str | None:
    """What stands for an id, as the macro of the same name gives it; nothing for nothing."""
    if not identifier:
        return None
    secret = key()
    if secret is None:
        return WITHHELD
    return f"#{hmac.new(secret, identifier.lower().encode(), hashlib.sha256).hexdigest()[:_SHOWN]}"


def install(connection: duckdb.DuckDBPyConnection) -> None:
    """Give the connection three macros.

    pseudonym(id); hide(text, id, other_id) replaces both in a text, and what stands in a wrong field that names a
    person; without_values(text) leaves of what is wrong with fields their names and what was expected.
    """
    secret = key()
    if secret is None:
        hashed = f"'{WITHHELD}'"
    else:
        # HMAC-SHA256 of RFC 2104, in SQL: a key longer than a block is its hash.
        block = (hashlib.sha256(secret).digest() if len(secret) > _BLOCK else secret).ljust(_BLOCK, b"\0")
        inner, outer = (bytes(byte ^ pad for byte in block).hex() for pad in (0x36, 0x5C))
        message = f"unhex('{inner}') || encode(lower(id))"
        hashed = f"'#' || left(sha256(unhex('{outer}') || unhex(sha256({message}))), {_SHOWN})"
    connection.execute(f"create or replace temp macro pseudonym(id) as case when id is not null then {hashed} end")
    named = f"{_PERSON} is {_VALUE}, expected ".replace("'", "''")
    connection.execute(
        "create or replace temp macro hide(words, id, other_id) as replace(replace("
        f"regexp_replace(words, '{named}', '\\1 is {WITHHELD}, expected ', 'g'), coalesce(id, ''),"
        " coalesce(pseudonym(id), '')), coalesce(other_id, ''), coalesce(pseudonym(other_id), ''))"
    )
    pattern = f" is {_VALUE}, expected ".replace("'", "''")
    connection.execute(
        f"create or replace temp macro without_values(words) as regexp_replace(words, '{pattern}', ': expected ', 'g')"
    )
