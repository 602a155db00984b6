"""Many files of evidence at once: nearly all their records by one statement a shape, the others one by one.

What does not belong here: the statement (evidence_plain), how one record is read with what is wrong in it (feed_load).
"""

from collections.abc import Hashable, Iterator, Sequence
from contextlib import suppress
from itertools import groupby
from operator import itemgetter

import duckdb

from orchestration.defs.ingest.bulk import Gathered
from orchestration.defs.ingest.evidence_plain import Header, PlainPlan, load_plain_evidence, prepare_plain
from orchestration.defs.ingest.feed_load import (
    EvidenceFile,
    ReadRecord,
    csv_plan,
    gather_records,
    json_plan,
    read_header,
    read_json_record,
    read_line,
    shape_of,
)
from orchestration.defs.ingest.feed_objects import ObjectError, load_object
from orchestration.defs.ingest.feed_values import Plan
from orchestration.defs.ingest.files import csv_lines, file_chunks, format_of, is_csv
from orchestration.defs.ingest.mapping import MappingError
from orchestration.defs.ingest.record_chunks import RecordChunk, merged, prefetched
from orchestration.defs.ingest.records import FileError, RawRecord

_PLAIN_CONSTANTS = {"cpo_party", "emsp_party", "time_zone"}


def load_alike(connection: duckdb.DuckDBPyConnection, gathered: Gathered, files: Sequence[EvidenceFile]) -> None:
    """Load files for which likeness() is the same, in bulk: nearly all records by one statement a shape.

    A JSON file that cannot be read as a whole is one record with its problem.
    """
    prepare_plain(connection)
    by_seq = {file.file_seq: file for file in files}
    header = plain_header(files[0])
    for records in prefetched(merged(_chunks(files))):
        left, tried = records, set[str]()
        # Records of a file use one version's words; of several merged files they may not.
        while left and (shape := _first_shape(files[0], header, left, tried)) is not None:
            tried.add(shape)
            left = load_plain_evidence(connection, left, _plain_plan(files[0], header, shape))
        plans = {} if header is None else {"csv": csv_plan(files[0], header.names)}
        odd = zip(left.file_seqs, left.records(), strict=True)
        for file_seq, pairs in groupby(odd, key=itemgetter(0)):
            file = by_seq[file_seq]
            gather_records(gathered, file, [_read_record(file, header, record, plans) for _, record in pairs])


def likeness(file: EvidenceFile) -> Hashable | None:
    """What files that are loaded together have in common; None for one that is read record by record.

    Those are files whose mapping says more than parties, and CSV files that cannot be read as a whole.
    """
    constants = {} if file.mapping is None else file.mapping.constants
    if file.mapping is not None and (file.mapping.columns is not None or constants.keys() - _PLAIN_CONSTANTS):
        return None
    header = plain_header(file)
    if header is None and is_csv(file.landed, file.mapping):
        return None
    return file.landed.feed, header, tuple(sorted(constants.items())), file.default_party


def plain_header(file: EvidenceFile) -> Header | None:
    """The header of a CSV file whose columns are all there and named once; None for any other file."""
    if not is_csv(file.landed, file.mapping):
        return None
    form = format_of(file.landed, file.mapping)
    try:
        names = read_header(csv_lines(file.landed, file.content, form), form) or []
        csv_plan(file, names)
    except (FileError, MappingError):
        return None
    is_plain = len(set(names)) == len(names) and not form.missing
    return Header(tuple(names), form.delimiter, form.quote) if is_plain else None


def _chunks(files: Sequence[EvidenceFile]) -> Iterator[RecordChunk]:
    for file in files:
        yield from file_chunks(file.landed, file.content, file.mapping, file.file_seq)


def _plain_plan(file: EvidenceFile, header: Header | None, shape: str) -> PlainPlan:
    constants = file.mapping.constants if file.mapping is not None else {}
    parties = {name: constants[name] for name in ("cpo_party", "emsp_party") if name in constants}
    plan = json_plan(file, shape) if header is None else csv_plan(file, header.names)
    return PlainPlan(plan, shape, parties, file.default_party, header)


def _first_shape(file: EvidenceFile, header: Header | None, records: RecordChunk, tried: set[str]) -> str | None:
    """The shape of the first record that can be read, unless its kind was taken already: then what is left is odd."""
    if header is not None:
        return None if tried else "csv"
    for text, problem in zip(records.texts, records.problems, strict=True):
        if problem is None:
            with suppress(ObjectError):
                shape = shape_of(file, load_object(text))
                return None if shape in tried else shape
    return None


def _read_record(file: EvidenceFile, header: Header | None, record: RawRecord, plans: dict[str, Plan]) -> ReadRecord:
    """One record, field by field. A file that cannot be read as a whole comes as a record at position 0."""
    if record.position == 0:
        problem = f"{file.landed.subject}: {record.problem}"
        return ReadRecord(RawRecord(0, "", file.content.sha256, problem), None, ("SCHEMA_TYPE_INVALID", problem))
    if header is None:
        return read_json_record(file, record, plans)
    return read_line(file, record, header.names, plans["csv"])
