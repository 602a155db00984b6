"""Who we are: master/network.yaml."""

import re
from datetime import date
from decimal import Decimal
from typing import Any, Literal

import msgspec

from orchestration.defs.ingest.declared import Declared, DeclaredError, read_declared
from orchestration.defs.ingest.zones import is_zone

PATH = "master/network.yaml"
_MOST = 10_000
_PARTY = re.compile(r"[A-Z]{2}/[A-Z0-9]{3}")


class OwnParty(Declared, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One of our legal entities. bank_account: an IBAN, or {iban, bic, creditor_id}."""

    party: str
    roles: tuple[Literal["CPO", "EMSP"], ...]
    legal_name: str
    country: str | None = None
    address: str | None = None
    vat_id: str | None = None
    vat_ids: Any = None
    bank_account: Any = None

    @property
    def account(self) -> dict[str, str | None]:
        """Its bank account as iban, bic and creditor_id; the IBAN in capitals and without spaces."""
        given = self.bank_account if isinstance(self.bank_account, dict) else {"iban": self.bank_account}
        iban = str(given.get("iban") or "").replace(" ", "").upper()
        return {"iban": iban or None, "bic": given.get("bic"), "creditor_id": given.get("creditor_id")}


class Drift(Declared, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """When a partner's faults count as a jump against its own history (docs/quality.md).

    The last recent_days of a partner are compared with the history_days before them, once each holds minimum_records.
    It is a jump when there are minimum_faults, at least `times` as many as the history lets expect, and the difference
    is more than `deviations` times what chance explains.
    """

    recent_days: int = 7
    history_days: int = 28
    minimum_records: int = 20
    minimum_faults: int = 5
    times: Decimal = Decimal(2)
    deviations: int = 3


class Network(Declared, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The network: its parties, and the zone, country and currency of its books.

    history_before: sessions that ended before this day are history taken in at the start; each
    bills in its own month and is never late. drift: when the quality of a partner's records gives the alarm.
    """

    name: str | None = None
    parties: tuple[OwnParty, ...]
    country: str | None = None
    currency: str
    time_zone: str
    history_before: date | None = None
    drift: Drift = Drift()


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
    for name, limit in msgspec.structs.asdict(network.drift).items():
        if not 1 <= limit <= _MOST:
            raise DeclaredError(f"{PATH}: drift.{name} is {limit}; write a number from 1 to {_MOST:,}.")
    return network
