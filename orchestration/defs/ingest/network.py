"""Who we are: master/network.yaml."""

import re
from datetime import date
from typing import Any, Literal

from orchestration.defs.ingest.declared import Declared, DeclaredError, read_declared
from orchestration.defs.ingest.zones import is_zone

PATH = "master/network.yaml"
_PARTY = re.compile(r"[A-Z]{2}/[A-Z0-9]{3}")


class OwnParty(Declared, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One of our legal entities."""

    party: str
    roles: tuple[Literal["CPO", "EMSP"], ...]
    legal_name: str
    country: str | None = None
    vat_id: str | None = None
    vat_ids: Any = None
    bank_account: Any = None


class Network(Declared, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The network: its parties, and the zone, country and currency of its books.

    history_before: sessions that ended before this day are history taken in at the start; each
    bills in its own month and is never late.
    """

    name: str | None = None
    parties: tuple[OwnParty, ...]
    country: str | None = None
    currency: str
    time_zone: str
    history_before: date | None = None


def read_network(data: bytes) -> Network:
    """The network in the file's bytes. Raises DeclaredError."""
    network = read_declared(PATH, data, Network)
    if not is_zone(network.time_zone):
        raise DeclaredError(f"{PATH}: time_zone is {network.time_zone!r}; write an IANA zone like Europe/Amsterdam.")
    if not network.parties:
        raise DeclaredError(f"{PATH}: parties is empty; write at least one with party, roles and legal_name.")
    for own in network.parties:
        if not _PARTY.fullmatch(own.party):
            raise DeclaredError(f"{PATH}: parties has {own.party!r}; write country and party in capitals, as NL/EVS.")
        if not own.roles:
            raise DeclaredError(f"{PATH}: {own.party} has no roles; write CPO, EMSP or both.")
    if len({own.party for own in network.parties}) < len(network.parties):
        raise DeclaredError(f"{PATH}: a party stands there twice; give it all its roles in one place.")
    return network
