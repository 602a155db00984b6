"""A record as it stands in its file, but with pseudonyms for tokens and drivers' contracts."""

import re
from collections.abc import Iterable

from orchestration.pseudonyms import pseudonym

# Fields of OCPI CDRs, tokens and OICP records that name a person's card, contract or app account.
_FIELDS = re.compile(
    r'"(?:contract_id|visual_number|auth_id|uid|EvcoID|UID|group_id|cdr_token)"\s*:\s*"((?:[^"\\]|\\.)+)"',
)


def without_persons(text: str, known: Iterable[str | None]) -> str:
    """The text with these ids, and those in fields that name a person, replaced wherever they stand."""
    found = {identifier for identifier in known if identifier} | set(_FIELDS.findall(text))
    for identifier in sorted(found, key=len, reverse=True):
        text = text.replace(identifier, pseudonym(identifier) or "")
    return text
