"""One record of evidence, CSV row or JSON object, as typed values: exact numbers, UTC instants, known words.

What does not belong here: which fields a feed has (feed_fields), where rows go (feed_load).
"""

import hashlib
import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from functools import cached_property, lru_cache
from typing import Any

from orchestration.defs.ingest.csv_cells import Cell, CellError, Clock, read_date, read_number, read_stamp, read_text
from orchestration.defs.ingest.feed_fields import Feed, Field
from orchestration.defs.ingest.feed_mapping import FeedMapping, Party, Spec, Word, plain_spec
from orchestration.defs.ingest.json_fields import show
from orchestration.defs.ingest.mapping import Number, Stamp, Text
from orchestration.defs.ingest.parties import read_party

# A field's value in a record, None where it has none. Raises CellError.
Reader = Callable[[Cell], Any]


@dataclass(frozen=True)
class Plan:
    """Where the fields of a feed stand. A column of JSON is a path: `cdr_token.uid`, `location.evses.1.uid`."""

    feed: Feed
    columns: dict[str, Spec]
    constants: dict[str, str] = field(default_factory=dict)
    time_zone: str | None = None

    @cached_property
    def readers(self) -> list[tuple[Field, Reader]]:
        """One for each field, in the order of the feed."""
        return [
            (known, _reader(known, self.columns.get(known.name), self.constants.get(known.name), self.time_zone))
            for known in self.feed.fields
        ]

    @classmethod
    def plain(cls, feed: Feed, renamed: Mapping[str, str | Spec] | None = None) -> "Plan":
        """Every field under its own name, or only those of `renamed` under theirs."""
        named = renamed if renamed is not None else {field.name: field.name for field in feed.fields}
        columns: dict[str, Spec] = {}
        for name, where in named.items():
            known = feed.field(name)
            assert known is not None, name
            columns[name] = plain_spec(known.kind, where) if isinstance(where, str) else where
        return cls(feed, columns)

    @classmethod
    def mapped(cls, feed: Feed, mapping: FeedMapping) -> "Plan":
        """As a mapping says; one without columns gives constants to the fields' own names."""
        columns = mapping.columns if mapping.columns is not None else cls.plain(feed).columns
        constants = {name: value for name, value in mapping.constants.items() if name != "time_zone"}
        return cls(feed, columns, constants, mapping.time_zone)

    def column_names(self) -> list[str]:
        """Every column that is read, in order."""
        names: list[str] = []
        for spec in self.columns.values():
            wanted = (getattr(spec, key, None) for key in ("column", "date", "time", "country", "party"))
            names += [name for name in wanted if name is not None and name not in names]
        return names


@dataclass(slots=True)
class Values:
    """What was read of one record: values by field, fields that are missing, and a phrase for each that is wrong."""

    fields: dict[str, Any]
    missing: list[str] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)

    @property
    def problem(self) -> tuple[str, str] | None:
        """The rule that the record breaks and the sentence about it; None when it can be used."""
        if self.problems:
            return "SCHEMA_TYPE_INVALID", "; ".join(self.problems)
        if self.missing:
            verb = "is" if len(self.missing) == 1 else "are"
            return "SCHEMA_REQUIRED_MISSING", f"{', '.join(self.missing)} {verb} missing; ask the sender for it."
        return None


def read_values(plan: Plan, cell: Cell) -> Values:
    """Read a record; `cell` gives the text in a column, None where there is none, and may raise CellError."""
    fields: dict[str, Any] = {}
    values = Values(fields)
    for known, read in plan.readers:
        try:
            value = read(cell)
        except CellError as error:
            values.problems.append(str(error).rstrip("."))
            value = None
        else:
            if value is None and known.is_required:
                values.missing.append(_place(known.name, plan.columns.get(known.name)))
        fields[known.name] = value
    one_of = plan.feed.one_of
    if one_of and not values.problems and all(fields[name] is None for name in one_of):
        values.missing.append(" or ".join(one_of))
    return values


def _place(name: str, spec: Spec | None) -> str:
    column = getattr(spec, "column", None)
    return column if isinstance(column, str) else name


def _reader(known: Field, spec: Spec | None, constant: str | None, zone: str | None) -> Reader:
    """How one field is read: made once for a file, as it is called for every record."""
    read: Reader = (lambda _: None) if spec is None else _of_kind(known, spec, zone)
    if constant is None:
        return read
    # A constant that cannot be read is a fault of each record: the mapping's own sentence, where people look.
    made = _of_kind(known, plain_spec(known.kind, f"constants.{known.name}"), None)

    def with_constant(cell: Cell) -> Any:
        value = read(cell)
        return made(lambda _: constant) if value is None else value

    return with_constant


def _of_kind(known: Field, spec: Spec, zone: str | None) -> Reader:
    match spec:
        case Number():
            return lambda cell: _number(known, spec, cell)
        case Stamp() if known.kind == "date":
            return lambda cell: read_date(spec, cell)
        case Stamp():
            return lambda cell: _instant(spec, cell, zone)
        case Word():
            return lambda cell: None if (text := cell(spec.column)) is None else _word(known, spec, text)
        case Party():
            return lambda cell: _party(spec, cell)
        case Text(column=column) if spec.cut_at is None and spec.drop_suffix is None:
            return lambda cell: cell(column)
        case Text():
            return lambda cell: read_text(spec, cell)


def _number(known: Field, spec: Number, cell: Cell) -> Decimal | None:
    found = read_number(spec, cell)
    if found is not None and known.kind == "whole" and found[0] != found[0].to_integral_value():
        raise CellError(f"{spec.column} is {found[0].normalize()}, expected a whole number")
    return None if found is None else found[0]


def _instant(spec: Stamp, cell: Cell, zone: str | None) -> datetime | None:
    if spec.column is not None and spec.format == "iso":
        value = cell(spec.column)
        # As nearly every stamp comes.
        if value is not None and len(value) == 20 and value[19] == "Z" and value[4] == "-":
            try:
                return datetime.fromisoformat(value)
            except ValueError:
                pass
    reading = read_stamp(spec, cell, Clock(zone))
    return None if reading is None else reading.as_written


def _word(known: Field, spec: Word, text: str) -> str:
    value = spec.values.get(text, text)
    wanted = value.strip().replace("-", "_").replace(" ", "_").lower()
    word = next((word for word in known.words if word.lower() == wanted), None)
    if word is None:
        raise CellError(f"{spec.column} is {show(value)}, expected one of {', '.join(known.words)}")
    return word


def _party(spec: Party, cell: Cell) -> str | None:
    if spec.column is not None:
        value, where = cell(spec.column), spec.column
    else:
        country, party = cell(spec.country or ""), cell(spec.party or "")
        value, where = f"{country}/{party}" if country and party else None, f"{spec.country} and {spec.party}"
    if value is None:
        return None
    read = read_party(value.strip())
    if read is None:
        raise CellError(f"{where} is {show(value)}, expected country and party as NL/EMO")
    return read


def json_cell(record: dict[str, Any]) -> Cell:
    """The values of a JSON object as cells, by path; a number in a path is a 1-based place in a list."""

    def cell(path: str) -> str | None:
        value: Any = record.get(path) if path in record else _follow(record, path)
        if value is None or value == "":
            return None
        if isinstance(value, str):
            return value.strip() or None
        if isinstance(value, Decimal):
            return str(value)
        if isinstance(value, bool):
            return "true" if value else "false"
        raise CellError(f"{path} is {show(value)}, expected a single value")

    return cell


def _follow(record: Any, path: str) -> Any:
    value = record
    for step in _steps(path):
        if isinstance(value, dict):
            value = value.get(step)
        elif isinstance(value, list) and step.isdigit() and 0 < int(step) <= len(value):
            value = value[int(step) - 1]
        else:
            return None
    return value


@lru_cache(maxsize=1024)
def _steps(path: str) -> list[str]:
    return path.split(".")


def content_sha256(values: Iterable[Any]) -> str:
    """Of typed values: the same for a record that is sent again in another form."""
    return hashlib.sha256(json.dumps([_plain(value) for value in values]).encode()).hexdigest()


def _plain(value: Any) -> Any:
    if isinstance(value, Decimal):
        return format(value.normalize() + 0, "f")
    return value.isoformat() if isinstance(value, datetime | date) else value
