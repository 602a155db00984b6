"""Partner invoices and OCPI 2.3.0 InvoiceReconciliationRecords into raw_invoices and raw_invoice_lines.

A JSON record is one whole invoice with its lines; a CSV row is one line, with the head of its invoice in
every row. Source: OCPI 2.3.0 mod_invoice_reconciliation. What does not belong here: comparing (reconcile).
"""

from collections.abc import Iterator, Sequence, Sized
from dataclasses import dataclass
from typing import Any

from orchestration.defs.ingest.bulk import Gathered, batches
from orchestration.defs.ingest.csv_cdrs import RECORD_COLUMNS
from orchestration.defs.ingest.feed_fields import INVOICE_HEAD, INVOICE_HEADS, INVOICE_LINE, INVOICE_LINES
from orchestration.defs.ingest.feed_load import EvidenceFile, ReadRecord, finish, read_records, record_row
from orchestration.defs.ingest.feed_mapping import Party
from orchestration.defs.ingest.feed_objects import ObjectError, load_object
from orchestration.defs.ingest.feed_values import Plan, Values, content_sha256, json_cell, read_values
from orchestration.defs.ingest.files import is_csv, records_in
from orchestration.defs.ingest.json_fields import show
from orchestration.defs.ingest.records import RawRecord

_HEAD = tuple(known.name for known in INVOICE_HEAD)
_LINE = tuple(known.name for known in INVOICE_LINE)
# In JSON the totals stand in the invoice's own object, so their names need no prefix.
_JSON_HEAD = Plan.plain(INVOICE_HEADS, {name: name.removeprefix("invoice_") for name in _HEAD} | {
    "invoice_id": "invoice_id"
})  # fmt: skip
_JSON_LINE = Plan.plain(INVOICE_LINES)
_RECONCILIATION = Plan.plain(
    INVOICE_HEADS,
    {
        "invoice_id": "invoice_id",
        "issuer_party": Party(country="country_code", party="party_id"),
        "last_updated": "last_updated",
    },
)
HEAD_COLUMNS = (
    "record_id", "form", "reconciliation_id", *(name.removeprefix("invoice_") if name != "invoice_id" else name
    for name in _HEAD), "line_count", "content_sha256",
)  # fmt: skip
LINE_COLUMNS = ("record_id", "invoice_record_id", "line_no", *_LINE)


# Of rows any may add its line to any invoice of its file, so the heads of all wait for the last row.
INVOICES_OF_A_CSV_MAX = 100_000


@dataclass(slots=True)
class _Invoice:
    """One invoice of a file: the record it begins with, its head, how many lines it has and their hash so far."""

    record_id: int
    head: dict[str, Any]
    form: str = "invoice"
    reconciliation_id: str | None = None
    line_count: int = 0
    lines_sha256: str = ""

    def line_row(self, record_id: int, line: dict[str, Any]) -> tuple[Any, ...]:
        """The row of its next line, which stands in that record."""
        values = [line.get(name) for name in _LINE]
        self.line_count += 1
        self.lines_sha256 = content_sha256([self.lines_sha256, *values])
        return (record_id, self.record_id, self.line_count, *values)

    def head_row(self) -> tuple[Any, ...]:
        """The row of its head, once all of its lines have come."""
        head = [self.head.get(name) for name in _HEAD]
        sha256 = content_sha256([self.form, self.reconciliation_id, *head, self.lines_sha256])
        return (self.record_id, self.form, self.reconciliation_id, *head, self.line_count, sha256)


@dataclass(frozen=True, slots=True)
class _Read:
    """A record as read, the rows of its lines, and the invoice that is complete or begins with it."""

    record: ReadRecord
    lines: Sequence[tuple[Any, ...]] = ()
    invoice: _Invoice | None = None


def load_invoices(gathered: Gathered, file: EvidenceFile) -> None:
    """Gather the file's rows. Raises FileError or MappingError when the file as a whole cannot be read."""
    is_json = not is_csv(file.landed, file.mapping)
    is_nested = is_json and (file.mapping is None or file.mapping.columns is None)
    begun: list[_Invoice] = []
    for read in _from_json(file) if is_nested else _from_rows(file):
        gathered.add("raw_records", RECORD_COLUMNS, [record_row(file.file_seq, read.record)])
        gathered.add("raw_invoice_lines", LINE_COLUMNS, read.lines)
        if read.invoice is not None and is_nested:
            gathered.add("raw_invoices", HEAD_COLUMNS, [read.invoice.head_row()])
        elif read.invoice is not None:
            begun.append(read.invoice)
        gathered.weigh(len(read.record.record.text))
    for heads in batches(begun):
        gathered.add("raw_invoices", HEAD_COLUMNS, [invoice.head_row() for invoice in heads])


def _from_json(file: EvidenceFile) -> Iterator[_Read]:
    for record in records_in(file.landed, file.content, file.mapping):
        if record.problem is not None:
            yield _Read(ReadRecord(record, None, ("SCHEMA_TYPE_INVALID", record.problem)))
            continue
        try:
            yield _one(file, record, load_object(record.text))
        except ObjectError as error:
            yield _Read(ReadRecord(record, None, ("SCHEMA_TYPE_INVALID", str(error))))


def _one(file: EvidenceFile, record: RawRecord, fields: dict[str, Any]) -> _Read:
    """An invoice or a reconciliation record. Raises ObjectError when its list is none."""
    is_reconciliation = "cdrs" in fields and "lines" not in fields
    head = read_values(_RECONCILIATION if is_reconciliation else _JSON_HEAD, json_cell(fields))
    name = "cdrs" if is_reconciliation else "lines"
    listed = fields.get(name) or []
    if not isinstance(listed, list):
        raise ObjectError(f"{name} is {show(listed)}, expected a list; ask the sender for it.")
    lines = [
        _named(item, number) if is_reconciliation else _line(item, number, head)
        for number, item in enumerate(listed, start=1)
    ]
    one = _with_issuer(file, record, head)
    if one.values is None:
        return _Read(one)
    record_id = file.file_seq << 32 | record.position
    invoice = _Invoice(record_id, head.fields)
    if is_reconciliation:
        invoice.form, invoice.reconciliation_id = "reconciliation", json_cell(fields)("id")
    return _Read(one, [invoice.line_row(record_id, line) for line in lines], invoice)


def _named(item: object, number: int) -> dict[str, Any]:
    if not isinstance(item, str) or not item:
        raise ObjectError(f"cdrs.{number} is {show(item)}, expected the id of a CDR; ask the sender for it.")
    return {"cdr_id": item}


def _line(item: object, number: int, head: Values) -> dict[str, Any]:
    """A line's values; what is wrong with it is said of the whole invoice, which counts as one or not at all."""
    if not isinstance(item, dict):
        raise ObjectError(f"lines.{number} is {show(item)}, expected an object; ask the sender for it.")
    values = read_values(_JSON_LINE, json_cell(item))
    head.problems += [f"lines.{number}.{problem}" for problem in values.problems]
    head.missing += [f"lines.{number}.{name}" for name in values.missing]
    return values.fields


def _with_issuer(file: EvidenceFile, record: RawRecord, values: Values) -> ReadRecord:
    """Whoever sells sends the invoice, unless it says otherwise or its source has one party only."""
    one = finish(file, record, values)
    if one.values is not None:
        fields, constants = values.fields, file.mapping.constants if file.mapping is not None else {}
        given = (fields["issuer_party"], constants.get("issuer_party"), fields["seller_party"], file.default_party)
        fields["issuer_party"] = next((party for party in given if party is not None), None)
    return one


def _from_rows(file: EvidenceFile) -> Iterator[_Read]:
    """Rows whose invoice has begun already add their line to it: the invoice comes with its first row."""
    known: dict[tuple[str, str], _Invoice] = {}
    for one in read_records(file):
        if one.values is None:
            yield _Read(one)
            continue
        _with_issuer(file, one.record, one.values)
        fields = one.values.fields
        record_id = file.file_seq << 32 | one.record.position
        key = (str(fields["issuer_party"]), fields["invoice_id"].lower())
        begun = known.get(key)
        problem = _too_many(known) if begun is None else _contradiction(begun, fields)
        if problem is not None:
            yield _Read(ReadRecord(one.record, None, ("SCHEMA_TYPE_INVALID", problem)))
            continue
        invoice = begun or _Invoice(record_id, {name: fields[name] for name in _HEAD})
        known[key] = invoice
        line = {name: fields[name] for name in _LINE}
        is_line = any(line[name] is not None for name in ("cdr_id", "session_id", "amount_excl_tax", "text"))
        yield _Read(one, [invoice.line_row(record_id, line)] if is_line else (), None if begun else invoice)


def _too_many(known: Sized) -> str | None:
    if len(known) < INVOICES_OF_A_CSV_MAX:
        return None
    return (
        f"the file has more than {INVOICES_OF_A_CSV_MAX:,} invoices, and this row would begin one more; "
        "ask for the rest in another file"
    )


def _contradiction(invoice: _Invoice, fields: dict[str, Any]) -> str | None:
    """What this row says otherwise of its invoice than the first one; an empty cell says nothing."""
    for name in _HEAD:
        before, now = invoice.head[name], fields[name]
        if now is not None and before is not None and now != before and name != "invoice_id":
            place = invoice.record_id & 0xFFFFFFFF
            return f"{name} is {now}, but line {place} says {before} of the same invoice; ask the sender which holds"
        if before is None:
            invoice.head[name] = now
    return None
