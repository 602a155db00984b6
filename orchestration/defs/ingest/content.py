"""The canonical content of a record whose key came before: is it the same CDR again, or another under its id?"""

import hashlib
import json
from collections.abc import Sequence
from decimal import Decimal
from typing import Any

import duckdb

from orchestration.defs.ingest.bulk import insert_rows

# Fields that change when a record is sent again and say nothing about the session.
_TRANSPORT = frozenset({"last_updated", "invoice_reference_id"})
# OCPI's CiStrings: compared without regard to case.
_CASELESS = frozenset({
    "id", "uid", "country_code", "party_id", "session_id", "authorization_reference", "contract_id", "auth_id",
    "evse_uid", "evse_id", "connector_id", "tariff_id", "meter_id", "credit_reference_id", "group_id",
})  # fmt: skip
_CSV_COLUMNS = (
    "lower(cpo_party), lower(emsp_party), lower(cdr_id), started_at, ended_at, lower(session_id), lower(token_uid),"
    " lower(contract_id), lower(location_id), lower(evse_uid), lower(evse_id), lower(connector_id), currency,"
    " energy_kwh, total_time_hours, total_parking_hours, claimed_excl_tax, claimed_incl_tax"
)


def content_sha256(text: str) -> str:
    """Hash of a JSON record's canonical form: keys sorted, nulls left out, ids case-folded, 1.0 equal to 1."""
    value = json.loads(text, parse_float=Decimal, parse_int=Decimal, parse_constant=str)
    return _sha256(_canonical(value, ""))


def _canonical(value: Any, key: str) -> Any:
    if isinstance(value, dict):
        return {
            name: _canonical(item, name) for name, item in value.items() if name not in _TRANSPORT and item is not None
        }
    if isinstance(value, list):
        return [_canonical(item, key) for item in value]
    if isinstance(value, Decimal):
        return format(value.normalize() + 0, "f") if abs(value.adjusted()) < 40 else str(value)
    if isinstance(value, str) and key in _CASELESS:
        return value.casefold()
    return value


def _sha256(value: Any) -> str:
    text = json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return hashlib.sha256(text.encode(errors="surrogatepass")).hexdigest()


def hash_repeated_keys(connection: duckdb.DuckDBPyConnection, file_seqs: Sequence[int]) -> None:
    """Fill raw_content_hashes for every record whose key stands in one of these files and somewhere else too."""
    rows = connection.execute(
        f"""
        select cdrs.record_id, cdrs.ocpi_version = 'csv', records.raw_text, cast(row({_CSV_COLUMNS}) as varchar)
        from ingest.raw_cdrs as cdrs
        inner join ingest.raw_records as records on cdrs.record_id = records.record_id
        left join ingest.raw_content_hashes as hashes on cdrs.record_id = hashes.record_id
        where hashes.record_id is null and cdrs.cdr_key in (
            select cdr_key from ingest.raw_cdrs
            where cdr_key in (
                select cdr_key from ingest.raw_cdrs where file_seq in (select unnest(cast($1 as bigint[])))
            )
            group by cdr_key having count(*) > 1
        )
        """,  # noqa: S608 - the columns are our own
        [list(file_seqs)],
    ).fetchall()
    # A CSV row has no canonical text of its own: its line may hold a row number, so what it was read as counts.
    hashes = [
        (record_id, _sha256(typed) if is_csv else content_sha256(text)) for record_id, is_csv, text, typed in rows
    ]
    insert_rows(connection, "raw_content_hashes", ("record_id", "content_sha256"), hashes)


def forget_single_keys(connection: duckdb.DuckDBPyConnection) -> None:
    """After a file was read again: no hash for records that are gone, or whose key is there once only."""
    connection.execute(
        "delete from ingest.raw_content_hashes where record_id not in (select record_id from ingest.raw_cdrs"
        " where cdr_key in (select cdr_key from ingest.raw_cdrs group by cdr_key having count(*) > 1))"
    )
