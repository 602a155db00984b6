"""How a feed other than cdrs is read when its columns have other names: master/mappings/<source>.<feed>.yaml.

What does not belong here: the mapping of a CDR feed (mapping), reading any row (feed_values).
"""

import difflib
from typing import Any

from msgspec import field

from orchestration.defs.ingest.declared import Declared, DeclaredError, convert, load_yaml
from orchestration.defs.ingest.feed_fields import DECLARED_FEEDS, Feed, Kind
from orchestration.defs.ingest.mapping import (
    Format,
    Mapping,
    MappingError,
    Number,
    Stamp,
    Text,
    check_stamp,
    currency_problems,
    format_problems,
    read_mapping,
)
from orchestration.defs.ingest.parties import read_party
from orchestration.defs.ingest.zones import is_zone


class Word(Declared, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A column of words. values: what the file writes → the word that is meant."""

    column: str
    values: dict[str, str] = field(default_factory=dict)


class Party(Declared, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A party in one column, as NL/EMO or NL*EMO, or as country and party in two."""

    column: str | None = None
    country: str | None = None
    party: str | None = None


Spec = Text | Number | Stamp | Word | Party


class _Top(Declared, frozen=True, kw_only=True, forbid_unknown_fields=True):
    format: Format = Format()
    columns: dict[str, Any] | None = None
    constants: dict[str, str] = field(default_factory=dict)


class FeedMapping(Declared, frozen=True, kw_only=True):
    """The mapping of one feed. columns: field → where it stands, `a.b` leads into JSON objects."""

    feed: str
    format: Format
    columns: dict[str, Spec] | None
    constants: dict[str, str]

    @property
    def time_zone(self) -> str | None:
        """The zone of stamps without one."""
        return self.constants.get("time_zone")


SPECS: dict[str, Any] = {
    "text": Text, "number": Number, "whole": Number, "instant": Stamp, "date": Stamp, "word": Word, "party": Party,
}  # fmt: skip


def plain_spec(kind: Kind, column: str) -> Spec:
    """How a field of that kind is read from a column that needs no more said about it."""
    spec: Spec = SPECS[kind](column=column)
    return spec


def read_any_mapping(path: str, data: bytes, feed: str) -> "Mapping | FeedMapping":
    """The mapping of any feed. Raises MappingError, a sentence naming file, key and remedy."""
    return read_feed_mapping(path, data, feed) if feed in DECLARED_FEEDS else read_mapping(path, data)


def read_feed_mapping(path: str, data: bytes, feed_name: str) -> FeedMapping:
    """The mapping in a file. Raises MappingError, a sentence naming file, key and remedy."""
    feed = DECLARED_FEEDS[feed_name]
    try:
        top = convert(path, load_yaml(path, data), _Top)
        columns = None if top.columns is None else _columns(path, top.columns, feed)
    except DeclaredError as error:
        raise MappingError(str(error)) from None
    problems = format_problems(top.format)
    zone = top.constants.get("time_zone")
    if zone is not None and not is_zone(zone):
        problems.append(f"constants.time_zone is {zone!r}; write an IANA zone like Europe/Amsterdam.")
    problems += currency_problems(top.constants.get("currency"))
    constants = dict(top.constants)
    for name, given in top.constants.items():
        if name != "time_zone":
            _known(path, f"constants.{name}", name, feed)
        known = feed.field(name)
        if known is not None and known.kind == "party":
            if (party := read_party(given)) is None:
                problems.append(f"constants.{name} is {given!r}; write country and party like NL/EMO.")
            else:
                constants[name] = party
    for name, spec in (columns or {}).items():
        if isinstance(spec, Stamp):
            problems += check_stamp(name, spec)
        elif isinstance(spec, Party) and (spec.column is None) == (spec.country is None or spec.party is None):
            problems.append(f"columns.{name} needs either column, or country and party; keep one of the two.")
    for problem in problems:
        raise MappingError(f"{path}: {problem}")
    return FeedMapping(feed=feed_name, format=top.format, columns=columns, constants=constants)


def _columns(path: str, given: dict[str, Any], feed: Feed) -> dict[str, Spec]:
    columns: dict[str, Spec] = {}
    for name, value in given.items():
        _known(path, f"columns.{name}", name, feed)
        field = feed.field(name)
        assert field is not None
        if isinstance(value, dict):
            try:
                columns[name] = convert(path, value, SPECS[field.kind])
            except DeclaredError as error:
                raise MappingError(str(error).replace(f"{path}: ", f"{path}: columns.{name}.", 1)) from None
        elif isinstance(value, str) and value:
            columns[name] = plain_spec(field.kind, value)
        else:
            raise MappingError(f"{path}: columns.{name} is {value!r}; write the name of a column, or take it out.")
    return columns


def _known(path: str, place: str, name: str, feed: Feed) -> None:
    if feed.field(name) is None:
        known = [field.name for field in feed.fields]
        near = difflib.get_close_matches(name, known, n=1, cutoff=0.6)
        hint = f"did you mean {near[0]}?" if near else f"known here: {', '.join(known)}."
        raise MappingError(f"{path}: {place} is not known; {hint}")
