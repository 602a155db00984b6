"""Contract ids of drivers (eMAID): their parts, their one form, and the check digit.

Source: ISO 15118-2 Annex H (form: country, provider, nine characters, check digit, hyphens optional) and eMI3's
"Check Digit Calculation for Contract-IDs". What does not belong here: whose contract it is (inspect).
"""

import re
from functools import cache

import duckdb

from orchestration.defs.ingest.bulk import insert_rows

_ALPHABET = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"
_EMAID = re.compile(r"([A-Z]{2})(-?)([0-9A-Z]{3})(-?)([0-9A-Z]{9})(-?)([0-9A-Z])?", re.IGNORECASE)
_POSITIONS = 14
COLUMNS = ("contract_id", "contract_key", "is_emaid", "is_check_digit_right")


Vector = tuple[int, int]
Square = tuple[Vector, Vector]
Sums = tuple[int, int, int, int]


def contract_key(contract_id: str) -> str:
    """The one form of a contract id: lower case, an eMAID without hyphens and check digit, anything else as it is."""
    found = _EMAID.fullmatch(contract_id)
    return (found[1] + found[3] + found[5] if found else contract_id).lower()


def is_check_digit_right(contract_id: str) -> bool | None:
    """Whether an eMAID's check digit is the one of its other fourteen characters; None when it has none."""
    found = _EMAID.fullmatch(contract_id)
    if found is None or found[7] is None:
        return None
    return check_digit(found[1] + found[3] + found[5]) == found[7].upper()


def check_digit(characters: str) -> str:
    """The fifteenth character of an eMAID, from its first fourteen.

    A character is a pair of bits and a pair of trits; each pair is multiplied by a power of a matrix,
    that of its position, and the check digit brings both sums to zero.
    """
    total = (0, 0, 0, 0)
    for position, character in enumerate(characters.upper(), start=1):
        total = _plus(total, _share(position, character))
    return _closing()[total]


def add_contract_ids(connection: duckdb.DuckDBPyConnection) -> None:
    """Rows of raw_contract_ids for every contract id of a CDR, token or membership that has none yet."""
    new = connection.execute(
        "select contract_id from ingest.raw_cdrs where contract_id is not null"
        " union select contract_id from ingest.raw_tokens where contract_id is not null"
        " union select contract_id from ingest.raw_memberships"
        " except select contract_id from ingest.raw_contract_ids order by 1"
    ).fetchall()
    insert_rows(connection, "raw_contract_ids", COLUMNS, [
        (text, contract_key(text), _EMAID.fullmatch(text) is not None, is_check_digit_right(text)) for (text,) in new
    ])  # fmt: skip


@cache
def _closing() -> dict[Sums, str]:
    """The character that brings sums to zero, by those sums."""
    shares = {character: _share(_POSITIONS + 1, character) for character in _ALPHABET}
    return {(-a % 2, -b % 2, -c % 3, -d % 3): character for character, (a, b, c, d) in shares.items()}


@cache
def _share(position: int, character: str) -> Sums:
    """What a character adds to the sums at its position."""
    high, low = divmod(_ALPHABET.index(character), 9)
    return (*_times(divmod(high, 2), _power(2, position), 2), *_times(divmod(low, 3), _power(3, position), 3))


@cache
def _power(modulus: int, exponent: int) -> Square:
    matrix: Square = ((0, 1), (1, modulus - 1))
    power: Square = ((1, 0), (0, 1))
    for _ in range(exponent):
        power = (_times(power[0], matrix, modulus), _times(power[1], matrix, modulus))
    return power


def _times(vector: Vector, matrix: Square, modulus: int) -> Vector:
    return (
        (vector[0] * matrix[0][0] + vector[1] * matrix[1][0]) % modulus,
        (vector[0] * matrix[0][1] + vector[1] * matrix[1][1]) % modulus,
    )


def _plus(first: Sums, second: Sums) -> Sums:
    return (
        (first[0] + second[0]) % 2, (first[1] + second[1]) % 2, (first[2] + second[2]) % 3, (first[3] + second[3]) % 3
    )  # fmt: skip
