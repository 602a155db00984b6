"""Prices CDRs without a home: the OCPI loader and the compiled pricing models over tables in memory.

What does not belong here: any pricing. The SQL of orchestration/engine/models is the project's own, compiled.
"""

from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Literal

import duckdb
import msgspec

from orchestration.defs.ingest.cdr_rows import load_cdrs
from orchestration.defs.ingest.records import RawRecord
from orchestration.defs.ingest.tariff import Tariff, TariffError, parse_tariff
from orchestration.defs.ingest.tariff_rows import store_bodies
from orchestration.defs.ingest.zones import ZoneError, zone_spans
from orchestration.engine.compile import read_engine
from orchestration.warehouse import open_in_memory

PeriodPolicy = Literal["as_sent", "split"]

ANSWERS_SQL = Path(__file__).parent / "answers.sql"
UNSURE_SQL = Path(__file__).parent / "unsure.sql"
FILE_SEQ = 1
# So few are answered while a person waits: planning the loader's statements well would take longer than running them.
FEW_RECORDS = 8
FEW_BYTES = 100_000
# Nothing is dated by this run: as_of only has to be later than any tariff's validity.
AS_OF = datetime(9000, 1, 1, tzinfo=UTC)


class PriceError(ValueError):
    """The call cannot be answered at all. The message is one sentence with a remedy."""


def price(
    records: Iterable[RawRecord],
    tariffs: Sequence[Tariff] = (),
    time_zone: str | None = None,
    ocpi_version: str | None = None,
    period_policy: PeriodPolicy = "as_sent",
) -> Iterator[str]:
    """One JSON object a record, in the order given, whatever is wrong with a record.

    tariffs: priced with where a CDR embeds none, and in place of an embedded one of the same id.
    time_zone: IANA zone of CDRs that name none. ocpi_version: None tells it from each record's fields.
    period_policy: `split` cuts a period that crosses a boundary of its tariff there.
    Raises PriceError for a zone that does not exist.
    """
    records = list(records)
    is_few = len(records) <= FEW_RECORDS and sum(len(record.text) for record in records) <= FEW_BYTES
    with open_in_memory() as connection:
        if is_few:
            connection.execute("set threads = 1")
            connection.execute("pragma disable_optimizer")
        prepare(connection, records, tariffs, time_zone, ocpi_version)
        connection.execute("pragma enable_optimizer")
        for step, sql in read_engine():
            connection.execute(f"create {step.kind} {step.schema}.{step.name} as {sql}")
            if step.name == "cdr_terms":
                # What a contract would say. There is none here.
                connection.execute("update inspect.cdr_terms set period_policy = ?", [period_policy])
        answers = connection.execute(ANSWERS_SQL.read_text())
        while rows := answers.fetchmany(10_000):
            for (answer,) in rows:
                yield answer


def prepare(
    connection: duckdb.DuckDBPyConnection,
    records: Iterable[RawRecord],
    tariffs: Sequence[Tariff] = (),
    time_zone: str | None = None,
    ocpi_version: str | None = None,
) -> None:
    """Fill the raw tables of an empty warehouse with all that the models read. Raises PriceError as `price` does."""
    if time_zone is not None:
        _spans(time_zone)
    _load(connection, records, ocpi_version)
    _default_zone(connection, time_zone)
    _attach(connection, tariffs)
    _offsets(connection)


def read_tariffs(records: Iterable[RawRecord], name: str) -> list[Tariff]:
    """The tariff objects of one file. Raises PriceError naming the file and the place of one that cannot be read."""
    tariffs = []
    for record in records:
        try:
            if record.problem is not None:
                raise TariffError(record.problem)
            tariff = parse_tariff(record.text)
            if not tariff.elements and '"charging_periods"' in record.text:
                raise TariffError("it is a CDR and no tariff")
            tariffs.append(tariff)
        except TariffError as error:
            raise PriceError(f"{name}, tariff {record.position}: {error}; correct the file.") from error
    if not tariffs:
        raise PriceError(f"{name} holds no tariff; give a file with one OCPI tariff object or a list of them.")
    return tariffs


def _load(connection: duckdb.DuckDBPyConnection, records: Iterable[RawRecord], ocpi_version: str | None) -> None:
    """Fill the raw tables, and input_records with what was asked for.

    Files may be priced together, so records are numbered through; `positions` keeps their own places.
    What lacks or misreads a field that no price needs would be quarantined by inspect's gate. Here it is a problem
    of the answer, so it is moved out of the gate's sight.
    """
    positions: list[int] = []

    def numbered() -> Iterator[RawRecord]:
        for number, record in enumerate(records, start=1):
            positions.append(record.position)
            yield msgspec.structs.replace(record, position=number)

    load_cdrs(connection, FILE_SEQ, numbered(), profile="price", ocpi_version=ocpi_version)
    connection.execute(
        "insert into ingest.raw_files by name select ? as file_seq, 1 as arrival_seq, ? as received_at,"
        " 'price' as source, 'cdrs' as feed, 'cdrs' as file_name",
        [FILE_SEQ, AS_OF],
    )
    connection.execute("insert into ingest.raw_run by name select 1 as run_seq, ? as as_of", [AS_OF])
    connection.execute(
        "insert into ingest.raw_touched by name select 'everything' as kind, '' as id, 'price' as reason"
    )
    connection.execute(UNSURE_SQL.read_text())
    connection.execute(
        "create temp table input_records as select r.record_id, p.position, c.cdr_key, c.cdr_id, c.ocpi_version,"
        " c.currency, r.problem_rule_id, r.problem, c.missing_fields, c.type_problems, c.excess_precision"
        " from ingest.raw_records as r"
        " inner join (select unnest(range(1, len(l) + 1)) as number, unnest(l) as position"
        " from (select cast(? as bigint[]) as l)) as p on r.position = p.number"
        " left join ingest.raw_cdrs as c on r.record_id = c.record_id",
        [positions],
    )
    connection.execute(
        "update ingest.raw_cdrs set missing_fields = null, cdr_id = null,"
        " type_problems = case when record_id in (select record_id from unsure_records) then type_problems end"
    )
    for macro in (
        "plain(x) as rtrim(rtrim(cast(x as varchar), '0'), '.')",
        "shown(x) as cast(cast(x as decimal(38, 4)) as varchar)",
        "cost(known, net, gross) as case when known then {'excl_vat': shown(net), 'incl_vat': shown(gross)} end",
    ):
        connection.execute(f"create temp macro {macro}")


def _default_zone(connection: duckdb.DuckDBPyConnection, time_zone: str | None) -> None:
    connection.execute("update ingest.raw_cdrs set record_time_zone = ? where record_time_zone is null", [time_zone])


def _attach(connection: duckdb.DuckDBPyConnection, tariffs: Sequence[Tariff]) -> None:
    """Give each CDR the tariffs it embeds none of: those its periods name, or all when it names and embeds none."""
    if not tariffs:
        return
    store_bodies(connection, tariffs)
    connection.execute(
        "create temp table given (tariff_index integer, tariff_key varchar, tariff_id varchar, tariff_no bigint,"
        " tariff_type varchar, valid_from timestamptz, valid_to timestamptz)"
    )
    connection.executemany(
        "insert into given values (?, ?, ?, ?, ?, ?, ?)",
        [
            (number, (t.tariff_id or "").lower(), t.tariff_id, t.number, t.type, t.valid_from, t.valid_to)
            for number, t in enumerate(tariffs, start=1)
        ],
    )
    connection.execute(
        """
        create temp table wanted as
        with
        embedded as (select distinct record_id, lower(tariff_id) as tariff_key from ingest.raw_cdr_tariffs),
        named as (
            select distinct record_id, lower(tariff_id) as tariff_key from ingest.raw_charging_periods
            where tariff_id is not null
        ),
        asked as (
            select record_id, tariff_key from embedded
            union
            select record_id, tariff_key from named
            union
            select c.record_id, g.tariff_key from ingest.raw_cdrs as c cross join given as g
            where c.record_id not in (select record_id from embedded)
                and c.record_id not in (select record_id from named)
        )
        select asked.record_id, given.* from asked inner join given on asked.tariff_key = given.tariff_key
        """
    )
    connection.execute(
        "delete from ingest.raw_cdr_tariffs where (record_id, lower(tariff_id)) in"
        " (select (record_id, tariff_key) from wanted)"
    )
    connection.execute(
        "insert into ingest.raw_cdr_tariffs by name select record_id, 1000 + tariff_index as tariff_index, tariff_id,"
        " tariff_no, tariff_type, valid_from, valid_to from wanted"
    )


def _offsets(connection: duckdb.DuckDBPyConnection) -> None:
    """The clock changes of the zones in use; a zone that does not exist has none, and the SQL says what that means."""
    zones = connection.execute("select distinct record_time_zone from ingest.raw_cdrs").fetchall()
    for (zone,) in zones:
        try:
            spans = _spans(zone) if zone else ()
        except PriceError:
            continue
        if spans:
            connection.executemany(
                "insert into ingest.raw_zone_offsets values (?, ?, ?, ?)", [(zone, *span) for span in spans]
            )


def _spans(zone: str) -> tuple[tuple[datetime, datetime, int], ...]:
    try:
        return zone_spans(zone)
    except ZoneError as error:
        raise PriceError(str(error)) from error
