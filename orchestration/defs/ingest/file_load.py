"""One arrived file into the raw tables, as its feed is read now."""

from collections.abc import Callable, Hashable, Iterable, Iterator, Sequence
from itertools import groupby
from typing import Any

import duckdb

from orchestration.defs.ingest import locations, tokens
from orchestration.defs.ingest.bulk import Gathered, insert_rows
from orchestration.defs.ingest.cdr_rows import load_cdr_chunks
from orchestration.defs.ingest.csv_cdrs import RECORD_COLUMNS, load_csv_cdrs
from orchestration.defs.ingest.csv_objects import csv_objects
from orchestration.defs.ingest.evidence_load import likeness, load_alike
from orchestration.defs.ingest.feed_fields import EVIDENCE, OBJECTS
from orchestration.defs.ingest.feed_load import EvidenceFile, load_evidence
from orchestration.defs.ingest.feed_mapping import FeedMapping
from orchestration.defs.ingest.feed_objects import Sighting, load_objects
from orchestration.defs.ingest.file_reading import ArrivedFile, Reading
from orchestration.defs.ingest.files import (
    Bytes,
    LandedFile,
    ObjectBytes,
    csv_lines,
    file_chunks,
    is_csv,
    records_in,
    whole_bytes,
)
from orchestration.defs.ingest.invoices import load_invoices
from orchestration.defs.ingest.mapping import Mapping, MappingError, mapping_path
from orchestration.defs.ingest.parties import read_party
from orchestration.defs.ingest.payments import load_payments
from orchestration.defs.ingest.record_chunks import RecordChunk, merged
from orchestration.defs.ingest.records import FileError, RawRecord
from orchestration.defs.ingest.tariff_sightings import load_tariffs
from orchestration.defs.ingest.unpack import is_zip
from orchestration.facts.home import Home

_BY_FILE = ("raw_files", "raw_records", "raw_cdrs")
_BY_RECORD = (
    "raw_charging_periods", "raw_cdr_tariffs", "raw_date_readings", "raw_content_hashes", "raw_tariff_sightings",
    "raw_signed_values", "raw_meter_readings", "raw_cdr_taxes", "raw_connectors", "raw_tokens", "raw_sessions",
    "raw_authorizations", "raw_charger_events", "raw_receipts", "raw_invoices", "raw_invoice_lines", "raw_payments",
)  # fmt: skip


def forget_file(connection: duckdb.DuckDBPyConnection, file_seq: int) -> None:
    """Delete every row that came from a file."""
    for table in _BY_FILE:
        connection.execute(f"delete from ingest.{table} where file_seq = ?", [file_seq])  # noqa: S608 - own names
    for table in _BY_RECORD:
        # record_id is (file_seq << 32) | position.
        connection.execute(
            f"delete from ingest.{table} where record_id >= ? and record_id < ?",  # noqa: S608 - own names
            [file_seq << 32, (file_seq + 1) << 32],
        )


def load_files(home: Home, connection: duckdb.DuckDBPyConnection, files: Sequence[tuple[ArrivedFile, Reading]]) -> None:
    """Every record of the files into the raw tables. A file that cannot be read is one record with its problem.

    OCPI CDRs of files that follow each other are loaded together: a month of daily files is one load.
    """
    ocpi = [(file, reading) for file, reading in files if _is_ocpi_cdrs(file, reading)]
    gathered = Gathered(connection)
    alike: dict[Hashable, list[EvidenceFile]] = {}
    for file, reading in files:
        if (evidence := _plain_evidence(file, home, reading)) and (key := likeness(evidence)) is not None:
            alike.setdefault(key, []).append(evidence)
        elif not _is_ocpi_cdrs(file, reading):
            _load_other(connection, gathered, file, home, reading)
    for evidences in alike.values():
        load_alike(connection, gathered, evidences)
    gathered.flush()
    for constants, run in groupby(ocpi, key=lambda item: _constants(item[1].mapping)):
        load_cdr_chunks(connection, merged(_chunks(home, run)), constants=constants)


def _is_ocpi_cdrs(file: ArrivedFile, reading: Reading) -> bool:
    return file.feed == "cdrs" and not is_csv(_landed(file), reading.mapping) and not is_zip(file.file_name)


def _plain_evidence(file: ArrivedFile, home: Home, reading: Reading) -> EvidenceFile | None:
    """A file of evidence whose records stand by themselves, and which may be loaded with others."""
    is_one = file.feed in EVIDENCE and file.feed != "invoices" and file.size > 0 and not is_zip(file.file_name)
    if not is_one or reading.mapping_problem is not None:
        return None
    return _declared_file(file, _landed(file), ObjectBytes(home, file.size, file.sha256), reading)


def _landed(file: ArrivedFile) -> LandedFile:
    return LandedFile(file.source, file.feed, file.file_name)


def _chunks(home: Home, files: Iterable[tuple[ArrivedFile, Reading]]) -> Iterator[RecordChunk]:
    for file, reading in files:
        content = ObjectBytes(home, file.size, file.sha256)
        yield from file_chunks(_landed(file), content, reading.mapping, file.file_seq)


def _load_other(
    connection: duckdb.DuckDBPyConnection, gathered: Gathered, file: ArrivedFile, home: Home, reading: Reading
) -> None:
    """Load a file that is not one of OCPI CDRs: an archive's own records, or a file that is read as a whole."""
    landed, content = _landed(file), ObjectBytes(home, file.size, file.sha256)
    if is_zip(file.file_name) or file.size == 0:
        chunks = file_chunks(landed, content, reading.mapping)
        _quarantine(connection, file, [record for chunk in chunks for record in chunk.records()])
        return
    try:
        if file.feed == "payments":
            load_payments(gathered, file.file_seq, whole_bytes(landed, content))
        elif file.feed in EVIDENCE:
            load = load_invoices if file.feed == "invoices" else load_evidence
            load(gathered, _declared_file(file, landed, content, reading))
        elif is_csv(landed, reading.mapping) and file.feed == "cdrs":
            _load_csv(connection, file, landed, content, reading)
        elif is_csv(landed, reading.mapping):
            records, read = csv_objects(_declared_file(file, landed, content, reading))
            _load_feed(connection, file, records, _owner(file.feed, reading), read)
        else:
            _load_feed(connection, file, records_in(landed, content, reading.mapping), _owner(file.feed, reading))
    except (FileError, MappingError) as error:
        _quarantine(connection, file, [_broken_file(file, f"{file.subject}: {error}")])


def _broken_file(file: ArrivedFile, problem: str) -> RawRecord:
    """The whole file as one record that cannot be read."""
    return RawRecord(0, "", file.sha256, problem)


def _declared_file(file: ArrivedFile, landed: LandedFile, content: Bytes, reading: Reading) -> EvidenceFile:
    """The file with its mapping. Raises FileError when that never was usable: reading on without it would guess."""
    if reading.mapping_problem is not None:
        raise FileError(reading.mapping_problem)
    mapping = reading.mapping if isinstance(reading.mapping, FeedMapping) else None
    return EvidenceFile(file.file_seq, landed, content, mapping, reading.default_party)


def _owner(feed: str, reading: Reading) -> str | None:
    """Whose the objects are that do not say: what the mapping declares, else the source's only party."""
    declared = reading.mapping.constants if isinstance(reading.mapping, FeedMapping) else {}
    given = declared.get(OBJECTS[feed].sender)
    return (read_party(given) if given is not None else None) or reading.default_party


def _load_feed(
    connection: duckdb.DuckDBPyConnection,
    file: ArrivedFile,
    records: Iterable[RawRecord],
    default_party: str | None,
    read: Callable[[RawRecord], dict[str, Any]] | None = None,
) -> None:
    sighting = Sighting(file.file_seq, file.arrival_seq, file.received_at, file.source, file.is_opening, default_party)
    match file.feed:
        case "tariffs":
            load_tariffs(connection, sighting, records, read)
        case "locations":
            columns = locations.COLUMNS
            load_objects(connection, sighting, records, "raw_connectors", columns, locations.connector_rows, read)
        case "tokens":
            load_objects(connection, sighting, records, "raw_tokens", tokens.COLUMNS, tokens.token_rows, read)
        case _:
            sentence = f"{file.subject}: feed {file.feed} is not read by this version."
            _quarantine(connection, file, [RawRecord(0, "", file.sha256, sentence)])


def _load_csv(
    connection: duckdb.DuckDBPyConnection, file: ArrivedFile, landed: LandedFile, content: Bytes, reading: Reading
) -> None:
    """A CSV file of CDRs. Raises FileError or MappingError when it cannot be read as a whole."""
    path = mapping_path(file.source, file.feed)
    mapping = reading.mapping
    if not isinstance(mapping, Mapping) or mapping.columns is None:
        lacks = "there is no" if mapping is None else "no columns are named in"
        raise FileError(reading.mapping_problem or f"{lacks} {path}; write it to say how its columns are read.")
    lines = csv_lines(landed, content, mapping.format)
    header = next(lines, None)
    if header is None:
        return
    if header.problem is not None:
        raise FileError(header.problem)
    try:
        load_csv_cdrs(connection, file.file_seq, header, lines, mapping, reading.repairs)
    except MappingError as error:
        raise MappingError(f"{path}: {error}") from None


def _constants(mapping: Mapping | FeedMapping | None) -> dict[str, str]:
    if not isinstance(mapping, Mapping):
        return {}
    given = {
        name: getattr(mapping.constants, name)
        for name in ("cpo_party", "emsp_party", "time_zone", "currency", "country")
    }
    return {name: value for name, value in given.items() if value is not None}


def _quarantine(connection: duckdb.DuckDBPyConnection, file: ArrivedFile, records: Sequence[RawRecord]) -> None:
    insert_rows(connection, "raw_records", RECORD_COLUMNS, [
        (file.file_seq << 32 | record.position, file.file_seq, record.position, record.sha256, record.text, False,
         "SCHEMA_TYPE_INVALID", record.problem)
        for record in records
    ])  # fmt: skip
