"""Whose EVSE, whose contract: parties from the prefixes of ids, and a party's many spellings as NL/EMO.

The SQL that reads CDRs in bulk has the same prefixes in cdr_macros.sql; a test holds the two together.
"""

import re
from collections.abc import Mapping

_EVSE = re.compile(r"([A-Za-z]{2})(?:[-*]([A-Za-z0-9]{3})[-*].*|([A-Za-z0-9]{3})[Ee][A-Za-z0-9].*)", re.DOTALL)
_CONTRACT = re.compile(r"([A-Za-z]{2})(?:[-*]([A-Za-z0-9]{3})[-*].*|([A-Za-z0-9]{3})[Cc][A-Za-z0-9]{8,9})", re.DOTALL)
_PARTY = re.compile(r"([A-Za-z]{2})[/*-]?([A-Za-z0-9]{3})")
# From best to weakest evidence.
_SOURCES = ("record", "prefix", "mapping", "contract")


def evse_party(evse_id: str | None) -> str | None:
    """DE/ABC from DE*ABC*E123, DE-ABC-E123 or DEABCE123; None when it has no such prefix."""
    return _prefix(_EVSE.fullmatch(evse_id or ""))


def contract_party(contract_id: str | None) -> str | None:
    """NL/EMO from NL-EMO-C123, NL*EMO*C123 or NLEMOC12345678, with or without its check digit."""
    return _prefix(_CONTRACT.fullmatch(contract_id or ""))


def _prefix(match: re.Match[str] | None) -> str | None:
    return None if match is None else f"{match[1]}/{match[2] or match[3]}".upper()


def read_party(value: str) -> str | None:
    """NL/EMO from NL/EMO, NL-EMO, NL*EMO or NLEMO in any case; None when it is no party."""
    match = _PARTY.fullmatch(value)
    return None if match is None else f"{match[1]}/{match[2]}".upper()


def complete_parties(
    fields: dict[str, str | None], constants: Mapping[str, str], sender: str, default: str | None
) -> str | None:
    """Fill cpo_party and emsp_party of a record: its own, else from id prefixes, else constants, else its source's.

    `sender` is the one of them that is the source's only party, `default`, when nothing else says. Returns how the
    weakest of them is known: record, prefix, mapping or contract; None when nothing is known.
    """
    prefixes = {"cpo_party": evse_party(fields.get("evse_id")), "emsp_party": contract_party(fields.get("contract_id"))}
    sources = []
    for name in ("cpo_party", "emsp_party"):
        if name not in fields:
            continue
        given = {
            "record": fields[name], "prefix": prefixes[name], "mapping": constants.get(name),
            "contract": default if name == sender else None,
        }  # fmt: skip
        source = next((source for source, party in given.items() if party is not None), None)
        if source is not None:
            fields[name] = given[source]
            sources.append(source)
    return max(sources, key=_SOURCES.index, default=None)
