"""The tariffs that CDRs carry: each distinct text is parsed once, whatever the number of CDRs that have it."""

from collections.abc import Mapping, Sequence
from typing import Any

import duckdb

from orchestration.defs.ingest.cdr_chunk import CdrChunk
from orchestration.defs.ingest.cdr_problems import has_comma
from orchestration.defs.ingest.tariff import Tariff, TariffError, parse_tariff
from orchestration.defs.ingest.tariff_rows import store_bodies
from orchestration.defs.ingest.text_table import create_text_table

# By text and OCPI version; None where it cannot be read.
ParsedTariffs = dict[tuple[str, str], Tariff | None]


def distinct_tariffs(chunk: CdrChunk) -> list[tuple[str, str]]:
    """Text and version of the chunk's tariffs, each once. The chunk has ocpi_tariffs."""
    return [
        (text, version)
        for text, version in chunk.execute("select distinct tariff_text, ocpi_version from ocpi_tariffs")
        if text is not None
    ]


def load_tariffs_of_cdrs(
    connection: duckdb.DuckDBPyConnection,
    chunk: CdrChunk,
    distinct: Sequence[tuple[str, str]],
    parsed: ParsedTariffs,
) -> None:
    """Rows of raw_cdr_tariffs, and of the tariffs in them; `parsed` remembers what earlier chunks parsed."""
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
    chunk.execute(
        "insert into ingest.raw_cdr_tariffs by name select t.record_id, t.tariff_index, p.tariff_id,"
        " cast(p.tariff_no as bigint) as tariff_no, p.tariff_type, cast(p.valid_from as timestamptz) as valid_from,"
        " cast(p.valid_to as timestamptz) as valid_to from ocpi_tariffs as t"
        " left join ocpi_parsed as p on t.tariff_text = p.tariff_text and t.ocpi_version = p.ocpi_version"
    )
    commas = {
        (text, version): "; ".join(found)
        for text, version in distinct
        if (tariff := parsed[text, version]) is not None
        and (
            found := [
                f"tariffs: {problem} without a decimal comma" for problem in tariff.problems if has_comma(problem)
            ]
        )
    }
    if commas:
        _name_commas(connection, chunk, commas)
    if rounded := [key for key in distinct if (tariff := parsed[key]) is not None and tariff.rounded]:
        _name_rounded(connection, chunk, rounded)
    connection.execute("drop table temp.ocpi_parsed")


def _name_commas(connection: duckdb.DuckDBPyConnection, chunk: CdrChunk, commas: Mapping[tuple[str, str], str]) -> None:
    """A price of the record's own tariff that is written with a comma is the record's fault."""
    create_text_table(
        connection,
        "ocpi_commas",
        {
            "tariff_text": [text for text, _ in commas],
            "ocpi_version": [version for _, version in commas],
            "problems": list(commas.values()),
        },
    )
    chunk.execute(
        "update ingest.raw_cdrs as cdrs set type_problems = concat_ws('; ', cdrs.type_problems, commas.problems)"
        " from ocpi_tariffs as tariffs inner join ocpi_commas as commas on tariffs.tariff_text = commas.tariff_text"
        " and tariffs.ocpi_version = commas.ocpi_version, ocpi_load as load"
        " where cdrs.record_id = tariffs.record_id and load.profile = 'record'"
    )
    connection.execute("drop table temp.ocpi_commas")


def _name_rounded(connection: duckdb.DuckDBPyConnection, chunk: CdrChunk, rounded: Sequence[tuple[str, str]]) -> None:
    """A number of the record's own tariff with more places than are kept is one of the record's."""
    names = ("tariff_text", "ocpi_version")
    create_text_table(connection, "ocpi_rounded", {name: [key[at] for key in rounded] for at, name in enumerate(names)})
    chunk.execute(
        "update ingest.raw_cdrs as cdrs set excess_precision = concat_ws(',', cdrs.excess_precision, 'tariffs')"
        " from (select distinct tariffs.record_id from ocpi_tariffs as tariffs inner join ocpi_rounded as rounded"
        " on tariffs.tariff_text = rounded.tariff_text and tariffs.ocpi_version = rounded.ocpi_version) as found"
        " where cdrs.record_id = found.record_id"
    )
    connection.execute("drop table temp.ocpi_rounded")


def _tariff_columns(tariff: Tariff | None) -> tuple[Any, ...]:
    if tariff is None:
        return (None, None, None, None, None)
    return (tariff.tariff_id, tariff.number, tariff.type, tariff.valid_from, tariff.valid_to)
