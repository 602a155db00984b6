"""Signed meter values of CDRs into readings, proved by the keys of master/meters.csv.

A key of the payload's own proves nothing. What does not belong here: the format (ocmf) and any judgement (inspect).
"""

import hashlib
from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Any

import duckdb

from orchestration.defs.ingest.bulk import insert_rows
from orchestration.defs.ingest.ocmf import Ocmf, is_signed_by, parse_ocmf

_COLUMNS = (
    "record_id", "value_no", "reading_no", "nature", "meter_serial", "page", "page_no", "context", "register_id",
    "reading_kwh", "loss_kwh", "read_at", "time_status", "status", "error_flags", "signature", "keys_sha256",
)  # fmt: skip
_BATCH = 20_000
_PENDING = """
select signed.record_id, signed.value_no, signed.nature, signed.signed_data, lower(cdrs.evse_uid), cdrs.started_at
from ingest.raw_signed_values as signed
left join ingest.raw_cdrs as cdrs on signed.record_id = cdrs.record_id
where not exists (
    select 1 from ingest.raw_meter_readings as readings
    where readings.record_id = signed.record_id and readings.value_no = signed.value_no
)
order by signed.record_id, signed.value_no
"""

Span = tuple[datetime | None, datetime | None, str]


def read_meter_values(connection: duckdb.DuckDBPyConnection) -> None:
    """Fill raw_meter_readings for every signed value that has none; for all of them when another key holds now."""
    keys = connection.execute(
        "select lower(meter_id), lower(evse_uid), public_key, valid_from, valid_to from ingest.raw_meters"
        " where known_to is null and public_key is not null order by all"
    ).fetchall()
    keys_sha256 = hashlib.sha256(repr(keys).encode()).hexdigest()
    connection.execute("delete from ingest.raw_meter_readings where keys_sha256 <> ?", [keys_sha256])
    by_meter: dict[str, list[Span]] = {}
    by_evse: dict[str, list[Span]] = {}
    for meter, evse, key, valid_from, valid_to in keys:
        by_meter.setdefault(meter, []).append((valid_from, valid_to, key))
        if evse is not None:
            by_evse.setdefault(evse, []).append((valid_from, valid_to, key))
    pending = connection.execute(_PENDING).fetchall()
    for first in range(0, len(pending), _BATCH):
        rows: list[tuple[Any, ...]] = []
        for record_id, value_no, nature, text, evse, started_at in pending[first : first + _BATCH]:
            value = parse_ocmf(text or "")
            serial = (value.meter_serial or "").lower() if value else ""
            key = _in_force(by_meter.get(serial, ()), started_at) or _in_force(by_evse.get(evse, ()), started_at)
            proof = _proof(value, key)
            rows += ((record_id, value_no, *row, proof, keys_sha256) for row in _reading_rows(value, nature))
        insert_rows(connection, "raw_meter_readings", _COLUMNS, rows)


def _in_force(spans: Sequence[Span], at: datetime | None) -> str | None:
    """The key that holds at that moment."""
    for valid_from, valid_to, key in spans:
        if at is None or ((valid_from is None or valid_from <= at) and (valid_to is None or at < valid_to)):
            return key
    return None


def _proof(value: Ocmf | None, key: str | None) -> str:
    """good, bad, or unknown: no registered key, or a format or curve that is not read."""
    if value is None or key is None:
        return "unknown"
    return {True: "good", False: "bad", None: "unknown"}[is_signed_by(value, key)]


def _reading_rows(value: Ocmf | None, nature: str | None) -> Iterator[tuple[Any, ...]]:
    """reading_no to error_flags. A value without readings still is a value: its row has number 0."""
    if value is None:
        yield (0, nature, *(None,) * 11)
        return
    head = (nature, value.meter_serial, value.page, value.page_no)
    if not value.readings:
        yield (0, *head, *(None,) * 8)
    for number, reading in enumerate(value.readings, start=1):
        yield (
            number, *head, reading.context, reading.register_id, reading.reading_kwh, reading.loss_kwh,
            reading.read_at, reading.time_status, reading.status, reading.error_flags,
        )  # fmt: skip
