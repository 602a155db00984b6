"""CDR records into the raw tables, in bulk: SQL reads the JSON, chunk by chunk, each leaf exactly as sent.

What does not belong here: splitting files (records) and judging what was read (inspect).
"""

import json
import re
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, Literal

import duckdb

from orchestration.defs.ingest.cdr_chunk import CdrChunk, chunk_rows
from orchestration.defs.ingest.cdr_plain import PlainRoute
from orchestration.defs.ingest.cdr_problems import explain_odd
from orchestration.defs.ingest.cdr_tariffs import ParsedTariffs, distinct_tariffs, load_tariffs_of_cdrs
from orchestration.defs.ingest.json_fields import EXACT_MARK
from orchestration.defs.ingest.oicp import load_oicp, split_off
from orchestration.defs.ingest.record_chunks import RecordChunk, chunks_of_records, prefetched, with_repeated_keys
from orchestration.defs.ingest.records import RawRecord
from orchestration.defs.ingest.text_table import create_text_table

Profile = Literal["record", "price"]

VERSIONS = ("2.1.1", "2.2.1", "2.3.0")
CONSTANTS = ("cpo_party", "emsp_party", "time_zone")
# When the careful route is run, and for how many chunks the plain one is not tried after one that it could not read.
ODD_BYTES = 16 * 1024 * 1024
UNUSUAL_CHUNKS = 3

_HERE = Path(__file__).parent
# Numbers that a double may not hold to 8 places.
_LONG_NUMBER = r"[0-9]{7,}\.[0-9]{4,}|[0-9][0-9.]{16,}"


def load_cdrs(
    connection: duckdb.DuckDBPyConnection,
    file_seq: int,
    records: Iterable[RawRecord],
    profile: Profile = "record",
    ocpi_version: str | None = None,
    constants: Mapping[str, str] | None = None,
) -> int:
    """Fill raw_records, raw_cdrs, raw_charging_periods, raw_cdr_tariffs and raw_tariff_* from one file's records.

    profile `price` asks for no more than a price needs, keys each CDR by its position, and leaves in the temporary
    table careful_records which records were read field by field. ocpi_version None: told from the fields of each
    record. constants: cpo_party, emsp_party ("NL/EVS") and time_zone of a mapping, used where the record names none.
    Returns the number of records. Rows of file_seq must not be there yet.
    """
    return load_cdr_chunks(connection, chunks_of_records(file_seq, records), profile, ocpi_version, constants)


def load_cdr_chunks(
    connection: duckdb.DuckDBPyConnection,
    chunks: Iterable[RecordChunk],
    profile: Profile = "record",
    ocpi_version: str | None = None,
    constants: Mapping[str, str] | None = None,
) -> int:
    """The same for the records of several files at once: the statements cost more than a day's file."""
    if ocpi_version is not None and ocpi_version not in VERSIONS:
        raise ValueError(f"OCPI version {ocpi_version} is not read; use one of {', '.join(VERSIONS)}.")
    load = _prepare(connection, profile, ocpi_version, constants or {})
    parsed: ParsedTariffs = {}
    plain = PlainRoute(connection, load, parsed)
    count, odd, unusual = 0, RecordChunk(), 0
    for read in prefetched(chunks):
        count += len(read)
        if unusual:
            left, unusual = read, max(unusual - 1, 0)
        else:
            left = plain.load(read)
            # An unusual feed would have every record read twice: the next chunks go the other way at once.
            unusual = UNUSUAL_CHUNKS if 2 * len(left) > len(read) else 0
        # A few of each chunk are read together: the statements cost more than they do.
        odd.extend(left)
        if odd.size >= ODD_BYTES:
            _load_odd(connection, odd, load, profile, constants or {}, parsed)
            odd = RecordChunk()
    _load_odd(connection, odd, load, profile, constants or {}, parsed)
    plain.close()
    connection.execute("reset preserve_insertion_order")
    for table in ("ocpi_exact", "ocpi_text_rows"):
        connection.execute(f"drop table if exists temp.{table}")
    return count


def _load_odd(
    connection: duckdb.DuckDBPyConnection,
    odd: RecordChunk,
    load: duckdb.DuckDBPyRelation,
    profile: Profile,
    constants: Mapping[str, str],
    parsed: ParsedTariffs,
) -> None:
    """The careful route: field by field, with what is wrong in each."""
    records, oicp = split_off(odd)
    if oicp:
        load_oicp(connection, oicp, constants, is_price=profile == "price")
    if not records:
        return
    rows = chunk_rows(connection, with_repeated_keys(records))
    chunk = CdrChunk(connection, {"ocpi_text": rows, "ocpi_load": load})
    if profile == "price":
        chunk.execute("insert into careful_records select record_id from ocpi_text")
    _read_chunk(connection, chunk)
    chunk.run("cdr_rows", "ocpi_rows")
    chunk.execute(_RECORDS_SQL)
    chunk.execute("insert into ingest.raw_cdrs by name select * from ocpi_rows")
    explain_odd(connection, chunk)
    chunk.execute(_PERIODS_SQL)
    if profile == "record" and chunk.execute("select 1 from ocpi_heads where has_details limit 1"):
        chunk.load_details(_DETAILED_SQL)
    chunk.keep(_TARIFFS_SQL, "ocpi_tariffs")
    load_tariffs_of_cdrs(connection, chunk, distinct_tariffs(chunk), parsed)


# The chunk's records, those that gave no CDR with the reason: no object, or nothing to tell it from others.
_RECORDS_SQL = """
insert into ingest.raw_records by name
select
    records.record_id,
    records.file_seq,
    records.position,
    records.record_sha256,
    records.raw_text,
    cdrs.record_id is not null as is_typed,
    case
        when cdrs.record_id is not null then null
        when records.problem is null and heads.cdr is not null then 'SCHEMA_REQUIRED_MISSING'
        else 'SCHEMA_TYPE_INVALID'
    end as problem_rule_id,
    case
        when cdrs.record_id is not null or records.problem is not null then records.problem
        when heads.cdr is not null
            then 'the record has neither an id nor a party, so it cannot be told from others'
        when starts_with(records.raw_text, '{') then 'the record is not JSON that can be read'
        else 'the record is ' || left(records.raw_text, 60) || ', expected a CDR object'
    end as problem
from ocpi_text as records
left join ocpi_rows as cdrs on records.record_id = cdrs.record_id
left join (
    select * from ocpi_heads where record_id not in (select record_id from ocpi_rows)
) as heads on records.record_id = heads.record_id
"""

_TARIFFS_SQL = """
select
    record_id,
    ocpi_version,
    unnest(range(1, len(cdr.tariffs) + 1)) as tariff_index,
    cast(unnest(cdr.tariffs) as varchar) as tariff_text
from ocpi_heads
where len(cdr.tariffs) > 0 and record_id in (select record_id from ocpi_rows)
"""

_PERIODS_SQL = """
insert into ingest.raw_charging_periods by name
select * exclude (is_excess, is_long, missing, is_odd, zone_form, ocpi_version, odd_dimensions) from ocpi_periods
where record_id in (select record_id from ocpi_rows)
"""

_DETAILED_SQL = """
select records.record_id, coalesce(exact.exact_text, records.raw_text) as read_text
from ocpi_text as records
left join ocpi_exact as exact on records.record_id = exact.record_id
where
    records.record_id in (select record_id from ocpi_heads where has_details)
    and records.record_id in (select record_id from ocpi_rows)
"""

_LONG_SQL = """
select record_id, raw_text from ocpi_text where record_id in (
    select record_id from ocpi_periods where is_long
    union
    select record_id from ocpi_heads
    where len(list_filter(
        [cdr.total_energy, cdr.total_time, cdr.total_parking_time, cdr.total_cost.excl_vat, cdr.total_cost.incl_vat,
         cdr.total_cost.before_taxes, cdr.total_energy_cost.excl_vat, cdr.total_energy_cost.before_taxes,
         cdr.total_time_cost.excl_vat, cdr.total_time_cost.before_taxes, cdr.total_fixed_cost.excl_vat,
         cdr.total_fixed_cost.before_taxes, cdr.total_parking_cost.excl_vat, cdr.total_parking_cost.before_taxes,
         cdr.total_reservation_cost.excl_vat, cdr.total_reservation_cost.before_taxes, cost_leaf],
        lambda leaf: strpos(cast(leaf as varchar), '.') > 7
    )) > 0
)
"""


def _prepare(
    connection: duckdb.DuckDBPyConnection,
    profile: Profile,
    ocpi_version: str | None,
    constants: Mapping[str, str],
) -> duckdb.DuckDBPyRelation:
    """Macros, and the one row that the statements read how to load from."""
    # Rows of a transaction go to disk as soon as a row group is full, or memory would grow to five of them.
    connection.execute("set write_buffer_row_group_count = 1")
    connection.execute("set write_buffer_row_group_memory_limit = '64MB'")
    # No row's place in its table says anything: record_id does. To keep the order costs a twentieth.
    connection.execute("set preserve_insertion_order = false")
    connection.execute((_HERE / "cdr_macros.sql").read_text())
    if profile == "price":
        connection.execute("create or replace temp table careful_records (record_id bigint)")
    return connection.sql(
        "select $1 as profile,"
        " cast($2 as varchar) as ocpi_version, cast($3 as varchar) as cpo_party, cast($4 as varchar) as emsp_party,"
        " cast($5 as varchar) as time_zone",
        params=[profile, ocpi_version, *(constants.get(name) for name in CONSTANTS)],
    )


def _read_chunk(connection: duckdb.DuckDBPyConnection, chunk: CdrChunk) -> None:
    """Heads and periods of the chunk; once more for the few records whose numbers are very long."""
    connection.execute("create or replace temp table ocpi_exact (record_id bigint, exact_text varchar)")
    _read_heads(chunk)
    long = chunk.execute(_LONG_SQL)
    if long:
        create_text_table(
            connection,
            "ocpi_exact",
            {"record_id": [record for record, _ in long], "exact_text": [exact_text(text) for _, text in long]},
            {"record_id": "bigint"},
        )
        _read_heads(chunk)


def _read_heads(chunk: CdrChunk) -> None:
    chunk.run("cdr_heads", "ocpi_heads")
    chunk.run("cdr_periods", "ocpi_periods")
    if chunk.execute("select 1 from ocpi_periods where odd_dimensions is not null limit 1"):
        chunk.run("cdr_dimensions", "ocpi_periods")


def exact_text(text: str) -> str:
    """The same JSON with every number of many digits as marked text: the SQL reader goes through a double."""

    def number(digits: str) -> Any:
        return EXACT_MARK + digits if re.search(_LONG_NUMBER, digits) else json.loads(digits)

    return json.dumps(json.loads(text, parse_float=number), ensure_ascii=False)
