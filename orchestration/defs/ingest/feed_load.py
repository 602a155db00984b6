"""A file of sessions, authorizations, charger events or receipts into raw_records and its feed's raw table.

A record that cannot be used is kept with its problem and costs nothing else of its file. What does not
belong here: invoices, which have lines (invoices), and CDRs.
"""

import csv
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

from orchestration.defs.ingest.bulk import CHUNK_ROWS, TEXT_BYTES_MAX, Gathered
from orchestration.defs.ingest.csv_cdrs import RECORD_COLUMNS, row_cells
from orchestration.defs.ingest.csv_cells import Cell
from orchestration.defs.ingest.csv_records import cells_of
from orchestration.defs.ingest.feed_fields import DECLARED_FEEDS, Feed
from orchestration.defs.ingest.feed_mapping import FeedMapping
from orchestration.defs.ingest.feed_objects import ObjectError, load_object
from orchestration.defs.ingest.feed_values import Plan, Values, json_cell, read_values
from orchestration.defs.ingest.files import (
    Bytes,
    LandedFile,
    csv_lines,
    format_of,
    is_csv,
    records_in,
)
from orchestration.defs.ingest.mapping import Format, MappingError, mapping_path
from orchestration.defs.ingest.parties import complete_parties
from orchestration.defs.ingest.records import FileError, RawRecord
from orchestration.defs.ingest.sessions import OCPI_PLANS, add_taxes, session_shape


@dataclass(frozen=True, slots=True)
class EvidenceFile:
    """A file of evidence and how it is read.

    default_party: the only party of its source, for records that name none.
    """

    file_seq: int
    landed: LandedFile
    content: Bytes
    mapping: FeedMapping | None
    default_party: str | None

    @property
    def feed(self) -> Feed:
        """Which fields its records have."""
        return DECLARED_FEEDS[self.landed.feed]


@dataclass(frozen=True, slots=True)
class ReadRecord:
    """One record as read: its values, or the rule it breaks and the sentence that says how."""

    record: RawRecord
    values: Values | None
    problem: tuple[str, str] | None
    party_source: str | None = None


def load_evidence(gathered: Gathered, file: EvidenceFile) -> None:
    """Gather the file's rows. Raises FileError or MappingError when the file as a whole cannot be read."""
    for read in _batches(read_records(file)):
        gather_records(gathered, file, read)


def _batches(records: Iterator[ReadRecord]) -> Iterator[list[ReadRecord]]:
    """In lists of so many, or of so much text: a record may have 8 MiB."""
    batch: list[ReadRecord] = []
    size = 0
    for one in records:
        batch.append(one)
        size += len(one.record.text)
        if len(batch) == CHUNK_ROWS or size > TEXT_BYTES_MAX:
            yield batch
            batch, size = [], 0
    yield batch


def gather_records(gathered: Gathered, file: EvidenceFile, read: Sequence[ReadRecord]) -> None:
    """Keep their rows for raw_records and the feed's table."""
    gathered.add("raw_records", RECORD_COLUMNS, [record_row(file.file_seq, one) for one in read])
    names = [field.name for field in file.feed.fields]
    # The values of a record stand in the order of the feed's fields.
    gathered.add(f"raw_{file.feed.name}", ("record_id", "party_source", *names), [
        (file.file_seq << 32 | one.record.position, one.party_source, *one.values.fields.values())
        for one in read if one.values is not None
    ])  # fmt: skip
    gathered.weigh(sum(len(one.record.text) for one in read))


def record_row(file_seq: int, read: ReadRecord) -> tuple[Any, ...]:
    """Its row of raw_records, in the order of RECORD_COLUMNS."""
    record, problem = read.record, read.problem or (None, None)
    return (
        file_seq << 32 | record.position, file_seq, record.position, record.sha256, record.text,
        read.problem is None, *problem,
    )  # fmt: skip


def read_records(file: EvidenceFile) -> Iterator[ReadRecord]:
    """Every record of the file, in order. Raises FileError or MappingError when none can be read."""
    if is_csv(file.landed, file.mapping):
        yield from _csv_records(file)
        return
    plans: dict[str, Plan] = {}
    for record in records_in(file.landed, file.content, file.mapping):
        yield read_json_record(file, record, plans)


def read_json_record(file: EvidenceFile, record: RawRecord, plans: dict[str, Plan]) -> ReadRecord:
    """One JSON record, field by field. plans: by shape, kept between records."""
    if record.problem is not None:
        return ReadRecord(record, None, ("SCHEMA_TYPE_INVALID", record.problem))
    try:
        fields = load_object(record.text)
    except ObjectError as error:
        return ReadRecord(record, None, ("SCHEMA_TYPE_INVALID", str(error)))
    shape = shape_of(file, fields)
    if shape not in plans:
        plans[shape] = json_plan(file, shape)
    values = read_values(plans[shape], json_cell(fields))
    if file.feed.name == "sessions":
        add_taxes(fields, values)
    return finish(file, record, values)


def shape_of(file: EvidenceFile, record: dict[str, Any]) -> str:
    """Whose words a JSON object uses: those of the mapping, of a version of OCPI, or our own."""
    if file.mapping is not None and file.mapping.columns is not None:
        return "mapping"
    if file.feed.name == "sessions":
        return session_shape(record)
    return "answer" if file.feed.name == "authorizations" and isinstance(record.get("token"), dict) else "plain"


def json_plan(file: EvidenceFile, shape: str) -> Plan:
    """Where the fields of JSON of that shape stand, with what the file's mapping adds."""
    plan = OCPI_PLANS.get(shape) or Plan.plain(file.feed)
    if file.mapping is None:
        return plan
    mapped = Plan.mapped(file.feed, file.mapping)
    if shape == "mapping":
        return without_parties(mapped)
    return without_parties(replace(plan, constants=mapped.constants, time_zone=mapped.time_zone))


def without_parties(plan: Plan) -> Plan:
    """The plan less the constants of parties, which come after what the ids say."""
    kept = {name: value for name, value in plan.constants.items() if name not in ("cpo_party", "emsp_party")}
    return replace(plan, constants=kept)


def finish(file: EvidenceFile, record: RawRecord, values: Values) -> ReadRecord:
    """A record with its parties filled in, or with what is wrong with it."""
    if values.problem is not None:
        return ReadRecord(record, None, values.problem)
    constants = file.mapping.constants if file.mapping is not None else {}
    source = complete_parties(values.fields, constants, file.feed.sender, file.default_party)
    return ReadRecord(record, values, None, source)


def _csv_records(file: EvidenceFile) -> Iterator[ReadRecord]:
    form = format_of(file.landed, file.mapping)
    lines = csv_lines(file.landed, file.content, form)
    names = read_header(lines, form)
    if names is None:
        return
    plan = csv_plan(file, names)
    for record in lines:
        yield read_line(file, record, names, plan)


def read_header(lines: Iterator[RawRecord], form: Format) -> list[str] | None:
    """The names in the first line, None of a file without lines. Raises FileError."""
    header = next(lines, None)
    if header is None:
        return None
    if header.problem is not None:
        raise FileError(header.problem)
    try:
        return [name.strip() for name in cells_of(header, form)]
    except csv.Error as error:
        raise FileError(f"the header line is not CSV ({error}); mend its quotes.") from None


def read_line(file: EvidenceFile, record: RawRecord, names: Sequence[str], plan: Plan) -> ReadRecord:
    """One line of a CSV file, cell by cell."""
    form = format_of(file.landed, file.mapping)
    raw, problem = row_cells(record, form, len(names))
    if problem is not None:
        return ReadRecord(record, None, ("SCHEMA_TYPE_INVALID", problem))
    missing = {"", *form.missing}
    cells = {name: None if cell in missing else cell for name, cell in zip(names, raw, strict=True)}
    return finish(file, record, read_values(plan, _cell(cells)))


def _cell(cells: dict[str, str | None]) -> Cell:
    return cells.get


def csv_plan(file: EvidenceFile, names: Sequence[str]) -> Plan:
    """The plan of a CSV file, all of whose columns are there. Raises MappingError naming one that is not."""
    mapping, feed = file.mapping, file.feed
    if mapping is not None and mapping.columns is not None:
        plan = Plan.mapped(feed, mapping)
        wanted = [[name] for name in plan.column_names()]
    else:
        plan = Plan.plain(feed) if mapping is None else Plan.mapped(feed, mapping)
        wanted = [[field.name] for field in feed.fields if field.is_required and field.name not in plan.constants]
        wanted += [list(feed.one_of)] if feed.one_of else []
    for one_of in wanted:
        if not set(one_of).intersection(names):
            remedy = (
                "correct the mapping, or ask for the file again."
                if mapping is not None and mapping.columns is not None
                else f"name its columns so, or write {mapping_path(file.landed.source, feed.name)} to say how "
                "they are read."
            )
            raise MappingError(
                f"the column {' or '.join(one_of)!r} is not in the file, which has {', '.join(names)}; {remedy}"
            )
    return without_parties(plan)
