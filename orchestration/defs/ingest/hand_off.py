"""Within how many hours each hand-off on a session's way is in time: the `handoff` block of a contract.

What does not belong here: the hand-offs themselves (settle/handoff_lag).
"""

from collections.abc import Iterator

import msgspec

from orchestration.defs.ingest.declared import Declared

COLUMNS = ("partner", "contract_version", "hop", "limit_hours")


class HandOff(Declared, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Hours within which a session's record, a hub's file, delivery and clearing are in time. null: never late.

    What a contract does not say is a day.
    """

    record_hours: int | None = 24
    hub_hours: int | None = 24
    delivery_hours: int | None = 24
    clearing_hours: int | None = 24


def limits(partner: str, version: str, terms: HandOff) -> Iterator[tuple[str, str, str, int | None]]:
    """Rows of raw_handoff_terms: one for each hand-off."""
    for name, hours in msgspec.structs.asdict(terms).items():
        yield partner, version, name.removesuffix("_hours"), hours
