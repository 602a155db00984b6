"""OCPI location objects (2.1.1 to 2.3.0) into rows of raw_connectors.

Source: OCPI mod_locations. What does not belong here: which sighting holds at a moment (inspect).
"""

from collections.abc import Iterator
from datetime import datetime
from decimal import Decimal
from typing import Any

from orchestration.defs.ingest.feed_objects import FeedObject, ObjectError, number, objects_in, party_of, text
from orchestration.defs.ingest.json_fields import read_instant

COLUMNS = (
    "record_id", "sighting_seq", "seen_at", "source", "is_opening", "cpo_party", "location_id", "country", "time_zone",
    "evse_uid", "evse_id", "evse_status", "connector_id", "standard", "power_type", "max_power_w", "last_updated",
)  # fmt: skip
_LIMIT_WATTS = Decimal(10) ** 12


def connector_rows(location: FeedObject) -> Iterator[tuple[Any, ...]]:
    """One row per connector, one without connector for an EVSE that has none, one without EVSE likewise.

    Columns after those of the sighting, in the order of COLUMNS. Raises ObjectError.
    """
    fields = location.fields
    location_id = text(fields, "id")
    if location_id is None:
        raise ObjectError("the location has no id; ask the sender for it.")
    head = (party_of(fields, location.default_party), location_id, text(fields, "country"), text(fields, "time_zone"))
    updated = _updated(fields)
    evses = objects_in(fields, "evses")
    if not evses:
        yield (*head, None, None, None, None, None, None, None, updated)
    seen: set[tuple[str | None, str | None]] = set()
    for evse in evses:
        evse_uid = text(evse, "uid")
        ids = (evse_uid, text(evse, "evse_id"), text(evse, "status"))
        for connector in objects_in(evse, "connectors") or [{}]:
            connector_id = text(connector, "id")
            # The first of two connectors with one id stands: a row is one connector.
            if (evse_uid, connector_id) in seen:
                continue
            seen.add((evse_uid, connector_id))
            yield (
                *head, *ids, connector_id, text(connector, "standard"), text(connector, "power_type"),
                max_power_w(connector), _updated(evse, connector) or updated,
            )  # fmt: skip


def _updated(*objects: dict[str, Any]) -> datetime | None:
    """The last of their last_updated: an EVSE that is removed leaves its connectors' own as they were."""
    moments = [moment for item in objects if (moment := read_instant(item.get("last_updated"))) is not None]
    return max(moments, default=None)


def max_power_w(connector: dict[str, Any]) -> Decimal | None:
    """Watts: max_electric_power, else volts (line to neutral) times amperes, three times that for three phases."""
    watts = number(connector, "max_electric_power")
    if watts is None or watts <= 0:
        volts = number(connector, "max_voltage") or number(connector, "voltage")
        amperes = number(connector, "max_amperage") or number(connector, "amperage")
        if volts is None or amperes is None:
            return None
        watts = volts * amperes * (3 if connector.get("power_type") == "AC_3_PHASE" else 1)
    return watts.quantize(Decimal("0.01")) if 0 < watts < _LIMIT_WATTS else None
