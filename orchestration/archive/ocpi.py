"""A CDR as OCPI 2.2.1 or 2.3.0, whatever it came as, for the platform that takes over.

A record of these versions stays as it was sent, but for prices and tariffs where the versions name them differently.
One of another form (2.1.1, OICP, CSV) is written from what was read of it. What does not belong here: reading CDRs, and
any amount of our own: the costs are those that were claimed.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any, Literal

import msgspec

Version = Literal["2.2.1", "2.3.0"]
VERSIONS: tuple[Version, ...] = ("2.2.1", "2.3.0")

_DECODER = msgspec.json.Decoder(float_hook=Decimal)
_ENCODER = msgspec.json.Encoder(decimal_format="number", order="sorted")
_COSTS = ("total_cost", "total_fixed_cost", "total_energy_cost", "total_time_cost", "total_parking_cost",
          "total_reservation_cost")  # fmt: skip
# Type of a dimension, and the column that holds its volume.
_DIMENSIONS = (
    ("ENERGY", "energy_kwh"), ("TIME", "time_hours"), ("PARKING_TIME", "parking_hours"),
    ("RESERVATION_TIME", "reservation_hours"), ("MIN_CURRENT", "min_current"), ("MAX_CURRENT", "max_current"),
    ("MIN_POWER", "min_power"), ("MAX_POWER", "max_power"), ("ENERGY_IMPORT", "energy_import_kwh"),
    ("ENERGY_EXPORT", "energy_export_kwh"),
)  # fmt: skip


class NotSayable(ValueError):
    """A CDR has no form in a version; one sentence that says why."""


def as_ocpi(text: str | None, head: Mapping[str, Any], periods: Sequence[Mapping[str, Any]], version: Version) -> bytes:
    """One line of JSON, keys in order. text: the record as sent; head, periods: what was read of it.

    Raises NotSayable.
    """
    sent = _DECODER.decode(text) if text and head["ocpi_version"] in ("2.1.1", *VERSIONS) else {}
    cdr = sent if head["ocpi_version"] in VERSIONS else _written(sent, head, periods)
    return _ENCODER.encode(_to_version(cdr, version))


def _to_version(cdr: Mapping[str, Any], version: Version) -> dict[str, Any]:
    said = dict(cdr)
    for name in _COSTS:
        if said.get(name) is not None:
            said[name] = _price(said[name], version)
    if said.get("tariffs"):
        said["tariffs"] = [_tariff(tariff, version) for tariff in said["tariffs"]]
    return said


def _price(price: Any, version: Version) -> Any:
    """Net and gross (2.2.1), or net and the taxes on it (2.3.0); what is neither stays as it was sent."""
    if not isinstance(price, Mapping):
        return price
    if version == "2.3.0" and "excl_vat" in price:
        net, gross = price["excl_vat"], price.get("incl_vat")
        known = isinstance(net, int | Decimal) and isinstance(gross, int | Decimal)
        return {"before_taxes": net} | ({"taxes": [{"name": "VAT", "amount": gross - net}]} if known else {})
    if version == "2.2.1" and "before_taxes" in price:
        net, taxes = price["before_taxes"], price.get("taxes")
        if not isinstance(net, int | Decimal) or taxes is None:
            return {"excl_vat": net}
        return {"excl_vat": net, "incl_vat": net + sum(tax["amount"] for tax in taxes)}
    return price


def _tariff(tariff: Mapping[str, Any], version: Version) -> dict[str, Any]:
    said = dict(tariff)
    names = {"excl_vat": "before_taxes", "incl_vat": "after_taxes"}
    if version == "2.2.1":
        if said.pop("tax_included", "NO") == "YES":
            raise NotSayable("its tariff has prices with tax in them, which 2.2.1 cannot say")
        names = {new: old for old, new in names.items()}
    else:
        said.setdefault("tax_included", "NO")
    for limit in ("min_price", "max_price"):
        if isinstance(said.get(limit), Mapping):
            said[limit] = {names.get(name, name): value for name, value in said[limit].items()}
    return said


def _written(sent: Mapping[str, Any], head: Mapping[str, Any], periods: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """A 2.2.1 CDR from what was read of a record of another form. What OCPI asks for and nobody sent is left out."""
    country, _, party = head["cpo_party"].partition("/")
    emsp_country, _, emsp = (head["emsp_party"] or "").partition("/")
    location = sent.get("location")
    place = location if isinstance(location, Mapping) else {}
    cdr: dict[str, Any] = {
        "country_code": country,
        "party_id": party,
        "id": head["cdr_id"],
        "start_date_time": _time(head["started_at"]),
        "end_date_time": _time(head["ended_at"]),
        "session_id": head["session_id"],
        "cdr_token": _present(
            country_code=emsp_country or None,
            party_id=emsp or None,
            uid=head["token_uid"],
            type=head["token_type"] or "OTHER",
            contract_id=head["contract_id"],
        ),
        "auth_method": head["auth_method"],
        "authorization_reference": head["authorization_reference"],
        "cdr_location": _present(
            id=head["location_id"],
            **{name: place.get(name) for name in ("name", "address", "city", "postal_code", "country", "coordinates")},
            evse_uid=head["evse_uid"],
            evse_id=head["evse_id"],
            connector_id=head["connector_id"],
            connector_standard=head["sent_standard"],
            connector_power_type=head["sent_power_type"],
        ),
        "meter_id": head["meter_id"],
        "currency": head["currency"],
        "tariffs": list(sent.get("tariffs") or []),
        "charging_periods": [_period(period) for period in periods],
        "total_cost": _claimed(head, "claimed"),
        "total_energy": _number(head["energy_kwh"]),
        "total_time": _number(head["total_time_hours"]) or _hours(head["started_at"], head["ended_at"]),
        "total_parking_time": _number(head["total_parking_hours"]),
        "remark": head["remark"],
        "credit": True if head["is_credit"] else None,
        "credit_reference_id": head["credit_reference_id"],
        "last_updated": _time(head["last_updated"] or head["ended_at"]),
    }
    return _present(**cdr)


def _claimed(head: Mapping[str, Any], name: str) -> dict[str, Any] | None:
    if head[f"{name}_excl_tax"] is None:
        return None
    return _present(excl_vat=_number(head[f"{name}_excl_tax"]), incl_vat=_number(head[f"{name}_incl_tax"]))


def _period(period: Mapping[str, Any]) -> dict[str, Any]:
    volumes = [(kind, _number(period[column])) for kind, column in _DIMENSIONS]
    return _present(
        start_date_time=_time(period["started_at"]),
        dimensions=[{"type": kind, "volume": volume} for kind, volume in volumes if volume is not None],
        tariff_id=period["tariff_id"],
    )


def _present(**fields: Any) -> dict[str, Any]:
    return {name: value for name, value in fields.items() if value is not None}


def _number(value: Decimal | None) -> Decimal | None:
    """Plain digits without trailing zeros: 32.602, 20."""
    if value is None:
        return None
    return value.quantize(Decimal(1)) if value == value.to_integral_value() else value.normalize()


def _time(instant: datetime | None) -> str | None:
    return None if instant is None else instant.isoformat().replace("+00:00", "Z")


def _hours(started_at: datetime | None, ended_at: datetime | None) -> Decimal | None:
    if started_at is None or ended_at is None:
        return None
    return _number((Decimal((ended_at - started_at).total_seconds()) / 3600).quantize(Decimal("0.0001")))
