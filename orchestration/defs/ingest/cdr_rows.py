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

from orchestration.defs.ingest.cdr_problems import explain_odd
from orchestration.defs.ingest.json_fields import EXACT_MARK
from orchestration.defs.ingest.records import RawRecord
from orchestration.defs.ingest.tariff import Tariff, TariffError, parse_tariff
from orchestration.defs.ingest.tariff_rows import store_bodies
from orchestration.defs.ingest.text_table import create_text_table

Profile = Literal["record", "price"]

CHUNK_RECORDS = 50_000
VERSIONS = ("2.1.1", "2.2.1", "2.3.0")
CONSTANTS = ("cpo_party", "emsp_party", "time_zone")

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

    profile `price` asks for no more than a price needs and keys each CDR by its position. ocpi_version None: told
    from the fields of each record. constants: cpo_party, emsp_party ("NL/EVS") and time_zone of a mapping, used
    where the record names none. Returns the number of records. Rows of file_seq must not be there yet.
    """
    numbered = ((file_seq, record) for record in records)
    return load_cdr_files(connection, numbered, profile, ocpi_version, constants)


def load_cdr_files(
    connection: duckdb.DuckDBPyConnection,
    records: Iterable[tuple[int, RawRecord]],
    profile: Profile = "record",
    ocpi_version: str | None = None,
    constants: Mapping[str, str] | None = None,
) -> int:
    """The same for several files at once, each record with its file_seq: the statements cost more than a day's file.

    The files' numbers must follow each other: no other file's rows may stand between them.
    """
    if ocpi_version is not None and ocpi_version not in VERSIONS:
        raise ValueError(f"OCPI version {ocpi_version} is not read; use one of {', '.join(VERSIONS)}.")
    _prepare(connection, profile, ocpi_version, constants or {})
    parsed: dict[tuple[str, str], Tariff | None] = {}
    count = 0
    for chunk in _chunks(records):
        count += len(chunk)
        _stage(connection, chunk)
        _read_chunk(connection)
        _run(connection, "cdr_rows")
        explain_odd(connection)
        connection.execute(_PERIODS_SQL)
        connection.execute(_UNTYPED_SQL)
        _load_tariffs_of_cdrs(connection, parsed)
    for table in ("ocpi_exact", "ocpi_heads", "ocpi_periods", "ocpi_load"):
        connection.execute(f"drop table if exists temp.{table}")
    return count


# Records that gave no CDR: not an object, or nothing to tell it from others.
_UNTYPED_SQL = """
update ingest.raw_records as records set
    is_typed = false,
    problem_rule_id = case
        when problem is null and record_id in (select record_id from ocpi_heads where cdr is not null)
            then 'SCHEMA_REQUIRED_MISSING'
        else 'SCHEMA_TYPE_INVALID'
    end,
    problem = case
        when problem is not null then problem
        when record_id in (select record_id from ocpi_heads where cdr is not null)
            then 'the record has neither an id nor a party, so it cannot be told from others'
        when starts_with(raw_text, '{') then 'the record is not JSON that can be read'
        else 'the record is ' || left(raw_text, 60) || ', expected a CDR object'
    end
where
    record_id between getvariable('first_record_id') and getvariable('last_record_id')
    and record_id not in (
        select record_id from ingest.raw_cdrs
        where record_id between getvariable('first_record_id') and getvariable('last_record_id')
    )
"""

_PERIODS_SQL = """
insert into ingest.raw_charging_periods by name
select * exclude (is_excess, is_long, missing, is_odd) from ocpi_periods
where record_id in (
    select record_id from ingest.raw_cdrs
    where record_id between getvariable('first_record_id') and getvariable('last_record_id')
)
"""

_LONG_SQL = """
select record_id, raw_text from ingest.raw_records where record_id in (
    select record_id from ocpi_periods where is_long
    union
    select record_id from ocpi_heads
    where len(list_filter(
        [cdr.total_energy, cdr.total_time, cdr.total_parking_time, cdr.total_cost, cdr.total_energy_cost,
         cdr.total_time_cost, cdr.total_fixed_cost, cdr.total_parking_cost, cdr.total_reservation_cost],
        lambda leaf: regexp_matches(cast(leaf as varchar), '[0-9]{7,}[.]')
    )) > 0
)
"""


def _prepare(
    connection: duckdb.DuckDBPyConnection,
    profile: Profile,
    ocpi_version: str | None,
    constants: Mapping[str, str],
) -> None:
    """Macros, and the one row that the statements read how to load from."""
    _run(connection, "cdr_macros")
    connection.execute(
        "create or replace temp table ocpi_load as select ? as profile,"
        " cast(? as varchar) as ocpi_version, cast(? as varchar) as cpo_party, cast(? as varchar) as emsp_party,"
        " cast(? as varchar) as time_zone",
        [profile, ocpi_version, *(constants.get(name) for name in CONSTANTS)],
    )


def _chunks(records: Iterable[tuple[int, RawRecord]]) -> Iterator[list[tuple[int, RawRecord]]]:
    iterator = iter(records)
    while chunk := list(islice(iterator, CHUNK_RECORDS)):
        yield chunk


def _stage(connection: duckdb.DuckDBPyConnection, chunk: list[tuple[int, RawRecord]]) -> None:
    """The chunk's rows of raw_records, taken to be typed until shown otherwise."""
    create_text_table(
        connection,
        "ocpi_text",
        {
            "file_seq": [str(file_seq) for file_seq, _ in chunk],
            "position": [str(record.position) for _, record in chunk],
            "record_sha256": [record.sha256 for _, record in chunk],
            "raw_text": [record.text for _, record in chunk],
            "problem": [record.problem for _, record in chunk],
        },
    )
    connection.execute(
        "insert into ingest.raw_records by name"
        " select (cast(file_seq as bigint) << 32) | cast(position as bigint) as record_id,"
        " cast(file_seq as bigint) as file_seq, cast(position as integer) as position, record_sha256, raw_text,"
        " true as is_typed, problem from ocpi_text"
    )
    record_ids = [(file_seq << 32) | record.position for file_seq, record in chunk]
    for name, record_id in (("first", min(record_ids)), ("last", max(record_ids))):
        connection.execute(f"set variable {name}_record_id = {record_id:d}::bigint")


def _read_chunk(connection: duckdb.DuckDBPyConnection) -> None:
    """Heads and periods of the chunk; once more for the few records whose numbers are very long."""
    connection.execute("create or replace temp table ocpi_exact (record_id bigint, exact_text varchar)")
    _run(connection, "cdr_heads", "cdr_periods")
    long = connection.execute(_LONG_SQL).fetchall()
    if long:
        create_text_table(
            connection,
            "ocpi_text",
            {"record_id": [str(record) for record, _ in long], "exact_text": [exact_text(text) for _, text in long]},
        )
        connection.execute("insert into ocpi_exact select cast(record_id as bigint), exact_text from ocpi_text")
        _run(connection, "cdr_heads", "cdr_periods")


def _run(connection: duckdb.DuckDBPyConnection, *names: str) -> None:
    for name in names:
        connection.execute((_HERE / f"{name}.sql").read_text())


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
    create_text_table(
        connection,
        "ocpi_parsed",
        {name: [None if row[at] is None else str(row[at]) for row in rows] for at, name in enumerate(names)},
    )
    connection.execute(
        "insert into ingest.raw_cdr_tariffs by name select t.record_id, t.tariff_index, p.tariff_id,"
        " cast(p.tariff_no as bigint) as tariff_no, p.tariff_type, cast(p.valid_from as timestamptz) as valid_from,"
        " cast(p.valid_to as timestamptz) as valid_to from ocpi_tariffs as t"
        " left join ocpi_parsed as p on t.tariff_text = p.tariff_text and t.ocpi_version = p.ocpi_version"
    )
    for table in ("ocpi_parsed", "ocpi_tariffs"):
        connection.execute(f"drop table temp.{table}")


def _tariff_columns(tariff: Tariff | None) -> tuple[Any, ...]:
    if tariff is None:
        return (None, None, None, None, None)
    return (tariff.tariff_id, tariff.number, tariff.type, tariff.valid_from, tariff.valid_to)
