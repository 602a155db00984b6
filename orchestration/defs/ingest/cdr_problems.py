"""Why a CDR has a field that could not be typed: one phrase a field, for the few records of which SQL says so."""

import json
import re
from decimal import Decimal
from typing import Any

import duckdb

from orchestration.defs.ingest.cdr_chunk import CdrChunk
from orchestration.defs.ingest.json_fields import read_instant
from orchestration.defs.ingest.text_table import create_text_table

_NUMBERS = ("total_energy", "total_time", "total_parking_time")
_COSTS = ("total_cost", "total_fixed_cost", "total_energy_cost", "total_time_cost", "total_parking_cost",
          "total_reservation_cost")  # fmt: skip
_TIMES = ("start_date_time", "end_date_time", "stop_date_time", "last_updated")
_TEXTS = ("id", "country_code", "party_id", "currency", "session_id", "credit_reference_id")
_BOOLEANS = ("credit", "home_charging_compensation")
# Words that a field knows, and the room that a text has: OCPI mod_cdrs and mod_tokens. Newer versions add words.
_WORDS = {
    "auth_method": ("AUTH_REQUEST", "COMMAND", "WHITELIST"),
    "cdr_token.type": ("AD_HOC_USER", "APP_USER", "EMAID", "OTHER", "RFID"),
    "cdr_location.connector_power_type": ("AC_1_PHASE", "AC_2_PHASE", "AC_2_PHASE_SPLIT", "AC_3_PHASE", "DC"),
}
_LENGTHS = {
    "country_code": 2, "party_id": 3, "session_id": 36, "authorization_reference": 36,
    "cdr_token.country_code": 2, "cdr_token.party_id": 3, "cdr_token.uid": 36, "cdr_token.contract_id": 36,
    "cdr_location.id": 36, "cdr_location.country": 3, "cdr_location.evse_uid": 36, "cdr_location.evse_id": 48,
    "cdr_location.connector_id": 36, "location.country": 3,
}  # fmt: skip
_LIMIT = 10**10
# A shortened value never shows more levels than this.
_DEEPEST = 20
_DECIMAL_COMMA = re.compile(r"-?[0-9. ]*,[0-9., ]*")
_SHOWN_COMMA = re.compile(r'is "-?[0-9. ]*,[0-9., ]*", expected a number')
_EPOCH = re.compile(r"[0-9]{9,13}(\.[0-9]+)?")
_QUOTED_NUMBER = re.compile(r"-?[0-9]+(\.[0-9]+)?([eE][+-]?[0-9]+)?")
_DIGITS = re.compile(r"-?[0-9]+(\.[0-9]+)?")


class _Constant(str):
    """NaN or Infinity, which JSON does not know but some write."""


class _Number(str):
    """A number as its digits stand in the record."""


def explain_odd(connection: duckdb.DuckDBPyConnection, chunk: CdrChunk) -> None:
    """Write type_problems of the chunk's CDRs that are marked odd; rows that turn out whole lose the mark."""
    rows = chunk.execute(
        "select cdrs.record_id, cdrs.ocpi_version, records.raw_text, load.profile = 'price'"
        " from ocpi_rows as cdrs cross join ocpi_load as load"
        " inner join ocpi_text as records on cdrs.record_id = records.record_id"
        " where cdrs.type_problems = 'odd'"
    )
    if not rows:
        return
    create_text_table(
        connection,
        "ocpi_explained",
        {
            "record_id": [record_id for record_id, _, _, _ in rows],
            "problems": [
                "; ".join(problems_of(text, version, is_price)) or None for _, version, text, is_price in rows
            ],
        },
        {"record_id": "bigint"},
    )
    connection.execute(
        "update ingest.raw_cdrs as cdrs set type_problems = ocpi_explained.problems from ocpi_explained"
        " where cdrs.record_id = ocpi_explained.record_id"
    )
    # A list that is there in another shape is not missing.
    connection.execute(
        "update ingest.raw_cdrs as cdrs set missing_fields = nullif(array_to_string(list_filter("
        "string_split(cdrs.missing_fields, ','), lambda name: name <> 'charging_periods'), ','), '')"
        " from ocpi_explained where cdrs.record_id = ocpi_explained.record_id"
        " and cdrs.missing_fields is not null and contains(ocpi_explained.problems, 'charging_periods is ')"
    )
    connection.execute("drop table temp.ocpi_explained")


def problems_of(text: str, ocpi_version: str, is_price: bool = False) -> list[str]:
    """The fields of a CDR that are there and cannot be typed: `total_energy is "12,5", expected …`.

    is_price: a stamp as a number is one of them; elsewhere it is read, and TIME_EPOCH_UNIT speaks of it.
    """
    record = json.loads(text, parse_float=_Number, parse_int=_Number, parse_constant=_Constant)
    problems: list[str] = []
    for name in _TEXTS:
        _expect(problems, name, record.get(name), not isinstance(record.get(name), (dict, list)), "a text")
    for name in _TIMES:
        _time(problems, name, record.get(name), is_price)
    for name in _NUMBERS:
        _number(problems, name, record.get(name))
    for name in _COSTS:
        _cost(problems, name, record.get(name), ocpi_version)
    for name in _BOOLEANS:
        _expect(problems, name, record.get(name), isinstance(record.get(name), bool), "true or false")
    objects = ("location",) if ocpi_version == "2.1.1" else ("cdr_token", "cdr_location")
    for name in objects:
        _expect(problems, name, record.get(name), isinstance(record.get(name), dict), "an object")
    if not is_price:
        _words_and_lengths(problems, record)
    for name in ("tariffs", "charging_periods"):
        _expect(problems, name, record.get(name), isinstance(record.get(name), list), "a list")
    periods = record.get("charging_periods")
    for number, period in enumerate(periods if isinstance(periods, list) else [], start=1):
        path = f"charging_periods[{number}]"
        if isinstance(period, dict):
            _time(problems, f"{path}.start_date_time", period.get("start_date_time"), is_price)
            _volumes(problems, f"{path}.dimensions", period.get("dimensions"), is_price)
        else:
            problems.append(f"{path} is {_shown(period)}, expected an object")
    return problems


def has_comma(problem: str) -> bool:
    """Whether a problem of a tariff is a number that was written with a comma."""
    return _SHOWN_COMMA.search(problem) is not None


def _expect(problems: list[str], name: str, value: object, is_good: bool, what: str) -> None:
    if value is not None and not is_good:
        problems.append(f"{name} is {_shown(value)}, expected {what}")


def _time(problems: list[str], name: str, value: object, is_price: bool) -> None:
    if not is_price and isinstance(value, str) and _EPOCH.fullmatch(value):
        return
    if value is None or value == "" or (not isinstance(value, _Number) and read_instant(value) is not None):
        return
    what = "a time as 2026-01-31T12:00:00Z"
    if isinstance(value, str) and _DIGITS.fullmatch(value):
        what += ", not an epoch number"
    problems.append(f"{name} is {_shown(value)}, expected {what}")


def _number(problems: list[str], name: str, value: object) -> None:
    if value is None:
        return
    if isinstance(value, _Number):
        if abs(Decimal(value)) >= _LIMIT:
            problems.append(f"{name} is {_shown(value)}, expected a number below {_LIMIT}")
        return
    what = "a number"
    if isinstance(value, str) and not isinstance(value, _Constant) and _DECIMAL_COMMA.fullmatch(value):
        what += " without a decimal comma"
    problems.append(f"{name} is {_shown(value)}, expected {what}")


def _volumes(problems: list[str], path: str, dimensions: object, is_price: bool) -> None:
    for dimension in dimensions if isinstance(dimensions, list) else []:
        if isinstance(dimension, dict) and dimension.get("type") != "FLAT":
            volume = dimension.get("volume")
            if not is_price or _is_quoted_number(volume):
                _number(problems, f"{path}.{dimension.get('type')}.volume", volume)


def _is_quoted_number(value: object) -> bool:
    return isinstance(value, str) and not isinstance(value, _Number) and _QUOTED_NUMBER.fullmatch(value) is not None


def _words_and_lengths(problems: list[str], record: dict[str, Any]) -> None:
    for name, words in _WORDS.items():
        value = _at(record, name)
        is_good = not isinstance(value, str) or value == "" or value.upper() in words
        _expect(problems, name, value, is_good, "one of " + ", ".join(words))
    power_type = _at(record, "location.evses.connectors.power_type")
    known = _WORDS["cdr_location.connector_power_type"]
    is_good = not isinstance(power_type, str) or power_type == "" or power_type.upper() in known
    _expect(problems, "location.evses[1].connectors[1].power_type", power_type, is_good, "one of " + ", ".join(known))
    for name, length in _LENGTHS.items():
        value = _at(record, name)
        is_good = not isinstance(value, str) or len(value) <= length
        _expect(problems, name, value, is_good, f"at most {length} characters")


def _at(record: Any, path: str) -> Any:
    """The value at a path of names; of a list the first element."""
    value = record
    for name in path.split("."):
        value = value.get(name) if isinstance(value, dict) else None
        if isinstance(value, list) and name in ("evses", "connectors"):
            value = value[0] if value else None
    return value


def _cost(problems: list[str], name: str, value: Any, ocpi_version: str) -> None:
    """A Price object; in 2.1.1 a bare number."""
    if value is None:
        return
    if isinstance(value, dict):
        for part in ("excl_vat", "incl_vat", "before_taxes"):
            _number(problems, f"{name}.{part}", value.get(part))
        taxes = value.get("taxes")
        for place, tax in enumerate(taxes if isinstance(taxes, list) else [], start=1):
            amount = tax.get("amount") if isinstance(tax, dict) else None
            if amount is None:
                problems.append(f"{name}.taxes[{place}] has no amount")
            _number(problems, f"{name}.taxes[{place}].amount", amount)
    elif ocpi_version == "2.1.1":
        _number(problems, name, value)
    else:
        problems.append(f"{name} is {_shown(value)}, expected an object with the amount without tax")


def _shown(value: object) -> str:
    """A value as it stands in the record, shortened."""
    text = _as_json(value)
    return text if len(text) <= 60 else text[:57] + "..."


def _as_json(value: object, depth: int = 0) -> str:
    if depth > _DEEPEST:
        return "..."
    if isinstance(value, (_Number, _Constant)):
        return str(value)
    if isinstance(value, dict):
        return "{" + ", ".join(f"{json.dumps(name)}: {_as_json(item, depth + 1)}" for name, item in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(_as_json(item, depth + 1) for item in value) + "]"
    return json.dumps(value, ensure_ascii=False)
