"""OCPI location objects (2.1.1 to 2.3.0) into rows of raw_connectors.

Source: OCPI mod_locations. What does not belong here: which sighting holds at a moment (inspect).
"""

from collections.abc import Iterator
from decimal import Decimal, InvalidOperation
from typing import Any

from orchestration.defs.ingest.feed_objects import FeedObject, ObjectError, ObjectReader, party_of, text

COLUMNS = (
    "record_id", "sighting_seq", "seen_at", "source", "is_opening", "cpo_party", "location_id", "country", "address",
    "city", "latitude", "longitude", "time_zone", "evse_uid", "evse_id", "evse_status", "connector_id", "standard",
    "power_type", "max_power_w", "last_updated",
)  # fmt: skip
_LIMIT_WATTS = Decimal(10) ** 12
_DEGREES = Decimal("0.0000001")


def connector_rows(location: FeedObject) -> Iterator[tuple[Any, ...]]:
    """One row per connector, one without connector for an EVSE that has none, one without EVSE likewise.

    Columns after those of the sighting, in the order of COLUMNS. Raises ObjectError that names every field that
    cannot be read: a power that became empty would let energy beyond it go unseen.
    """
    fields, reader = location.fields, ObjectReader()
    location_id = reader.text(fields, "id", "")
    if location_id is None and not reader.problems:
        raise ObjectError("the location has no id; ask the sender for it.")
    head = (
        party_of(fields, location.default_party, reader), location_id, reader.text(fields, "country", ""),
        text(fields, "address"), text(fields, "city"), *_coordinates(fields),
        reader.text(fields, "time_zone", ""),
    )  # fmt: skip
    rows = list(_rows(reader, fields, head))
    reader.refuse("location", location_id)
    yield from rows


def _rows(reader: ObjectReader, fields: dict[str, Any], head: tuple[Any, ...]) -> Iterator[tuple[Any, ...]]:
    updated = reader.moment(fields, "last_updated", "")
    evses = reader.objects(fields, "evses", "")
    if not evses:
        yield (*head, None, None, None, None, None, None, None, updated)
    seen: set[tuple[str | None, str | None]] = set()
    for place, evse in evses:
        evse_uid = reader.text(evse, "uid", place)
        ids = (evse_uid, reader.text(evse, "evse_id", place), reader.text(evse, "status", place))
        evse_updated = reader.moment(evse, "last_updated", place)
        for path, connector in reader.objects(evse, "connectors", place) or [(place, {})]:
            connector_id = reader.text(connector, "id", path)
            # An EVSE that is removed leaves its connectors' own last_updated as they were.
            moments = (evse_updated, reader.moment(connector, "last_updated", path))
            row = (
                *head, *ids, connector_id, reader.text(connector, "standard", path),
                reader.text(connector, "power_type", path), max_power_w(reader, connector, path),
                max((moment for moment in moments if moment is not None), default=updated),
            )  # fmt: skip
            # The first of two connectors with one id stands: a row is one connector.
            if (evse_uid, connector_id) not in seen:
                seen.add((evse_uid, connector_id))
                yield row


def _coordinates(fields: dict[str, Any]) -> tuple[Decimal | None, Decimal | None]:
    """Latitude and longitude in degrees; neither where one of them is no place on earth."""
    found = fields.get("coordinates")
    place = found if isinstance(found, dict) else {}
    latitude, longitude = _degrees(place, "latitude", 90), _degrees(place, "longitude", 180)
    return (None, None) if latitude is None or longitude is None else (latitude, longitude)


def _degrees(place: dict[str, Any], name: str, most: int) -> Decimal | None:
    try:
        degrees = Decimal(text(place, name) or "")
    except InvalidOperation:
        return None
    return degrees.quantize(_DEGREES) if degrees.is_finite() and abs(degrees) <= most else None


def max_power_w(reader: ObjectReader, connector: dict[str, Any], path: str) -> Decimal | None:
    """Watts: max_electric_power, else volts (line to neutral) times amperes, three times that for three phases."""
    watts, *others = (
        reader.amount(connector, name, path)
        for name in ("max_electric_power", "max_voltage", "voltage", "max_amperage", "amperage")
    )
    if watts:
        return watts.quantize(Decimal("0.01"))
    volts, amperes = others[0] or others[1], others[2] or others[3]
    if not volts or not amperes:
        return None
    watts = volts * amperes * (3 if connector.get("power_type") == "AC_3_PHASE" else 1)
    if watts >= _LIMIT_WATTS:
        reader.expected(f"{path}power", watts.normalize(), f"less than {_LIMIT_WATTS} W of volts times amperes")
        return None
    return watts.quantize(Decimal("0.01"))
