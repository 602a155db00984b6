"""CDR records into the raw tables, in bulk: SQL reads the JSON, chunk by chunk, each leaf exactly as sent.

What does not belong here: splitting files (records) and judging what was read (inspect).
"""

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from itertools import islice
from pathlib import Path
from typing import Any, Literal

import duckdb
import pandas as pd

from orchestration.defs.ingest.json_fields import EXACT_MARK
from orchestration.defs.ingest.records import RawRecord
from orchestration.defs.ingest.tariff import Tariff, TariffError, parse_tariff
from orchestration.defs.ingest.tariff_rows import store_bodies

Profile = Literal["record", "price"]

CHUNK_RECORDS = 50_000
VERSIONS = ("2.1.1", "2.2.1", "2.3.0")
CONSTANTS = ("cpo_party", "emsp_party", "time_zone")

_HERE = Path(__file__).parent
# Numbers that a double cannot hold to 8 places: a large one with decimals, or one with very many digits.
_LONG_NUMBER = r"[0-9]{7,}\.[0-9]{4,}|[0-9][0-9.]{19,}"


def load_cdrs(
    connection: duckdb.DuckDBPyConnection,
    file_seq: int,
    records: Iterable[RawRecord],
    profile: Profile = "record",
    ocpi_version: str | None = None,
    constants: Mapping[str, str] | None = None,
) -> int:
    """Fill raw_records, raw_cdrs, raw_charging_periods, raw_cdr_tariffs and raw_tariff_* from one file's records.

    profile `price` asks for no more than a price needs and keys each CDR by its position. ocpi_version None: told
    from the fields of each record. constants: cpo_party, emsp_party ("NL/EVS") and time_zone of a mapping, used
    where the record names none. Returns the number of records. Rows of file_seq must not be there yet.
    """
    if ocpi_version is not None and ocpi_version not in VERSIONS:
        raise ValueError(f"OCPI version {ocpi_version} is not read; use one of {', '.join(VERSIONS)}.")
    _prepare(connection, file_seq, profile, ocpi_version, constants or {})
    parsed: dict[tuple[str, str], Tariff | None] = {}
    count = 0
    for chunk in _chunks(records):
        count += len(chunk)
        _stage(connection, file_seq, chunk)
        for name in ("cdr_heads", "cdr_periods", "cdr_rows"):
            connection.execute((_HERE / f"{name}.sql").read_text())
        connection.execute(_RECORDS_SQL)
        connection.execute(_PERIODS_SQL)
        _load_tariffs_of_cdrs(connection, parsed)
    for table in ("ocpi_chunk", "ocpi_heads", "ocpi_periods", "ocpi_load"):
        connection.execute(f"drop table if exists temp.{table}")
    return count


_RECORDS_SQL = """
insert into ingest.raw_records by name
select
    chunk.record_id,
    load.file_seq,
    chunk.position,
    chunk.record_sha256,
    chunk.raw_text,
    cdrs.record_id is not null as is_typed,
    case
        when cdrs.record_id is not null then null
        when chunk.is_object then 'SCHEMA_REQUIRED_MISSING'
        else 'SCHEMA_TYPE_INVALID'
    end as problem_rule_id,
    case
        when cdrs.record_id is not null then null
        when chunk.problem is not null then chunk.problem
        when chunk.is_object then 'The record has neither an id nor a party: it cannot be told from others.'
        else 'The record is ' || left(chunk.raw_text, 60) || ', expected a CDR object.'
    end as problem
from ocpi_chunk as chunk
cross join ocpi_load as load
left join (
    select record_id from ingest.raw_cdrs
    where record_id >= (select min(record_id) from ocpi_chunk) and record_id <= (select max(record_id) from ocpi_chunk)
) as cdrs on chunk.record_id = cdrs.record_id
"""

_PERIODS_SQL = """
insert into ingest.raw_charging_periods by name
select * exclude (is_excess, missing, problem) from ocpi_periods
where record_id in (
    select record_id from ingest.raw_cdrs
    where record_id >= (select min(record_id) from ocpi_chunk) and record_id <= (select max(record_id) from ocpi_chunk)
)
"""


def _prepare(
    connection: duckdb.DuckDBPyConnection,
    file_seq: int,
    profile: Profile,
    ocpi_version: str | None,
    constants: Mapping[str, str],
) -> None:
    """Macros, and the one row that the statements read how to load from."""
    connection.execute((_HERE / "cdr_macros.sql").read_text())
    connection.execute(
        "create or replace temp table ocpi_load as select cast(? as bigint) as file_seq, ? as profile,"
        " cast(? as varchar) as ocpi_version, cast(? as varchar) as cpo_party, cast(? as varchar) as emsp_party,"
        " cast(? as varchar) as time_zone",
        [file_seq, profile, ocpi_version, *(constants.get(name) for name in CONSTANTS)],
    )


def _chunks(records: Iterable[RawRecord]) -> Iterator[list[RawRecord]]:
    iterator = iter(records)
    while chunk := list(islice(iterator, CHUNK_RECORDS)):
        yield chunk


def _stage(connection: duckdb.DuckDBPyConnection, file_seq: int, chunk: list[RawRecord]) -> None:
    """The chunk as a temporary table, with a rewritten text for the few records whose numbers are very long."""
    frame = pd.DataFrame(
        {
            "position": [record.position for record in chunk],
            "record_sha256": [record.sha256 for record in chunk],
            "raw_text": pd.Series([record.text for record in chunk], dtype="object"),
            "problem": pd.Series([record.problem for record in chunk], dtype="object"),
        }
    )
    connection.register("ocpi_frame", frame)
    connection.execute(
        "create or replace temp table ocpi_chunk as select (cast(? as bigint) << 32) | position as record_id,"
        " cast(position as integer) as position, record_sha256, raw_text,"
        " case when problem is null and not json_valid(raw_text) then 'The record is not JSON that can be read.'"
        " else problem end as problem,"
        " problem is null and starts_with(raw_text, '{') and json_valid(raw_text) as is_object,"
        " cast(null as varchar) as exact_text from ocpi_frame",
        [file_seq],
    )
    connection.unregister("ocpi_frame")
    long = connection.execute(
        "select position, raw_text from ocpi_chunk where is_object and regexp_matches(raw_text, ?)", [_LONG_NUMBER]
    ).fetchall()
    for position, text in long:
        connection.execute("update ocpi_chunk set exact_text = ? where position = ?", [exact_text(text), position])


def exact_text(text: str) -> str:
    """The same JSON with every number of many digits as marked text: the SQL reader goes through a double."""

    def number(digits: str) -> Any:
        return EXACT_MARK + digits if re.search(_LONG_NUMBER, digits) else json.loads(digits)

    return json.dumps(json.loads(text, parse_float=number), ensure_ascii=False)


def _load_tariffs_of_cdrs(connection: duckdb.DuckDBPyConnection, parsed: dict[tuple[str, str], Tariff | None]) -> None:
    """Rows of raw_cdr_tariffs, and of the tariffs in them; `parsed` remembers what earlier chunks parsed."""
    connection.execute(
        "create or replace temp table ocpi_tariffs as select record_id, ocpi_version,"
        " unnest(range(1, len(cdr.tariffs) + 1)) as tariff_index, cast(unnest(cdr.tariffs) as varchar) as tariff_text"
        " from ocpi_heads where len(cdr.tariffs) > 0 and record_id in (select record_id from ingest.raw_cdrs)"
    )
    distinct = connection.execute(
        "select tariff_text, ocpi_version from ocpi_tariffs group by all having tariff_text is not null"
    ).fetchall()
    new = [key for key in distinct if key not in parsed]
    for text, version in new:
        try:
            parsed[text, version] = parse_tariff(text, version)
        except TariffError:
            parsed[text, version] = None
    store_bodies(connection, [tariff for key in new if (tariff := parsed[key]) is not None])
    rows = [(text, version, *_tariff_columns(parsed[text, version])) for text, version in distinct]
    names = ("tariff_text", "ocpi_version", "tariff_id", "tariff_no", "tariff_type", "valid_from", "valid_to")
    frame = pd.DataFrame(
        [[None if value is None else str(value) for value in row] for row in rows], columns=list(names), dtype="object"
    )
    connection.register("ocpi_parsed", frame)
    connection.execute(
        "insert into ingest.raw_cdr_tariffs by name select t.record_id, t.tariff_index, p.tariff_id,"
        " cast(p.tariff_no as bigint) as tariff_no, p.tariff_type, cast(p.valid_from as timestamptz) as valid_from,"
        " cast(p.valid_to as timestamptz) as valid_to from ocpi_tariffs as t"
        " left join ocpi_parsed as p on t.tariff_text = p.tariff_text and t.ocpi_version = p.ocpi_version"
    )
    connection.unregister("ocpi_parsed")
    connection.execute("drop table temp.ocpi_tariffs")


def _tariff_columns(tariff: Tariff | None) -> tuple[Any, ...]:
    if tariff is None:
        return (None, None, None, None, None)
    return (tariff.tariff_id, tariff.number, tariff.type, tariff.valid_from, tariff.valid_to)
