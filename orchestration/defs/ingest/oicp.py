"""OICP 2.3 charge detail records (Hubject) into the rows that OCPI CDRs have.

OICP carries no tariff, no price, no currency and no charging periods: periods are made from the charging span
within the session, prices come from the registry by PartnerProductID. Source: OICP 2.3,
eRoamingChargeDetailRecord. docs/feeds.md has the table of what becomes what.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

import duckdb

from orchestration.defs.ingest.bulk import insert_rows
from orchestration.defs.ingest.csv_cells import CellError, hours_between
from orchestration.defs.ingest.feed_fields import Feed, Field
from orchestration.defs.ingest.feed_objects import ObjectError, load_object, text
from orchestration.defs.ingest.feed_values import Plan, Values, json_cell, read_values
from orchestration.defs.ingest.parties import contract_party, evse_party
from orchestration.defs.ingest.record_chunks import RecordChunk

VERSION = "oicp"
_CDR = Feed(
    "OICP charge detail records",
    (
        Field("SessionID", is_required=True),
        Field("CPOPartnerSessionID"),
        Field("EMPPartnerSessionID"),
        Field("PartnerProductID"),
        Field("EvseID", is_required=True),
        Field("SessionStart", "instant", is_required=True),
        Field("SessionEnd", "instant", is_required=True),
        Field("ChargingStart", "instant"),
        Field("ChargingEnd", "instant"),
        Field("ConsumedEnergy", "number", is_required=True),
        Field("MeterValueStart", "number"),
        Field("MeterValueEnd", "number"),
    ),
)
_PLAN = Plan.plain(_CDR)
# Where a contract's id may stand, and what kind of token that is in OCPI's words; the first that is there holds.
_IDENTIFICATIONS = (
    ("RFIDIdentification", "RFID", "AUTH_REQUEST"),
    ("RFIDMifareFamilyIdentification", "RFID", "AUTH_REQUEST"),
    ("PlugAndChargeIdentification", "EMAID", "AUTH_REQUEST"),
    ("RemoteIdentification", "APP_USER", "COMMAND"),
    ("QRCodeIdentification", "APP_USER", "AUTH_REQUEST"),
)
# An EVSE id of DIN SPEC 91286, +49*810*000*438: only Germany has them.
_DIN_EVSE = re.compile(r"\+49\*(\d{3})\*.*")
_OFFSET = re.compile(r"[+-]\d{2}:?\d{2}$")
# OCPI asks for four decimals, and rules speak of more of them wherever a record comes from.
_EXCESS = re.compile(r"\.\d{5,}$")

_RECORD_COLUMNS = (
    "record_id", "file_seq", "position", "record_sha256", "raw_text", "is_typed", "problem_rule_id", "problem",
)  # fmt: skip
_CDR_COLUMNS = (
    "record_id", "file_seq", "position", "cdr_key", "cpo_party", "emsp_party", "party_source", "cdr_id",
    "ocpi_version", "started_at", "ended_at", "session_id", "authorization_reference", "auth_method", "token_uid",
    "token_type", "contract_id", "evse_uid", "evse_id", "location_country", "record_time_zone", "currency",
    "energy_kwh", "total_time_hours", "total_parking_hours", "is_credit", "charging_started_at", "charging_ended_at",
    "register_start_kwh", "register_end_kwh", "time_form", "missing_fields", "type_problems", "excess_precision",
)  # fmt: skip
_PERIOD_COLUMNS = (
    "record_id", "period_no", "started_at", "tariff_id", "energy_kwh", "time_hours", "parking_hours",
)  # fmt: skip
_SIGNED_COLUMNS = ("record_id", "value_no", "nature", "signed_data", "encoding_method", "public_key", "url")


@dataclass(frozen=True, slots=True)
class _Identity:
    """Who charged, as far as the record says."""

    token_uid: str | None
    token_type: str | None
    contract_id: str | None
    auth_method: str | None


def is_oicp(text: str) -> bool:
    """Whether a record is one of OICP: OCPI writes no field in this way."""
    return '"EvseID"' in text and '"SessionID"' in text


def split_off(chunk: RecordChunk) -> tuple[RecordChunk, RecordChunk]:
    """The OCPI records of a chunk and those of OICP."""
    if not any(is_oicp(text) for text in chunk.texts):
        return chunk, RecordChunk()
    ocpi, oicp = RecordChunk(), RecordChunk()
    for file_seq, record in zip(chunk.file_seqs, chunk.records(), strict=True):
        (oicp if record.problem is None and is_oicp(record.text) else ocpi).append(file_seq, record)
    return ocpi, oicp


def load_oicp(
    connection: duckdb.DuckDBPyConnection, chunk: RecordChunk, constants: Mapping[str, str], is_price: bool = False
) -> None:
    """Insert the rows of OICP records. constants: of the feed's mapping. is_price: keyed by position, for one price."""
    records, cdrs, periods, signed = [], [], [], []
    for file_seq, record in zip(chunk.file_seqs, chunk.records(), strict=True):
        record_id = file_seq << 32 | record.position
        head = (record_id, file_seq, record.position)
        problem: str | None = None
        try:
            fields = load_object(record.text)
            values = read_values(_PLAN, json_cell(fields))
            identity = _identity(fields, values)
            cdrs.append((*head, *_cdr(fields, values, identity, constants, record.position if is_price else None)))
            periods += [(record_id, *period) for period in _periods(values)]
            signed += [(record_id, *value) for value in _signed(fields)]
        except ObjectError as error:
            problem = str(error)
        rule = None if problem is None else "SCHEMA_TYPE_INVALID"
        records.append((*head, record.sha256, record.text, problem is None, rule, problem))
    insert_rows(connection, "raw_records", _RECORD_COLUMNS, records)
    insert_rows(connection, "raw_cdrs", _CDR_COLUMNS, cdrs)
    insert_rows(connection, "raw_charging_periods", _PERIOD_COLUMNS, periods)
    insert_rows(connection, "raw_signed_values", _SIGNED_COLUMNS, signed)


def _identity(fields: dict[str, Any], values: Values) -> _Identity:
    """From Identification, which holds one of five kinds; more than one stands in no record but the documentation's."""
    given = fields.get("Identification")
    if not isinstance(given, dict):
        values.missing.append("Identification")
        return _Identity(None, None, None, None)
    cell = json_cell(given)
    uid = contract = kind = method = None
    try:
        for name, token_type, auth_method in _IDENTIFICATIONS:
            if not isinstance(given.get(name), dict):
                continue
            kind, method = kind or token_type, method or auth_method
            uid = uid or cell(f"{name}.UID")
            contract = contract or cell(f"{name}.EvcoID")
    except CellError as error:
        values.problems.append(f"Identification.{error}")
    if uid is None and contract is None and not values.problems:
        values.missing.append("Identification.UID or EvcoID")
    return _Identity(uid or contract, kind, contract, method)


def _parties(values: Values, identity: _Identity, constants: Mapping[str, str]) -> tuple[str | None, str | None, str]:
    evse_id = values.fields["EvseID"] or ""
    din = _DIN_EVSE.fullmatch(evse_id)
    cpo, emsp = f"DE/{din[1]}" if din else evse_party(evse_id), contract_party(identity.contract_id)
    source = "prefix"
    if cpo is None or emsp is None:
        source = "mapping"
    return cpo or constants.get("cpo_party"), emsp or constants.get("emsp_party"), source


def _cdr(
    fields: dict[str, Any], values: Values, identity: _Identity, constants: Mapping[str, str], position: int | None
) -> tuple[Any, ...]:
    """The row of raw_cdrs after its record's columns."""
    get = values.fields.get
    cpo, emsp, source = _parties(values, identity, constants)
    cdr_id, started, ended = get("SessionID"), get("SessionStart"), get("SessionEnd")
    key = f"{cpo}|{cdr_id}".lower() if cpo and cdr_id else None
    if position is not None:
        cpo, emsp, source, key = "OWN/CPO", "PTN/MSP", "record", f"position|{position:010}"
    missing = list(values.missing)
    if constants.get("currency") is None:
        missing.append("currency (constants.currency of the feed's mapping)")
    excess = [
        name for name in ("ConsumedEnergy", "MeterValueStart", "MeterValueEnd")
        if isinstance(number := get(name), Decimal) and _EXCESS.search(format(number.normalize(), "f"))
    ]  # fmt: skip
    span = hours_between(started, ended) if started and ended and ended >= started else None
    return (
        key, cpo, emsp, source, cdr_id, VERSION, started, ended, get("CPOPartnerSessionID") or cdr_id,
        get("EMPPartnerSessionID"), identity.auth_method, identity.token_uid, identity.token_type,
        identity.contract_id, get("EvseID"), get("EvseID"), constants.get("country"), constants.get("time_zone"),
        constants.get("currency"), get("ConsumedEnergy"), span, _parked(values), False, get("ChargingStart"),
        get("ChargingEnd"), get("MeterValueStart"), get("MeterValueEnd"), _time_form(fields),
        ",".join(missing) or None, "; ".join(values.problems) or None, ",".join(excess) or None,
    )  # fmt: skip


def _charging(values: Values) -> tuple[datetime, datetime] | None:
    """The span in which it charged, where that lies within the session; None when the record's spans contradict."""
    started, ended = values.fields["SessionStart"], values.fields["SessionEnd"]
    if started is None or ended is None:
        return None
    first = max(values.fields["ChargingStart"] or started, started)
    last = min(values.fields["ChargingEnd"] or ended, ended)
    return (first, last) if first <= last else None


def _parked(values: Values) -> Decimal | None:
    """Hours of the session outside the charging span; None when the record does not tell them apart."""
    span = _charging(values)
    if span is None or values.fields["ChargingStart"] is None or values.fields["ChargingEnd"] is None:
        return None
    return hours_between(values.fields["SessionStart"], span[0]) + hours_between(span[1], values.fields["SessionEnd"])


def _periods(values: Values) -> Iterator[tuple[Any, ...]]:
    """Parked before, charging, parked after: what a tariff prices apart. Energy has no finer times in OICP."""
    get = values.fields.get
    started, ended, tariff_id, energy = (
        get("SessionStart"), get("SessionEnd"), get("PartnerProductID"), get("ConsumedEnergy"),
    )  # fmt: skip
    if started is None:
        return
    span = _charging(values)
    if span is None:
        hours = hours_between(started, ended) if ended is not None and ended >= started else None
        yield 1, started, tariff_id, energy, hours, None
        return
    number = 1
    if span[0] > started:
        yield number, started, tariff_id, None, None, hours_between(started, span[0])
        number += 1
    yield number, span[0], tariff_id, energy, hours_between(*span), None
    if ended is not None and ended > span[1]:
        yield number + 1, span[1], tariff_id, None, None, hours_between(span[1], ended)


def _time_form(fields: dict[str, Any]) -> str:
    """How the stamps are written, the worst of them: none, offset, utc."""
    stamps = [fields.get(name) for name in ("SessionStart", "SessionEnd", "ChargingStart", "ChargingEnd")]
    forms = {_form(stamp) for stamp in stamps if isinstance(stamp, str)}
    return min(forms, default="utc")


def _form(stamp: str) -> str:
    if stamp.endswith(("Z", "z")):
        return "utc"
    return "offset" if _OFFSET.search(stamp) else "none"


def _signed(fields: dict[str, Any]) -> Iterator[tuple[Any, ...]]:
    """Signed metering values in order; the key and the address stand in the calibration law's block, once for all."""
    given, law = fields.get("SignedMeteringValues"), fields.get("CalibrationLawVerificationInfo")
    if not isinstance(given, list):
        return
    known = law if isinstance(law, dict) else {}
    for number, value in enumerate(given, start=1):
        if isinstance(value, dict):
            yield (
                number, text(value, "MeteringStatus"), text(value, "SignedMeteringValue"),
                text(known, "MeteringSignatureEncodingFormat"), text(known, "PublicKey"),
                text(known, "MeteringSignatureUrl"),
            )  # fmt: skip
