"""Names for tokens and drivers' contracts that tell two people apart and name neither.

With a key in EVSETTLE_PSEUDONYM_KEY the same token has the same name in every place that uses the key; without one only
its last characters are shown. What does not belong here: which fields hold such ids (personal_ids names them).
"""

import hashlib
import hmac
import os
import re
from collections.abc import Iterable

KEY_VARIABLE = "EVSETTLE_PSEUDONYM_KEY"
_SHOWN = 4
# Fields of OCPI CDRs, tokens and OICP records that name a person's card, contract or app account.
_FIELDS = re.compile(
    r'"(?:contract_id|visual_number|auth_id|uid|EvcoID|UID|group_id|issuer)"\s*:\s*"((?:[^"\\]|\\.)+)"'
)


def pseudonym(identifier: str | None) -> str | None:
    """`~4f1c09aa31de` with a key; `…35CA` without; nothing for nothing."""
    if not identifier:
        return None
    key = os.environ.get(KEY_VARIABLE)
    if not key:
        return f"…{identifier[-_SHOWN:]}"
    return f"~{hmac.new(key.encode(), identifier.casefold().encode(), hashlib.sha256).hexdigest()[:12]}"


def without_persons(text: str, known: Iterable[str | None]) -> str:
    """A record as it stands, with the ids of tokens and drivers' contracts replaced wherever they stand."""
    found = {identifier for identifier in known if identifier} | set(_FIELDS.findall(text))
    for identifier in sorted(found, key=len, reverse=True):
        text = text.replace(identifier, pseudonym(identifier) or "")
    return text
