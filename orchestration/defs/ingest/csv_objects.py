"""Tariffs, locations and tokens as CSV: each row becomes the OCPI object that says the same.

A row is one token, one connector, or one tariff with at most one price a dimension and no restrictions: tariffs
with hours or bands are sent as OCPI.
"""

from collections.abc import Callable, Iterator
from datetime import datetime
from decimal import Decimal
from typing import Any

from orchestration.defs.ingest.feed_load import EvidenceFile, ReadRecord, read_records
from orchestration.defs.ingest.feed_objects import ObjectError
from orchestration.defs.ingest.records import RawRecord

Object = dict[str, Any]


def csv_objects(file: EvidenceFile) -> tuple[Iterator[RawRecord], Callable[[RawRecord], Object]]:
    """The records of a CSV file one by one, and what reads the one that came last as an OCPI object.

    The first record raises FileError or MappingError when the file as a whole cannot be read.
    """
    last: list[ReadRecord] = []
    made = {"tokens": _token, "locations": _location, "tariffs": _tariff}[file.feed.name]

    def records() -> Iterator[RawRecord]:
        for one in read_records(file):
            last[:] = [one]
            yield one.record

    def object_of(record: RawRecord) -> Object:
        (one,) = last
        assert one.record is record, "records are read in the order in which they come"
        if one.values is None:
            raise ObjectError(one.problem[1] if one.problem else "the row cannot be read.")
        return {name: value for name, value in made(one.values.fields).items() if value is not None}

    return records(), object_of


def _party(party: str | None) -> Object:
    country, _, code = (party or "/").partition("/")
    return {"country_code": country or None, "party_id": code or None}


def _at(instant: datetime | None) -> str | None:
    return None if instant is None else instant.isoformat()


def _token(row: Object) -> Object:
    return _party(row["emsp_party"]) | {
        "uid": row["token_uid"], "type": row["token_type"], "contract_id": row["contract_id"],
        "valid": row["is_valid"] == "true", "whitelist": row["whitelist"], "last_updated": _at(row["last_updated"]),
    }  # fmt: skip


def _location(row: Object) -> Object:
    power = row["max_power_kw"]
    connector = {
        "id": row["connector_id"], "standard": row["standard"], "power_type": row["power_type"],
        "max_electric_power": None if power is None else power * 1000,
    }  # fmt: skip
    evse = {
        "uid": row["evse_uid"], "evse_id": row["evse_id"], "status": row["evse_status"],
        "connectors": [connector] if row["connector_id"] is not None else [],
    }  # fmt: skip
    return _party(row["cpo_party"]) | {
        "id": row["location_id"], "country": row["country"], "address": row["address"], "city": row["city"],
        "time_zone": row["time_zone"],
        "evses": [evse] if row["evse_uid"] is not None or row["evse_id"] is not None else [],
        "last_updated": _at(row["last_updated"]),
    }  # fmt: skip


def _tariff(row: Object) -> Object:
    parts = (
        ("ENERGY", row["price_per_kwh"], row["step_size_wh"]),
        ("TIME", row["price_per_hour"], row["step_size_seconds"]),
        ("PARKING_TIME", row["price_per_parking_hour"], row["step_size_seconds"]),
        ("FLAT", row["price_per_session"], None),
    )
    components = [
        {"type": dimension, "price": price, "step_size": step if step is not None else Decimal(1)}
        | ({} if row["tax_percent"] is None else {"vat": row["tax_percent"]})
        for dimension, price, step in parts
        if price is not None
    ]
    limits = {
        name: {"excl_vat": row[f"{name}_excl_tax"]}
        for name in ("min_price", "max_price")
        if row[f"{name}_excl_tax"] is not None
    }
    return _party(row["cpo_party"]) | limits | {
        "id": row["tariff_id"], "type": row["tariff_type"], "currency": row["currency"],
        "elements": [{"price_components": components}], "start_date_time": _at(row["valid_from"]),
        "end_date_time": _at(row["valid_to"]), "last_updated": _at(row["last_updated"]),
    }  # fmt: skip
