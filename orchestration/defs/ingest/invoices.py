"""Partner invoices and OCPI 2.3.0 InvoiceReconciliationRecords into raw_invoices and raw_invoice_lines.

A JSON record is one whole invoice with its lines; a CSV row is one line, with the head of its invoice in
every row. Source: OCPI 2.3.0 mod_invoice_reconciliation. What does not belong here: comparing (reconcile).
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
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


@dataclass(slots=True)
class _Invoice:
    """One invoice of a file: the record it begins with, its head, its lines with the record each stands in."""

    record_id: int
    head: dict[str, Any]
    form: str = "invoice"
    reconciliation_id: str | None = None
    lines: list[tuple[int, dict[str, Any]]] = field(default_factory=list)


def load_invoices(gathered: Gathered, file: EvidenceFile) -> None:
    """Gather the file's rows. Raises FileError or MappingError when the file as a whole cannot be read."""
    is_json = not is_csv(file.landed, file.mapping)
    is_nested = is_json and (file.mapping is None or file.mapping.columns is None)
    invoices: list[_Invoice] = []
    for read in batches(_from_json(file) if is_nested else _from_rows(file)):
        gathered.add("raw_records", RECORD_COLUMNS, [record_row(file.file_seq, one) for one, _ in read])
        invoices += [invoice for _, invoice in read if invoice is not None]
        if is_nested:
            _gather(gathered, invoices)
            invoices = []
    # Of rows any may add its line to any invoice, so these wait for the last.
    _gather(gathered, invoices)


def _gather(gathered: Gathered, invoices: Sequence[_Invoice]) -> None:
    gathered.add("raw_invoices", HEAD_COLUMNS, [_head_row(invoice) for invoice in invoices])
    gathered.add("raw_invoice_lines", LINE_COLUMNS, _line_rows(invoices))


def _head_row(invoice: _Invoice) -> tuple[Any, ...]:
    head = [invoice.head.get(name) for name in _HEAD]
    lines = [line.get(name) for _, line in invoice.lines for name in _LINE]
    sha256 = content_sha256([invoice.form, invoice.reconciliation_id, *head, *lines])
    return (invoice.record_id, invoice.form, invoice.reconciliation_id, *head, len(invoice.lines), sha256)


def _line_rows(invoices: Iterable[_Invoice]) -> Iterator[tuple[Any, ...]]:
    for invoice in invoices:
        for number, (record_id, line) in enumerate(invoice.lines, start=1):
            yield (record_id, invoice.record_id, number, *(line.get(name) for name in _LINE))


def _from_json(file: EvidenceFile) -> Iterator[tuple[ReadRecord, _Invoice | None]]:
    for record in records_in(file.landed, file.content, file.mapping):
        if record.problem is not None:
            yield ReadRecord(record, None, ("SCHEMA_TYPE_INVALID", record.problem)), None
            continue
        try:
            fields = load_object(record.text)
            one, invoice = _one(file, record, fields)
        except ObjectError as error:
            one, invoice = ReadRecord(record, None, ("SCHEMA_TYPE_INVALID", str(error))), None
        yield one, invoice


def _one(file: EvidenceFile, record: RawRecord, fields: dict[str, Any]) -> tuple[ReadRecord, _Invoice | None]:
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
        return one, None
    record_id = file.file_seq << 32 | record.position
    invoice = _Invoice(record_id, head.fields, lines=[(record_id, line) for line in lines])
    if is_reconciliation:
        invoice.form, invoice.reconciliation_id = "reconciliation", json_cell(fields)("id")
    return one, invoice


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


def _from_rows(file: EvidenceFile) -> Iterator[tuple[ReadRecord, _Invoice | None]]:
    """Rows whose invoice has begun already add their line to it: the invoice comes with its first row."""
    known: dict[tuple[str, str], _Invoice] = {}
    for one in read_records(file):
        if one.values is None:
            yield one, None
            continue
        _with_issuer(file, one.record, one.values)
        fields = one.values.fields
        record_id = file.file_seq << 32 | one.record.position
        key = (str(fields["issuer_party"]), fields["invoice_id"].lower())
        begun = known.get(key)
        if begun is not None and (contradiction := _contradiction(begun, fields)) is not None:
            yield ReadRecord(one.record, None, ("SCHEMA_TYPE_INVALID", contradiction)), None
            continue
        invoice = begun or _Invoice(record_id, {name: fields[name] for name in _HEAD})
        known[key] = invoice
        line = {name: fields[name] for name in _LINE}
        if any(line[name] is not None for name in ("cdr_id", "session_id", "amount_excl_tax", "text")):
            invoice.lines.append((record_id, line))
        yield one, None if begun else invoice


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
