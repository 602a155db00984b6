"""Valid OCPI objects of our own making: override one field, or pass None to leave it out."""

import json
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import duckdb

from orchestration.defs.ingest.records import RawRecord, split


def a_cdr(ocpi_version: str = "2.2.1", **override: Any) -> dict[str, Any]:
    """A two-hour session of NL/EVS for NL/EMO: 10 kWh at 0.30 and 1.5 hours charging, 0.5 hours parked."""
    cdr = {"2.1.1": _cdr_211, "2.2.1": _cdr_221, "2.3.0": _cdr_230}[ocpi_version]()
    return _overridden(cdr, override)


def a_tariff(ocpi_version: str = "2.2.1", **override: Any) -> dict[str, Any]:
    """0.30 EUR a kWh, with 21 % VAT where the version knows it."""
    component: dict[str, Any] = {"type": "ENERGY", "price": 0.30, "step_size": 1}
    tariff: dict[str, Any] = {
        "id": "STANDARD",
        "currency": "EUR",
        "elements": [{"price_components": [component]}],
        "last_updated": "2026-01-01T00:00:00Z",
    }
    if ocpi_version != "2.1.1":
        component["vat"] = 21.0
        tariff |= {"country_code": "NL", "party_id": "EVS", "type": "REGULAR"}
    if ocpi_version == "2.3.0":
        tariff["tax_included"] = "NO"
    return _overridden(tariff, override)


def a_component(dimension: str = "ENERGY", price: float = 0.30, **override: Any) -> dict[str, Any]:
    """A price component with 21 % VAT."""
    return _overridden({"type": dimension, "price": price, "vat": 21.0, "step_size": 1}, override)


def a_period(
    start_date_time: str = "2026-10-05T08:00:00Z", tariff_id: str | None = "STANDARD", **volumes: float
) -> dict[str, Any]:
    """A charging period; volumes by dimension: a_period(ENERGY=10, TIME=1.5)."""
    dimensions = [{"type": name, "volume": volume} for name, volume in volumes.items()]
    return _overridden({"start_date_time": start_date_time, "dimensions": dimensions}, {"tariff_id": tariff_id})


def a_location(ocpi_version: str = "2.2.1", **override: Any) -> dict[str, Any]:
    """One charge point with one 22 kW connector."""
    connector: dict[str, Any] = {
        "id": "1",
        "standard": "IEC_62196_T2",
        "format": "SOCKET",
        "power_type": "AC_3_PHASE",
        "last_updated": "2026-01-01T00:00:00Z",
    }
    volts, amperes = ("voltage", "amperage") if ocpi_version == "2.1.1" else ("max_voltage", "max_amperage")
    connector |= {volts: 230, amperes: 32}
    if ocpi_version != "2.1.1":
        connector["max_electric_power"] = 22000
    location: dict[str, Any] = {
        "id": "LOC1",
        "name": "Quay",
        "address": "Kade 1",
        "city": "Rotterdam",
        "postal_code": "3011AA",
        "country": "NLD",
        "coordinates": {"latitude": "51.920000", "longitude": "4.480000"},
        "time_zone": "Europe/Amsterdam",
        "evses": [
            {
                "uid": "EVSE1",
                "evse_id": "NL*EVS*E1",
                "status": "AVAILABLE",
                "connectors": [connector],
                "last_updated": "2026-01-01T00:00:00Z",
            }
        ],
        "last_updated": "2026-01-01T00:00:00Z",
    }
    if ocpi_version == "2.1.1":
        location["type"] = "ON_STREET"
    else:
        location |= {"country_code": "NL", "party_id": "EVS", "publish": True}
    return _overridden(location, override)


def a_token(ocpi_version: str = "2.2.1", **override: Any) -> dict[str, Any]:
    """A valid card of NL/EMO."""
    token: dict[str, Any] = {
        "uid": "04A1B2C3",
        "type": "RFID",
        "issuer": "eMobility Operator",
        "valid": True,
        "whitelist": "ALLOWED",
        "last_updated": "2026-01-01T00:00:00Z",
    }
    if ocpi_version == "2.1.1":
        token["auth_id"] = "NL-EMO-C00000001-1"
    else:
        token |= {"country_code": "NL", "party_id": "EMO", "contract_id": "NL-EMO-C00000001-1"}
    return _overridden(token, override)


def records_of(objects: Iterable[Mapping[str, Any]]) -> list[RawRecord]:
    """The objects as the records of an NDJSON file."""
    return list(split("\n".join(json.dumps(item) for item in objects).encode()))


def table_rows(connection: duckdb.DuckDBPyConnection, table: str, order: str = "record_id") -> list[dict[str, Any]]:
    """All rows of ingest.<table>, each as a dict."""
    found = connection.execute(f"select * from ingest.{table} order by {order}")
    names = [column[0] for column in found.description]
    return [dict(zip(names, row, strict=True)) for row in found.fetchall()]


def _cdr_common() -> dict[str, Any]:
    return {
        "id": "CDR-1",
        "start_date_time": "2026-10-05T08:00:00Z",
        "auth_method": "WHITELIST",
        "meter_id": "METER-1",
        "currency": "EUR",
        "charging_periods": [
            a_period("2026-10-05T08:00:00Z", ENERGY=10, TIME=1.5),
            a_period("2026-10-05T09:30:00Z", PARKING_TIME=0.5),
        ],
        "total_energy": 10,
        "total_time": 2,
        "total_parking_time": 0.5,
        "last_updated": "2026-10-05T10:05:00Z",
    }


def _cdr_211() -> dict[str, Any]:
    cdr = _cdr_common() | {
        "stop_date_time": "2026-10-05T10:00:00Z",
        "auth_id": "NL-EMO-C00000001-1",
        "location": a_location("2.1.1"),
        "tariffs": [a_tariff("2.1.1")],
        "total_cost": 3.00,
    }
    for period in cdr["charging_periods"]:
        del period["tariff_id"]
    return cdr


def _cdr_221() -> dict[str, Any]:
    return _cdr_common() | {
        "country_code": "NL",
        "party_id": "EVS",
        "end_date_time": "2026-10-05T10:00:00Z",
        "session_id": "SESSION-1",
        "cdr_token": {
            "country_code": "NL",
            "party_id": "EMO",
            "uid": "04A1B2C3",
            "type": "RFID",
            "contract_id": "NL-EMO-C00000001-1",
        },
        "cdr_location": {
            "id": "LOC1",
            "address": "Kade 1",
            "city": "Rotterdam",
            "country": "NLD",
            "coordinates": {"latitude": "51.920000", "longitude": "4.480000"},
            "evse_uid": "EVSE1",
            "evse_id": "NL*EVS*E1",
            "connector_id": "1",
            "connector_standard": "IEC_62196_T2",
            "connector_format": "SOCKET",
            "connector_power_type": "AC_3_PHASE",
        },
        "tariffs": [a_tariff()],
        "total_cost": {"excl_vat": 3.00, "incl_vat": 3.63},
        "total_energy_cost": {"excl_vat": 3.00, "incl_vat": 3.63},
    }


def _cdr_230() -> dict[str, Any]:
    cost = {"before_taxes": 3.00, "taxes": [{"name": "VAT", "percentage": 21, "amount": 0.63}]}
    return _cdr_221() | {"tariffs": [a_tariff("2.3.0")], "total_cost": cost, "total_energy_cost": cost}


def _overridden(item: dict[str, Any], override: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in (item | dict(override)).items() if value is not None}


def places(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """Every place in a JSON value."""
    for key, inner in value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else []:
        yield (*path, key)
        yield from places(inner, (*path, key))
